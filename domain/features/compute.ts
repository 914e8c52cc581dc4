import { badInput } from '../errors.ts';
import type { MarketPanel } from '../market/panel.ts';
import { anchorOf } from './anchor.ts';
import { CATALOGUE } from './catalogue.ts';
import type { EmbeddingHistory } from './embedding-history.ts';
import { MarketView } from './market-view.ts';
import type { FeatureSpec, FeatureTensor } from './spec.ts';

export type { EmbeddingHistory } from './embedding-history.ts';

/**
 * The causal feature tensor [T, A, F] of a panel. The row of day t rests on bars and embeddings known at the close of t alone:
 * computing on the first n sessions gives the first n sessions of computing on all, bit for bit.
 * Throws `FEATURES_NOT_FINITE` (asset, day, field), `FEATURES_UNKNOWN_COLUMN`, `FEATURES_NEED_EMBEDDINGS`.
 */
export function computeFeatures(
  panel: MarketPanel,
  spec: FeatureSpec,
  embeddings: EmbeddingHistory | null,
): FeatureTensor {
  const view = new MarketView(panel, embeddings);
  const width = spec.columns.length;
  const rows = view.sessions * view.assets;
  const values = new Float32Array(rows * width);
  const complete = new Uint8Array(rows).fill(1);
  spec.columns.forEach(({ name }, f) => {
    const definition = CATALOGUE[name];
    if (!definition) {
      throw badInput('FEATURES_UNKNOWN_COLUMN', 'The feature spec names a feature that does not exist', {
        facts: { column: name, known: Object.keys(CATALOGUE) },
        remedy: 'Use the names of the catalogue.',
      });
    }
    const column = definition.compute(view);
    for (let row = 0; row < rows; row++) {
      const value = column[row];
      values[row * width + f] = value;
      if (Number.isNaN(value)) complete[row] = 0;
      else if (!Number.isFinite(value)) view.refuse(name, Math.floor(row / view.assets), row % view.assets, value);
    }
  });
  const anchor = anchorOf(view, spec.anchor, (t, a) => complete[t * view.assets + a] === 1);
  return {
    dates: panel.dates,
    symbols: panel.symbols,
    columns: spec.columns.map(({ name }) => name),
    values,
    ...anchor,
  };
}
