import { computeFeatures } from '../features/compute.ts';
import { defaultFeatureSpec } from '../features/default-spec.ts';
import type { FeatureSpec, FeatureTensor } from '../features/spec.ts';
import type { KnownOptimum } from './known-optimum.ts';

export const SIGNAL_COLUMN = 'regimeSignal';

/**
 * The observation of the market with a known optimum: the product's own features, computed from its prices, and the regime's signal as one
 * more column. A learner has to find it among them, in the very space in which it trains for real.
 */
export function knownOptimumTensor(market: Pick<KnownOptimum, 'panel' | 'signal'>): {
  tensor: FeatureTensor;
  spec: FeatureSpec;
} {
  const base = defaultFeatureSpec({ hasVolume: true, embeddings: false });
  const features = computeFeatures(market.panel, base);
  const spec: FeatureSpec = {
    ...base,
    columns: [
      ...base.columns,
      { name: SIGNAL_COLUMN, description: '1 where the asset is on, -1 elsewhere', lookbackDays: 0 },
    ],
  };
  const [rows, width] = [market.signal.length, base.columns.length];
  const values = new Float32Array(rows * (width + 1));
  for (let row = 0; row < rows; row++) {
    values.set(features.values.subarray(row * width, (row + 1) * width), row * (width + 1));
    values[row * (width + 1) + width] = market.signal[row];
  }
  return { tensor: { ...features, columns: [...features.columns, SIGNAL_COLUMN], values }, spec };
}
