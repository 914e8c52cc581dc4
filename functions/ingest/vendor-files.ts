import type { RawFile } from '../../adapters/market-data/port.ts';
import type { UniverseConfig } from '../../config/schema.ts';
import { badInput } from '../../domain/errors.ts';
import { type AlpacaTimeframe, parseAlpacaBars } from '../../domain/market/alpaca.ts';
import { parseAlpacaActions } from '../../domain/market/alpaca-actions.ts';
import { parseBisRates, policyRates } from '../../domain/market/bis.ts';
import { END_OF_TIME } from '../../domain/market/days.ts';
import { newYorkTime } from '../../domain/market/exchange-time.ts';
import { fredValues, parseFredPage } from '../../domain/market/fred.ts';
import { datedBars, rollUp, type TimedBars } from '../../domain/market/intraday.ts';
import type { ParsedBars } from '../../domain/market/parsed-bars.ts';
import { joinTables, type PointInTimeTable } from '../../domain/market/point-in-time.ts';
import { providersOf, type SingleProvider } from '../../domain/market/provider-config.ts';
import { parseCompanyFacts, quarterlyFacts } from '../../domain/market/sec-facts.ts';
import { symbolNames } from '../../domain/market/symbol-names.ts';
import { decodeText } from './decode.ts';

/** Files of the vendors that answer in a format of their own, by the names that their providers give them. */
const VENDOR_FILE =
  /^(alpaca-(bars-(?<timeframe>\w+)|actions)|sec-facts-(?<symbol>[A-Z0-9.-]+)|fred-(?<series>[A-Z0-9_]+)|bis-policy-rates)(-\d+)?\.(json|csv)$/;

export const isVendorFile = ({ name }: RawFile): boolean => VENDOR_FILE.test(name);

const text = ({ bytes, name }: RawFile): string => decodeText(bytes, name);
const named = (files: readonly RawFile[], prefix: string): RawFile[] =>
  files.filter(({ name }) => name.startsWith(prefix));

/**
 * Bars, actions and ends of lives of Alpaca: days as they came, or made of intraday bars, which are then kept too. Alpaca labels a whole history with the
 * newest symbol; here each bar has the one of its day.
 */
export function alpacaBars(files: readonly RawFile[], { calendar }: Pick<UniverseConfig, 'calendar'>) {
  const seen = new Set<string>();
  const pages = named(files, 'alpaca-actions').map((file) => parseAlpacaActions(text(file), file.name, seen));
  const actions = pages.flatMap((page) => page.actions);
  const events = pages.flatMap((page) => page.events);
  const names = symbolNames(actions, END_OF_TIME);
  const intraday: TimedBars[] = [];
  const batches: ParsedBars[] = [];
  for (const file of named(files, 'alpaca-bars-')) {
    const timeframe = VENDOR_FILE.exec(file.name)?.groups?.timeframe as AlpacaTimeframe;
    const { bars } = parseAlpacaBars(text(file), file.name, timeframe);
    if (names) bars.symbol = bars.symbol.map((name, row) => names.nameOn(name, newYorkTime(bars.time[row]).date));
    if (bars.interval === '1d') batches.push(datedBars(bars));
    else intraday.push(bars);
  }
  // A day may lie on two pages: all bars are rolled up together.
  if (intraday.length > 0) batches.push(rollUp(intraday.reduce(appended), calendar));
  return { batches, intraday: intraday[0] ?? null, actions, events };
}

/** Adds the rows of `next` to `all`. @throws ProductError INTRADAY_INTERVAL (bad input) for bars of another interval. */
export function appended(all: TimedBars, next: TimedBars): TimedBars {
  if (next.interval !== all.interval) {
    throw badInput('INTRADAY_INTERVAL', 'Two files have bars of different intervals', {
      facts: { file: next.file, field: 'date', value: next.interval, other: all.file, before: all.interval },
      remedy: 'Keep one interval in the folder: the others are made of it.',
    });
  }
  for (const value of next.offset ?? []) all.offset?.push(value);
  for (const name of ['time', 'open', 'high', 'low', 'close', 'volume'] as const)
    for (const value of next[name]) all[name].push(value);
  for (const symbol of next.symbol) all.symbol.push(symbol);
  return all;
}

/** What the vendors say of companies and economies, all that is in the files. */
export function vendorValues(files: readonly RawFile[], { provider }: Pick<UniverseConfig, 'provider'>) {
  const figures: PointInTimeTable[] = [];
  const series: PointInTimeTable[] = [];
  for (const one of providersOf(provider)) {
    if (one.kind === 'sec') figures.push(...secValues(files, one.lagDays));
    if (one.kind === 'fred') series.push(...fredTables(files, one));
    if (one.kind === 'bis')
      series.push(
        ...named(files, 'bis-').map((file) => policyRates(parseBisRates(text(file), file.name), one.lagDays)),
      );
  }
  return { fundamentals: joinTables(figures), macro: joinTables(series) };
}

const secValues = (files: readonly RawFile[], lagDays: number): PointInTimeTable[] =>
  named(files, 'sec-facts-').map((file) =>
    quarterlyFacts(
      parseCompanyFacts(text(file), file.name),
      VENDOR_FILE.exec(file.name)?.groups?.symbol ?? '',
      lagDays,
    ),
  );

const fredTables = (
  files: readonly RawFile[],
  { series }: Extract<SingleProvider, { kind: 'fred' }>,
): PointInTimeTable[] =>
  series.map((one) => {
    const pages = files.filter(({ name }) => VENDOR_FILE.exec(name)?.groups?.series === one.id);
    return fredValues(
      pages.map((file) => parseFredPage(text(file), file.name)),
      one,
    );
  });
