import { getManifest } from '../../adapters/object-store/port.ts';
import { datasetFacts, loadBars } from '../artifacts/dataset.ts';
import { ApiProblem } from '../middleware/http-problem.ts';
import { parseWith } from './request.ts';
import type { ApiRequest } from './routes.ts';
import { barsQuery, hashPath } from './schemas.ts';
import type { ApiService } from './service.ts';

/**
 * The bars of one symbol that a dataset holds. Prices are published only where the dataset's manifest says that they may be
 * redistributed; everything else that the API and the report show is made from prices, and shows none.
 */
export async function getBars(service: ApiService, { event, parameters }: ApiRequest): Promise<unknown> {
  const { hash } = parseWith(hashPath, parameters, 400, 'HASH');
  const { symbol, from, to } = parseWith(barsQuery, event.queryStringParameters ?? {}, 400, 'QUERY');
  const ref = await service.existing('datasets', hash);
  const { store } = service.ports;
  const facts = datasetFacts(ref, (await getManifest(store, service.strategy, ref)).facts);
  if (!facts.redistribution) {
    throw new ApiProblem(
      403,
      'REDISTRIBUTION',
      `The licence of this dataset does not allow its prices to be redistributed (${facts.licence})`,
      {
        field: 'hash',
        remedy: 'Read the prices from your own copy of the source: drl data checkout <dataset> <folder>.',
      },
    );
  }
  const bars = await loadBars(store, service.strategy, ref, { from, to });
  const rows = [];
  for (let i = 0; i < bars.date.length; i++) {
    if (bars.symbol[i] === symbol && bars.date[i] >= from && bars.date[i] <= to)
      rows.push({ date: bars.date[i], close: bars.close[i] });
  }
  if (rows.length === 0)
    throw new ApiProblem(404, 'NO_BARS', `The dataset has no bar of ${symbol} from ${from} to ${to}`, {
      field: 'symbol',
    });
  return {
    dataset: hash,
    symbol,
    numeraire: facts.numeraire,
    licence: facts.licence,
    sourceLine: facts.sourceLine,
    bars: rows,
  };
}
