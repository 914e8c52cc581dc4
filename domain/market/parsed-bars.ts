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
  /** The moment of each bar on the file's own clock, in minutes since 1970, and minutes of that clock from UTC (NaN: not said); null: plain days. */
  written: { time: number[]; offset: number[] } | null;
  rejected: QuarantinedRow[];
}

export const emptyParsedBars = (file: string, hasActions: boolean): ParsedBars => ({
  file,
  ...emptyBarColumns(),
  dividend: hasActions ? [] : null,
  split: hasActions ? [] : null,
  written: null,
  rejected: [],
});

const TIMESTAMP = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}):(\d{2})(?::\d{2}(?:\.\d+)?)?\s*(Z|[+-]\d{2}:?\d{2})?$/;

/** A date as it was written. */
export interface WrittenDate {
  date: string;
  /** Minutes after midnight; NaN: a plain day. */
  minutes: number;
  /** Minutes from UTC; NaN: not said. */
  offset: number;
}

/**
 * Reads the dates of one file. Plain days and timestamps are accepted, but all in one form and one zone (its summer time is the same
 * zone): two zones in one file leave open which day a bar belongs to.
 */
export class DateReader {
  readonly #file: string;
  readonly #known = new Map<string, WrittenDate | null>();
  #first: { written: WrittenDate; value: string; line: number } | null = null;

  constructor(file: string) {
    this.#file = file;
  }

  /**
   * The day and the moment in it, or null when the text is no date.
   *
   * @throws ProductError BARS_MIXED_TIME_ZONES (bad input).
   */
  read(text: string, line: number): WrittenDate | null {
    let written = this.#known.get(text);
    if (written !== undefined) return written;
    written = parseDate(text);
    this.#known.set(text, written);
    if (written === null) return null;
    this.#first ??= { written, value: text, line };
    const first = this.#first;
    if (!isOneZone(first.written, written)) {
      throw badInput('BARS_MIXED_TIME_ZONES', 'The dates of a file are in different time zones', {
        facts: {
          file: this.#file,
          line,
          field: 'date',
          value: text,
          zone: zoneOf(written),
          before: { zone: zoneOf(first.written), value: first.value, line: first.line },
        },
        remedy: "Write every date as the exchange's own day, YYYY-MM-DD.",
      });
    }
    return written;
  }
}

function parseDate(text: string): WrittenDate | null {
  if (isIsoDate(text)) return { date: text, minutes: Number.NaN, offset: Number.NaN };
  const match = TIMESTAMP.exec(text);
  if (!match || !isIsoDate(match[1])) return null;
  const [, date, hours, minutes, zone] = match;
  return {
    date,
    minutes: Number(hours) * 60 + Number(minutes),
    offset: zone === undefined ? Number.NaN : offsetOf(zone),
  };
}

const offsetOf = (zone: string): number =>
  zone === 'Z' ? 0 : Number(`${zone[0]}1`) * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2)));

function zoneOf({ minutes, offset }: WrittenDate): string {
  if (Number.isNaN(minutes)) return 'plain day';
  if (Number.isNaN(offset)) return 'timestamp without zone';
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
}

/** Months of which everyone knows whether clocks show winter time or summer time; 0: the months in which they change. */
const SEASON = [1, 1, 0, 0, 2, 2, 2, 2, 2, 0, 0, 1];

/** Whether two dates can have been read off one clock, be it in winter and in summer time. */
function isOneZone(a: WrittenDate, b: WrittenDate): boolean {
  if (Number.isNaN(a.minutes) !== Number.isNaN(b.minutes)) return false;
  if (Object.is(a.offset, b.offset)) return true;
  const [first, second] = [a, b].map(({ date }) => SEASON[Number(date.slice(5, 7)) - 1]);
  return Math.abs(a.offset - b.offset) === 60 && (first !== second || first === 0);
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
