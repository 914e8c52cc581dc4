import type { MarketDataProvider } from '../../adapters/market-data/port.ts';
import type { UniverseConfig } from '../../config/schema.ts';
import { type BarTable, barOrder, selectBars } from '../../domain/market/bar.ts';
import { END_OF_TIME } from '../../domain/market/days.ts';
import { lastingNames } from '../../domain/market/instrument.ts';
import { symbolNames } from '../../domain/market/symbol-names.ts';
import { membersOf, parseSource, type Source } from '../../functions/ingest/source.ts';
import type { Asset } from './assets.ts';

/**
 * Every asset that the source of a universe has, whatever its life, so that the list of the ledger stays the same from the first
 * day to the last: an asset before its first bar or after its last one merely has weight 0, and one whose symbol changes keeps the
 * name that it had first (`lastingNames`).
 */
export async function universeAssets(provider: MarketDataProvider, universe: UniverseConfig): Promise<Asset[]> {
  const source = await parseSource(universe, await provider.fetch(END_OF_TIME));
  const instruments = source.instruments(firstBars(source, membersOf(universe)), END_OF_TIME);
  const names = lastingNames(instruments);
  return instruments.map(({ symbol, group }) => ({ symbol: names.get(symbol) ?? symbol, group }));
}

/** A bar of every instrument, under its newest symbol: the first one. */
function firstBars({ batches, actions }: Source, listed: ReadonlySet<string> | null): BarTable {
  const names = symbolNames(actions, END_OF_TIME);
  const members = listed && (names?.members(listed) ?? listed);
  const first = new Map<string, { date: string; close: number }>();
  for (const { symbol, date, close } of batches) {
    for (let row = 0; row < symbol.length; row++) {
      const name = names?.nameOf(symbol[row], date[row]) ?? symbol[row];
      if (members?.has(name) === false) continue;
      const known = first.get(name);
      if (!known || date[row] < known.date) first.set(name, { date: date[row], close: close[row] });
    }
  }
  const symbol = [...first.keys()];
  const date = Array.from(first.values(), (bar) => bar.date);
  const close = Float64Array.from(first.values(), (bar) => bar.close);
  const volume = new Float64Array(close.length).fill(Number.NaN);
  return selectBars({ symbol, date, open: close, high: close, low: close, close, volume }, barOrder(symbol, date));
}
