import type { MarketDataProvider } from '../../adapters/market-data/port.ts';
import type { UniverseConfig } from '../../config/schema.ts';
import { barOrder, selectBars } from '../../domain/market/bar.ts';
import { membersOf, parseSource } from '../../functions/ingest/source.ts';
import type { Asset } from './assets.ts';

const END_OF_TIME = '9999-12-31';

/**
 * Every asset that the source of a universe has, whatever its life, so that the list of the ledger stays the same from the first
 * day to the last: an asset before its first bar or after its last one merely has weight 0.
 */
export async function universeAssets(provider: MarketDataProvider, universe: UniverseConfig): Promise<Asset[]> {
  const source = await parseSource(universe, await provider.fetch(END_OF_TIME));
  const members = membersOf(universe);
  const firstBars = source.batches.flatMap((batch) => {
    const seen = new Set<string>();
    return batch.symbol.flatMap((symbol, row) => {
      if (seen.has(symbol) || (members && !members.has(symbol))) return [];
      seen.add(symbol);
      return [{ symbol, date: batch.date[row], close: batch.close[row] }];
    });
  });
  const close = Float64Array.from(firstBars, (bar) => bar.close);
  const table = {
    symbol: firstBars.map((bar) => bar.symbol),
    date: firstBars.map((bar) => bar.date),
    ...{ open: close, high: close, low: close, close, volume: new Float64Array(close.length).fill(Number.NaN) },
  };
  const instruments = source.instruments(selectBars(table, barOrder(table.symbol, table.date)), END_OF_TIME);
  return instruments.map(({ symbol, group }) => ({ symbol, group }));
}
