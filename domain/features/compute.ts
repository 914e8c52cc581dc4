import type { MarketPanel } from '../market/panel.ts';
import { anchorOf } from './anchor.ts';
import { CATALOGUE } from './catalogue.ts';
import { type Column, type FeatureInputs, MarketView } from './market-view.ts';
import { unknownFeature } from './select.ts';
import type { FeatureSpec, FeatureTensor } from './spec.ts';

export type { EmbeddingHistory } from './embedding-history.ts';
export type { FeatureInputs } from './market-view.ts';

/** Columns that are laid into the tensor at once: 16 float32 fill a cache line. */
const BLOCK = 16;
/** Sessions that are laid at once: so many values of a column are read in a row, and their rows stay in the cache. */
const NEAR = 256;

/**
 * The causal feature tensor [T, A, F] of a panel. The row of day t rests on what was known at the close of t alone:
 * computing on the first n sessions gives the first n sessions of computing on all, bit for bit.
 * Throws `FEATURES_NOT_FINITE` (asset, day, field), `FEATURES_UNKNOWN_COLUMN`, `FEATURES_NEED_EMBEDDINGS` (and so on).
 */
export const computeFeatures = (panel: MarketPanel, spec: FeatureSpec, inputs: FeatureInputs = {}): FeatureTensor =>
  featuresOf(new MarketView(panel, inputs), spec);

/** The tensor of sessions `view.first` to the last. */
export function featuresOf(view: MarketView, spec: FeatureSpec): FeatureTensor {
  const { first, sessions, assets, panel } = view;
  const names = spec.columns.map(({ name }) => name);
  const rows = (sessions - first) * assets;
  const values = new Float32Array(rows * names.length);
  const complete = new Uint8Array(rows).fill(1);
  for (let f = 0; f < names.length; f += BLOCK) {
    const block = names.slice(f, f + BLOCK);
    lay(
      view,
      block,
      block.map((name) => columnOf(view, name)),
      { values, complete, offset: f, width: names.length },
    );
  }
  const { anchorLogit, anchorExposure } = anchorOf(
    view,
    spec.anchor,
    (t, a) => complete[(t - first) * assets + a] === 1,
  );
  return {
    dates: panel.dates.slice(first),
    symbols: panel.symbols,
    columns: names,
    values,
    anchorLogit: anchorLogit.slice(first * assets),
    anchorExposure: anchorExposure.slice(first),
  };
}

function columnOf(view: MarketView, name: string): Column {
  if (!Object.hasOwn(CATALOGUE, name)) throw unknownFeature(name);
  const definition = CATALOGUE[name];
  view.require(name, definition.needs);
  return view.remember(name, () => definition.compute(view));
}

interface Place {
  readonly values: Float32Array;
  /** [T, A] 1 where every value so far is known. */
  readonly complete: Uint8Array;
  readonly offset: number;
  readonly width: number;
}

/** Lay columns by asset into rows by session. */
function lay(view: MarketView, names: readonly string[], columns: readonly Column[], place: Place): void {
  const { first, sessions, assets } = view;
  const { values, complete, offset, width } = place;
  const step = assets * width;
  for (let from = first; from < sessions; from += NEAR) {
    const end = Math.min(from + NEAR, sessions);
    for (let a = 0; a < assets; a++) {
      for (let c = 0; c < columns.length; c++) {
        const column = columns[c];
        let row = (from - first) * assets + a;
        let to = row * width + offset + c;
        for (let i = a * sessions + from, stop = a * sessions + end; i < stop; i++, row += assets, to += step) {
          const value = column[i];
          values[to] = value;
          if (value - value === 0) continue;
          complete[row] = 0;
          if (!Number.isNaN(value)) view.refuse(names[c], i - a * sessions, a, value);
        }
      }
    }
  }
}
