import { z } from 'zod';
import { badInput } from '../errors.ts';
import type { CorporateAction } from './bar.ts';
import { emptyTimedBars, type Interval, type TimedBars } from './intraday.ts';
import { SYMBOL } from './parsed-bars.ts';

/*
 * Answers of Alpaca's market data API: GET /v2/stocks/bars and GET /v1/corporate-actions (docs.alpaca.markets). Fields that are not named here are passed over.
 */

export const ALPACA_TIMEFRAMES = {
  '1Min': '1m',
  '5Min': '5m',
  '15Min': '15m',
  '30Min': '30m',
  '1Hour': '1h',
  '1Day': '1d',
} as const satisfies Record<string, Interval>;
export type AlpacaTimeframe = keyof typeof ALPACA_TIMEFRAMES;

const barSchema = z.object({
  t: z.iso.datetime(),
  o: z.number(),
  h: z.number(),
  l: z.number(),
  c: z.number(),
  v: z.number(),
});
const barsSchema = z.object({
  bars: z.record(z.string().regex(SYMBOL), z.array(barSchema)).nullable(),
  next_page_token: z.string().nullable(),
});

/** @throws ProductError VENDOR_FORMAT (bad input), naming file and field. */
export function parseAlpacaBars(
  text: string,
  file: string,
  timeframe: AlpacaTimeframe,
): { bars: TimedBars; nextPageToken: string | null } {
  const page = parseVendorJson(barsSchema, text, file, 'Alpaca');
  const bars = emptyTimedBars(file, ALPACA_TIMEFRAMES[timeframe]);
  for (const [symbol, rows] of Object.entries(page.bars ?? {})) {
    for (const { t, o, h, l, c, v } of rows) {
      bars.symbol.push(symbol);
      bars.time.push(Math.floor(Date.parse(t) / 60_000));
      bars.open.push(o);
      bars.high.push(h);
      bars.low.push(l);
      bars.close.push(c);
      bars.volume.push(v);
    }
  }
  return { bars, nextPageToken: page.next_page_token };
}

const split = z.object({
  symbol: z.string(),
  ex_date: z.iso.date(),
  new_rate: z.number().positive(),
  old_rate: z.number().positive(),
});
const dividend = z.object({ symbol: z.string(), ex_date: z.iso.date(), rate: z.number().nonnegative() });
const actionsSchema = z.object({
  corporate_actions: z.object({
    forward_splits: z.array(split).default([]),
    reverse_splits: z.array(split).default([]),
    cash_dividends: z.array(dividend).default([]),
    stock_dividends: z.array(dividend).default([]),
  }),
  next_page_token: z.string().nullable(),
});

/** The kinds of action that change what a unit is worth; the only ones that are asked for. */
export const ALPACA_ACTION_TYPES = 'forward_split,reverse_split,cash_dividend,stock_dividend';

/** Splits and dividends by ex-date; a stock dividend of rate r is a split of 1 + r. @throws ProductError VENDOR_FORMAT (bad input). */
export function parseAlpacaActions(
  text: string,
  file: string,
): { actions: CorporateAction[]; nextPageToken: string | null } {
  const page = parseVendorJson(actionsSchema, text, file, 'Alpaca');
  const { forward_splits, reverse_splits, cash_dividends, stock_dividends } = page.corporate_actions;
  const actions = [
    ...[...forward_splits, ...reverse_splits].map(({ symbol, ex_date, new_rate, old_rate }) => ({
      symbol,
      date: ex_date,
      dividend: 0,
      split: new_rate / old_rate,
    })),
    ...stock_dividends.map(({ symbol, ex_date, rate }) => ({ symbol, date: ex_date, dividend: 0, split: 1 + rate })),
    ...cash_dividends.map(({ symbol, ex_date, rate }) => ({ symbol, date: ex_date, dividend: rate, split: 1 })),
  ];
  return { actions, nextPageToken: page.next_page_token };
}

/** JSON of a vendor, held to a schema. @throws ProductError VENDOR_FORMAT (bad input). */
export function parseVendorJson<T extends z.ZodType>(
  schema: T,
  text: string,
  file: string,
  vendor: string,
): z.output<T> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw vendorFormat(vendor, file, 'it is not JSON', text.slice(0, 40));
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw vendorFormat(vendor, file, issue.message, issue.path.join('.'));
}

export const vendorFormat = (vendor: string, file: string, problem: string, field: string) =>
  badInput('VENDOR_FORMAT', `An answer of ${vendor} does not have the form that is known`, {
    facts: { file, field, problem },
    remedy:
      'Nothing was written. If it stays so, the vendor has changed its format and the product needs a newer version.',
  });
