import { badInput } from '../errors.ts';
import { isIsoDate } from './days.ts';
import type { QuarantinedRow } from './quarantine.ts';

/** Bars as one file has them, in its order, with the line of each; rows that could not be read are in `rejected`. */
export interface ParsedBars {
  file: string;
  symbol: string[];
  date: string[];
  open: number[];
  high: number[];
  low: number[];
  close: number[];
  /** NaN: the source has no volume. */
  volume: number[];
  /** Present when the file has actions beside its prices. */
  dividend: number[] | null;
  split: number[] | null;
  line: number[];
  rejected: QuarantinedRow[];
}

export const emptyParsedBars = (file: string, hasActions: boolean): ParsedBars => ({
  file,
  symbol: [],
  date: [],
  open: [],
  high: [],
  low: [],
  close: [],
  volume: [],
  dividend: hasActions ? [] : null,
  split: hasActions ? [] : null,
  line: [],
  rejected: [],
});

const TIMESTAMP = /^(\d{4}-\d{2}-\d{2})[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s*(Z|[+-]\d{2}:?\d{2})?$/;

/**
 * Reads the dates of one file. Plain days and timestamps are accepted, but all in one form and one zone: two zones in one file
 * leave open which day a bar belongs to.
 */
export class DateReader {
  readonly #file: string;
  readonly #known = new Map<string, { date: string; zone: string } | null>();
  #first: { zone: string; value: string; line: number } | null = null;

  constructor(file: string) {
    this.#file = file;
  }

  /**
   * The ISO day, or null when the text is no date.
   *
   * @throws ProductError BARS_MIXED_TIME_ZONES (bad input).
   */
  read(text: string, line: number): string | null {
    let parsed = this.#known.get(text);
    if (parsed === undefined) {
      parsed = parseDay(text);
      this.#known.set(text, parsed);
    }
    if (parsed === null) return null;
    this.#first ??= { zone: parsed.zone, value: text, line };
    if (parsed.zone !== this.#first.zone) {
      throw badInput('BARS_MIXED_TIME_ZONES', 'The dates of a file are in different time zones', {
        facts: { file: this.#file, line, field: 'date', value: text, zone: parsed.zone, before: this.#first },
        remedy: "Write every date as the exchange's own day, YYYY-MM-DD.",
      });
    }
    return parsed.date;
  }
}

function parseDay(text: string): { date: string; zone: string } | null {
  if (isIsoDate(text)) return { date: text, zone: 'plain day' };
  const match = TIMESTAMP.exec(text);
  if (!match || !isIsoDate(match[1])) return null;
  const zone = match[2] === undefined ? 'timestamp without zone' : match[2] === 'Z' ? '+00:00' : match[2];
  return { date: match[1], zone: zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone };
}

/** A finite decimal number, or null. Hexadecimal, thousands separators, NaN and Infinity are not numbers here. */
export function decimalOf(text: string): number | null {
  const first = text.charCodeAt(0);
  const plausible = (first >= 48 && first <= 57) || first === 45 || first === 43 || first === 46;
  const second = text.charCodeAt(1) | 32;
  if (!plausible || second === 120 || second === 98 || second === 111) return null; // 0x, 0b, 0o
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}

export const SYMBOL = /^[A-Z0-9][A-Z0-9.-]{0,15}$/;
