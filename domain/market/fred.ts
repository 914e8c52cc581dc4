import { z } from 'zod';
import { parseVendorJson, vendorFormat } from './alpaca.ts';
import { dayNumber, dayOfIso, isoOfDay } from './days.ts';
import { decimalOf } from './parsed-bars.ts';
import { type PointInTimeTable, pointInTimeTable } from './point-in-time.ts';

/*
 * Observations of FRED and ALFRED: GET /fred/series/observations?file_type=json. `date` is the first day of the period, `value` a text, "." where there is none;
 * `realtime_start` is the first day on which the value was the newest one, when all vintages are asked for.
 */

export const FRED_FREQUENCIES = ['daily', 'weekly', 'monthly', 'quarterly'] as const;
export type FredFrequency = (typeof FRED_FREQUENCIES)[number];

export interface FredSeries {
  id: string;
  frequency: FredFrequency;
  /** `vintages`: knownDate is the day on which each value was published, revisions are rows of their own. A number: days from the end of the period. */
  known: 'vintages' | number;
}

/**
 * Days from the end of a period to its release where nothing else is said, on the late side: H.15 rates appear a day later, jobless claims on the
 * fifth day, the CPI in the middle of the next month, personal income at its end, GDP a month after the quarter.
 */
export const RELEASE_LAG_DAYS: Readonly<Record<FredFrequency, number>> = {
  daily: 1,
  weekly: 6,
  monthly: 31,
  quarterly: 31,
};

const pageSchema = z.object({
  count: z.number().int().nonnegative(),
  offset: z.number().int().nonnegative(),
  limit: z.number().int().positive(),
  observations: z.array(
    z.object({ realtime_start: z.iso.date(), realtime_end: z.iso.date(), date: z.iso.date(), value: z.string() }),
  ),
});

export type FredPage = z.output<typeof pageSchema>;

/** How FRED writes a value that there is none of. */
const NO_VALUE = '.';

/** @throws ProductError VENDOR_FORMAT (bad input), naming file and field: also for a page with fewer observations than it states. */
export function parseFredPage(text: string, file: string): FredPage {
  const page = parseVendorJson(pageSchema, text, file, 'FRED');
  const { count, offset, limit, observations } = page;
  const expected = Math.max(0, Math.min(limit, count - offset));
  if (observations.length !== expected)
    throw vendorFormat('FRED', file, `${observations.length} observations where it states ${expected}`, 'observations');
  const odd = observations.findIndex(({ value }) => value.trim() !== NO_VALUE && decimalOf(value.trim()) === null);
  if (odd !== -1)
    throw vendorFormat('FRED', file, `${observations[odd].value} is no number`, `observations.${odd}.value`);
  return page;
}

const vintagePageSchema = z.object({ count: z.number().int().nonnegative(), vintage_dates: z.array(z.iso.date()) });

/** The days on which a series was published: GET /fred/series/vintagedates. @throws ProductError VENDOR_FORMAT (bad input). */
export const parseVintagePage = (text: string, file: string): z.output<typeof vintagePageSchema> =>
  parseVendorJson(vintagePageSchema, text, file, 'FRED');

/** The last day of the period that begins on a day. Weekly series are dated by their last day already. */
export function periodEnd(date: string, frequency: FredFrequency): string {
  if (frequency === 'daily' || frequency === 'weekly') return date;
  const months = frequency === 'monthly' ? 1 : 3;
  const month = Number(date.slice(5, 7)) + months;
  const year = Number(date.slice(0, 4));
  return isoOfDay((month > 12 ? dayNumber(year + 1, month - 12, 1) : dayNumber(year, month, 1)) - 1);
}

/**
 * Values of one series from its pages. A value that is known before its period has ended (a forecast) speaks of the day on which it was known.
 *
 * @throws ProductError VENDOR_FORMAT (bad input): two values of one period, published on one day.
 */
export function fredValues(pages: readonly FredPage[], { id, frequency, known }: FredSeries): PointInTimeTable {
  const stated = new Map<string, string>();
  for (const { realtime_start, date, value } of pages.flatMap(({ observations }) => observations)) {
    const before = stated.get(`${date} ${realtime_start}`) ?? value;
    if (before !== value) throw vendorFormat('FRED', id, `${date} is ${before} and ${value}`, 'observations');
    stated.set(`${date} ${realtime_start}`, value);
  }
  const observations = pages.flatMap((page) => page.observations);
  const rows = (known === 'vintages' ? news(observations) : observations).flatMap(({ realtime_start, date, value }) => {
    const number = decimalOf(value.trim());
    if (number === null) return [];
    const end = periodEnd(date, frequency);
    const knownDate = known === 'vintages' ? realtime_start : isoOfDay(dayOfIso(end) + known);
    return [{ eventDate: [end, knownDate].sort()[0], knownDate, value: number }];
  });
  return pointInTimeTable({
    series: rows.map(() => id),
    symbol: rows.map(() => ''),
    eventDate: rows.map(({ eventDate }) => eventDate),
    knownDate: rows.map(({ knownDate }) => knownDate),
    value: Float64Array.from(rows, ({ value }) => value),
  });
}

/** Vintages that say something new: where the history was asked for in pieces, each begins with all values that were in force already. */
function news(observations: FredPage['observations']): FredPage['observations'] {
  const inOrder = [...observations].sort((a, b) =>
    a.realtime_start < b.realtime_start ? -1 : a.realtime_start > b.realtime_start ? 1 : 0,
  );
  const last = new Map<string, string>();
  return inOrder.filter(({ date, value }) => {
    const isNew = last.get(date) !== value;
    last.set(date, value);
    return isNew;
  });
}
