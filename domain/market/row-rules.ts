import type { PriceColumn } from './bar.ts';
import { type CalendarId, isSession } from './calendar.ts';
import type { Actions, Rows } from './gathered-rows.ts';
import type { QuarantineReason } from './quarantine.ts';

/** What is wrong with a row: the rule, the field it looks at, and what it saw. */
export interface Finding {
  reason: QuarantineReason;
  field: string;
  value: string;
}

type Prices = Pick<Rows, PriceColumn>;

const PRICES = ['open', 'high', 'low', 'close'] as const;
/** Room for prices rounded to six significant digits. */
const RANGE_TOLERANCE = 2e-6;
/** A high or low further than this factor from both open and close is one bad tick: 6 of 1.1 million real bars have it, most of them wrong. */
export const EXTREME_FACTOR = 2;

/** What one row says about itself. */
export function rowFinding(rows: Prices, row: number, actions: Actions | null): Finding | null {
  for (const field of PRICES) {
    if (!(rows[field][row] > 0)) return { reason: 'NOT_POSITIVE', field, value: String(rows[field][row]) };
  }
  const [high, low] = [rows.high[row], rows.low[row]];
  if (high < low) return { reason: 'HIGH_BELOW_LOW', field: 'high', value: `${high} < ${low}` };
  for (const field of ['open', 'close'] as const) {
    const price = rows[field][row];
    if (price > high * (1 + RANGE_TOLERANCE) || price < low * (1 - RANGE_TOLERANCE)) {
      return { reason: 'OUTSIDE_RANGE', field, value: `${price} outside ${low}..${high}` };
    }
  }
  if (rows.volume[row] < 0) return { reason: 'NEGATIVE_VOLUME', field: 'volume', value: String(rows.volume[row]) };
  if (actions && actions.dividend[row] < 0)
    return { reason: 'BAD_ACTION', field: 'dividend', value: String(actions.dividend[row]) };
  if (actions && !(actions.split[row] > 0))
    return { reason: 'BAD_ACTION', field: 'split', value: String(actions.split[row]) };
  if (actions?.unpriced[row])
    return { reason: 'SPINOFF_UNPRICED', field: 'spinoff_symbol', value: String(rows.close[row]) };
  return extremeFinding(rows, row);
}

function extremeFinding(rows: Prices, row: number): Finding | null {
  const [open, high, low, close] = [rows.open[row], rows.high[row], rows.low[row], rows.close[row]];
  if (high > EXTREME_FACTOR * Math.max(open, close))
    return { reason: 'EXTREME_RANGE', field: 'high', value: `${high} above ${open} and ${close}` };
  if (low * EXTREME_FACTOR < Math.min(open, close))
    return { reason: 'EXTREME_RANGE', field: 'low', value: `${low} below ${open} and ${close}` };
  return null;
}

export interface CalendarRules {
  calendar: CalendarId;
  /** Symbol -> first date on which it no longer exists. */
  lifeEnds?: ReadonlyMap<string, string>;
  /** Rows after this day are of the future; absent: nobody said what day it is. */
  today?: string;
}

/** What the calendar says about a row. `dataDates`: the sessions of calendar `data`. */
export function calendarFinding(
  rows: Pick<Rows, 'symbol' | 'date'>,
  row: number,
  rules: CalendarRules,
  dataDates: ReadonlySet<string> | null,
): Finding | null {
  const date = rows.date[row];
  if (rules.today !== undefined && date > rules.today) return { reason: 'FUTURE_DATE', field: 'date', value: date };
  const lifeEnd = rules.lifeEnds?.get(rows.symbol[row]);
  if (lifeEnd !== undefined && date >= lifeEnd) return { reason: 'AFTER_LIFE_END', field: 'date', value: date };
  const session = dataDates ? dataDates.has(date) : isSession(rules.calendar, date);
  return session ? null : { reason: 'NOT_A_SESSION', field: 'date', value: date };
}
