import { z } from 'zod';
import { badInput } from '../errors.ts';
import { emptyTimedBars, type Interval, type TimedBars } from './intraday.ts';
import { SYMBOL } from './parsed-bars.ts';

/*
 * Answers of Alpaca's market data API: GET /v2/stocks/bars (docs.alpaca.markets). Fields that are not named here are passed over.
 */

/** Alpaca's bars of an hour begin on the hour: that of 9:00 has trading before the open and half an hour of the session, so no day can be made of them. */
export const ALPACA_TIMEFRAMES = {
  '1Min': '1m',
  '5Min': '5m',
  '15Min': '15m',
  '30Min': '30m',
  '1Day': '1d',
} as const satisfies Record<string, Interval>;
export type AlpacaTimeframe = keyof typeof ALPACA_TIMEFRAMES;

const barSchema = z.object({
  t: z.iso.datetime({ offset: true }),
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
