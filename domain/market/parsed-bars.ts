import { badInput } from '../errors.ts';
import type { PriceColumn } from './bar.ts';
import { isIsoDate } from './days.ts';
import type { QuarantinedRow } from './quarantine.ts';

/** Bars as they were read, one row each, with the line of the file; a volume of NaN: the source has none. */
export interface BarColumns extends Record<PriceColumn, number[]> {
  symbol: string[];
  /** ISO days. */
  date: string[];
  line: number[];
}

export const emptyBarColumns = (): BarColumns => ({
  symbol: [],
  date: [],
  open: [],
  high: [],
  low: [],
  close: [],
  volume: [],
  line: [],
});

/** Bars as one file has them, in its order; rows that could not be read are in `rejected`. */
export interface ParsedBars extends BarColumns {
  file: string;
  /** Present, both, when the file has actions beside its prices. */
  dividend: number[] | null;
  split: number[] | null;
  rejected: QuarantinedRow[];
}

export const emptyParsedBars = (file: string, hasActions: boolean): ParsedBars => ({
  file,
  ...emptyBarColumns(),
  dividend: hasActions ? [] : null,
  split: hasActions ? [] : null,
  rejected: [],
});

const TIMESTAMP = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(?::\d{2}(?:\.\d+)?)?\s*(Z|[+-]\d{2}:?\d{2})?$/;

/** A date as it was written. `zone`: hours and minutes from UTC, or in words; `clock`: the time of day, '' where there is none. */
interface WrittenDate {
  date: string;
  zone: string;
  clock: string;
}

/**
 * Reads the dates of one file. Plain days and timestamps are accepted, but all in one form and one zone (its summer time is the same
 * zone): two zones in one file leave open which day a bar belongs to.
 */
export class DateReader {
  readonly #file: string;
  readonly #known = new Map<string, WrittenDate | null>();
  #first: { zone: string; clock: string; value: string; line: number } | null = null;

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
    const { zone, clock } = parsed;
    this.#first ??= { zone, clock, value: text, line };
    const first = this.#first;
    if (zone !== first.zone && !(clock === first.clock && isAnHourApart(zone, first.zone))) {
      const before = { zone: first.zone, value: first.value, line: first.line };
      throw badInput('BARS_MIXED_TIME_ZONES', 'The dates of a file are in different time zones', {
        facts: { file: this.#file, line, field: 'date', value: text, zone, before },
        remedy: "Write every date as the exchange's own day, YYYY-MM-DD.",
      });
    }
    return parsed.date;
  }
}

function parseDay(text: string): WrittenDate | null {
  if (isIsoDate(text)) return { date: text, zone: 'plain day', clock: '' };
  const match = TIMESTAMP.exec(text);
  if (!match || !isIsoDate(match[1])) return null;
  const [, date, clock, given = 'timestamp without zone'] = match;
  const zone = given === 'Z' ? '+00:00' : given.length === 5 ? `${given.slice(0, 3)}:${given.slice(3)}` : given;
  return { date, zone, clock };
}

/** Whether two offsets from UTC may be the winter and the summer time of one place. */
function isAnHourApart(a: string, b: string): boolean {
  const minutes = (zone: string): number =>
    Number(`${zone[0]}1`) * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4)));
  return Math.abs(minutes(a) - minutes(b)) === 60;
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
