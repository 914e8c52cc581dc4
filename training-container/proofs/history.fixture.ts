import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { computeFeatures } from '../../domain/features/compute.ts';
import { defaultFeatureSpec } from '../../domain/features/default-spec.ts';
import type { FeatureTensor } from '../../domain/features/spec.ts';
import { buildPanel } from '../../domain/market/build-panel.ts';
import { currencyInstruments, parseCurrencyReference } from '../../domain/market/currencies.ts';
import { ecbToBars, parseEcbCsv } from '../../domain/market/ecb.ts';
import type { MarketPanel } from '../../domain/market/panel.ts';
import { checkBars } from '../../domain/market/quality.ts';

const read = (path: string): Buffer => readFileSync(new URL(`../../${path}`, import.meta.url));

/** The bundled real market, fifteen currencies since 1999, with the product's own features. */
export function bundledHistory(): { panel: MarketPanel; tensor: FeatureTensor } {
  const { members, numeraire } = JSON.parse(read('config/universes/fx-ecb.json').toString()) as {
    members: string[];
    numeraire: string;
  };
  const wanted = new Set(members);
  const rates = parseEcbCsv(gunzipSync(read('data/ecb_fx_reference_rates.csv.gz')).toString(), 'reference rates');
  const { bars } = checkBars([ecbToBars(rates, numeraire, wanted)], {
    calendar: 'TARGET',
    asOf: '2026-10-30',
    members: wanted,
  });
  const asOf = bars.date.at(-1) as string;
  const reference = parseCurrencyReference(read('data/fx_currencies.csv').toString(), 'currencies');
  const panel = buildPanel(bars, currencyInstruments(bars, reference, asOf), asOf);
  return { panel, tensor: computeFeatures(panel, defaultFeatureSpec({ hasVolume: false, embeddings: false })) };
}

/** One more column to see. `values` [T, A]. */
export function withColumn(tensor: FeatureTensor, name: string, column: ArrayLike<number>): FeatureTensor {
  const width = tensor.columns.length;
  const rows = tensor.dates.length * tensor.symbols.length;
  const values = new Float32Array(rows * (width + 1));
  for (let row = 0; row < rows; row++) {
    values.set(tensor.values.subarray(row * width, (row + 1) * width), row * (width + 1));
    values[row * (width + 1) + width] = column[row];
  }
  return { ...tensor, columns: [...tensor.columns, name], values };
}
