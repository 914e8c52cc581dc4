import type { MarketDataProvider } from '../../adapters/market-data/port.ts';
import type { UniverseConfig } from '../../config/schema.ts';
import { badInput } from '../../domain/errors.ts';
import { parseSource } from '../../functions/ingest/source.ts';

/** The newest session that the provider has a bar for. */
export async function newestDate(provider: MarketDataProvider, universe: UniverseConfig): Promise<string> {
  const source = await parseSource(universe, await provider.fetch('9999-12-31'));
  let newest = '';
  for (const batch of source.batches) for (const date of batch.date) if (date > newest) newest = date;
  if (newest === '')
    throw badInput('DATA_EMPTY', 'The universe has no bar', {
      facts: { universe: universe.id },
      remedy: 'Import bars, or name another universe.',
    });
  return newest;
}
