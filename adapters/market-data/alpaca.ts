import { parseAlpacaBars } from '../../domain/market/alpaca.ts';
import { ALPACA_ACTION_TYPES, parseAlpacaActions } from '../../domain/market/alpaca-actions.ts';
import type { CorporateAction } from '../../domain/market/bar.ts';
import { dayOfIso, END_OF_TIME, isoOfDay } from '../../domain/market/days.ts';
import { isoOfMinutes, newYorkTime, sessionHours, utcOfNewYork } from '../../domain/market/exchange-time.ts';
import type { TimedBars } from '../../domain/market/intraday.ts';
import type { SingleProvider } from '../../domain/market/provider-config.ts';
import { symbolNames } from '../../domain/market/symbol-names.ts';
import { systemClock } from './http-client.ts';
import { feedDates } from './http-errors.ts';
import { createPager, type FetchOptions, type Pager } from './paged.ts';
import type { MarketDataProvider, RawFile } from './port.ts';

export type AlpacaOptions = Omit<Extract<SingleProvider, { kind: 'alpaca' }>, 'kind' | 'timeoutMs' | 'minIntervalMs'> &
  FetchOptions & { keyId: string; secretKey: string };

const SYMBOLS_PER_REQUEST = 100;
const [BARS_PER_PAGE, ACTIONS_PER_PAGE] = [10_000, 1_000];
/** The filter on actions is by the day on which they are processed, for a dividend the day of payment: weeks after the ex-date. */
const PROCESSED_WITHIN_DAYS = 60;
/** A bar is whole when the exchange has been shut for this long. */
const SETTLING_MINUTES = 15;

/**
 * Alpaca's market data: raw bars (`/v2/stocks/bars`) and corporate actions (`/v1/corporate-actions`), page by page. Only sessions that have closed are asked
 * for: the bar of one that is under way would be taken for its day. Alpaca gives a whole history under the newest symbol alone, so what changed its symbol
 * is asked for by that one, and its actions under every symbol that it had.
 *
 * @throws ProductError what the HTTP client throws; VENDOR_FORMAT; FEED_DATES for a bar that was not asked for, or one of which nobody can say to what day it
 * belongs; SYMBOL_CHANGE_CONFLICT.
 */
export function createAlpacaProvider(options: AlpacaOptions): MarketDataProvider {
  const { keyId, secretKey, clock = systemClock } = options;
  const pager = createPager('alpaca', 'json', options, {
    headers: { 'APCA-API-KEY-ID': keyId, 'APCA-API-SECRET-KEY': secretKey, accept: 'application/json' },
    secrets: [keyId, secretKey],
  });
  return {
    async fetch(date) {
      const closed = lastClosedDay(Math.floor(clock.now() / 60_000));
      const [end] = [date, closed].sort();
      if (end < options.start) return [];
      const [bars, actions]: RawFile[][] = [[], []];
      const { every, newest } = await symbolChanges(pager, options, actions);
      for (const symbols of portions(newest)) await barPages(pager, options, symbols, end, bars);
      for (const symbols of portions(every)) await actionPages(pager, options, symbols, end, actions);
      return [...bars, ...actions];
    },
  };
}

function portions(symbols: readonly string[]): string[] {
  const some: string[] = [];
  for (let at = 0; at < symbols.length; at += SYMBOLS_PER_REQUEST)
    some.push(symbols.slice(at, at + SYMBOLS_PER_REQUEST).join(','));
  return some;
}

/** What is asked for, under every symbol that it had or has, and by its newest one. Changes are asked for up to today, whatever day is fetched: so bars are labelled. */
async function symbolChanges(pager: Pager, options: AlpacaOptions, files: RawFile[]) {
  const every = new Set(options.symbols);
  const changes: CorporateAction[] = [];
  for (let ask = [...every]; ask.length > 0; ) {
    for (const symbols of portions(ask)) {
      const url = urlOf(options.baseUrl, '/v1/corporate-actions', {
        symbols,
        types: 'name_change',
        start: options.start,
        limit: String(ACTIONS_PER_PAGE),
        sort: 'asc',
      });
      const check = (text: string, name: string): string | null => {
        const { actions, nextPageToken } = parseAlpacaActions(text, name);
        for (const each of actions) if (each.newSymbol !== undefined) changes.push(each);
        return nextPageToken;
      };
      await allPages(pager, url, 'alpaca-actions', check, files);
    }
    ask = changes.flatMap(({ symbol, newSymbol }) => [symbol, newSymbol ?? symbol]).filter((one) => !every.has(one));
    for (const one of ask) every.add(one);
  }
  const names = symbolNames(changes, END_OF_TIME);
  // A symbol that was given up and taken again is that of who has it now.
  const newestOf = (one: string): string => names?.nameOf(one, names.former(one).at(-1)?.until ?? '') ?? one;
  return { every: [...every], newest: [...new Set(options.symbols.map(newestOf))] };
}

async function barPages(pager: Pager, options: AlpacaOptions, symbols: string, end: string, files: RawFile[]) {
  const { start, timeframe, feed } = options;
  // From midnight in New York: by UTC the evening before it would come along.
  const from = isoOfMinutes(utcOfNewYork(dayOfIso(start) * 1440)).replace('Z', ':00Z');
  const query = { symbols, timeframe, start: from, end: `${end}T23:59:59Z`, adjustment: 'raw', feed };
  const check = (text: string, name: string): string | null => {
    const { bars, nextPageToken } = parseAlpacaBars(text, name, timeframe);
    requireAsked(bars, symbols, start, end);
    return nextPageToken;
  };
  const url = urlOf(options.baseUrl, '/v2/stocks/bars', { ...query, limit: String(BARS_PER_PAGE), sort: 'asc' });
  await allPages(pager, url, `alpaca-bars-${timeframe}`, check, files);
}

async function actionPages(pager: Pager, options: AlpacaOptions, symbols: string, end: string, files: RawFile[]) {
  const until = isoOfDay(dayOfIso(end) + PROCESSED_WITHIN_DAYS);
  const query = { symbols, types: ALPACA_ACTION_TYPES, start: options.start, end: until };
  const url = urlOf(options.baseUrl, '/v1/corporate-actions', {
    ...query,
    limit: String(ACTIONS_PER_PAGE),
    sort: 'asc',
  });
  await allPages(pager, url, 'alpaca-actions', (text, name) => parseAlpacaActions(text, name).nextPageToken, files);
}

async function allPages(
  pager: Pager,
  url: string,
  prefix: string,
  check: (text: string, name: string) => string | null,
  files: RawFile[],
): Promise<void> {
  const seen = new Set<string>();
  // Within the check, so that such a page is not kept: the next fetch would be led in the same circle.
  const once = (text: string, name: string): string | null => {
    const next = check(text, name);
    if (next !== null && seen.has(next)) throw feedDates({ file: name }, 'a page leads back to an earlier one');
    if (next !== null) seen.add(next);
    return next;
  };
  for (let next: string | null = ''; next !== null; ) {
    const at: string = next === '' ? url : `${url}&page_token=${encodeURIComponent(next)}`;
    const { file, parsed } = await pager.page(at, `${prefix}-${String(files.length + 1).padStart(4, '0')}.json`, once);
    files.push(file);
    next = parsed;
  }
}

function requireAsked({ symbol, time, interval }: TimedBars, symbols: string, start: string, end: string): void {
  const asked = new Set(symbols.split(','));
  for (let row = 0; row < symbol.length; row++) {
    const { date } = newYorkTime(time[row]);
    const at = isoOfMinutes(time[row]);
    const fail = (problem: string) =>
      feedDates({ symbol: symbol[row], time: at, asked: `${symbols}, ${start} to ${end}` }, problem);
    if (!asked.has(symbol[row])) throw fail(`a bar of ${symbol[row]}, which was not asked for`);
    if (date < start || date > end) throw fail(`a bar of ${date} where none was asked for`);
    // Midnight by UTC is the evening before in New York: the bar would be known a day before it was.
    if (interval === '1d' && !at.startsWith(date))
      throw fail(`a daily bar begins on ${date} in New York and on ${at.slice(0, 10)} by UTC`);
  }
}

/** The newest day whose session is over at a moment, by New York's clock. */
export function lastClosedDay(utcMinutes: number): string {
  const { date, minutes } = newYorkTime(utcMinutes);
  return minutes >= sessionHours('XNYS', date).close + SETTLING_MINUTES ? date : isoOfDay(dayOfIso(date) - 1);
}

const urlOf = (base: string, path: string, query: Record<string, string>): string =>
  `${base.replace(/\/$/, '')}${path}?${new URLSearchParams(query)}`;
