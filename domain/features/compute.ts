import type { MarketPanel } from '../market/panel.ts';
import { anchorOf } from './anchor.ts';
import { CATALOGUE } from './catalogue.ts';
import { type Column, type FeatureInputs, MarketView, type PerAsset } from './market-view.ts';
import { unknownFeature } from './select.ts';
import type { FeatureSpec, FeatureTensor } from './spec.ts';

export type { EmbeddingHistory } from './embedding-history.ts';
export type { FeatureInputs } from './market-view.ts';

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
  const sources = names.map((name) => sourceOf(view, name));
  const [width, added] = [names.length, sessions - first];
  const values = new Float32Array(added * assets * width);
  const complete = new Uint8Array(added * assets);
  const own = new Float64Array(sessions);
  const rows = new Float32Array(added * width);
  const whole = new Uint8Array(added);
  for (let asset = 0; asset < assets; asset++) {
    whole.fill(1);
    names.forEach((name, f) => {
      const made = view.madeColumn(name)?.subarray(asset * sessions, (asset + 1) * sessions);
      if (!made) view.write(sources[f] as PerAsset, asset, own);
      const column = (made ?? own).subarray(first);
      const wrong = interleave(column, rows, whole, f, width);
      if (wrong >= 0) view.refuse(name, first + wrong, asset, column[wrong]);
    });
    lay(rows, whole, values, complete, asset, assets, width);
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

/** A feature that looks across assets is computed now, and what it looks at with it; one of single assets when they are laid. */
function sourceOf(view: MarketView, name: string): Column | PerAsset {
  if (!Object.hasOwn(CATALOGUE, name)) throw unknownFeature(name);
  const { needs, compute } = CATALOGUE[name];
  view.require(name, needs);
  const made = view.madeColumn(name);
  if (made) return made;
  const source = compute(view);
  return source instanceof Float64Array ? view.columnOf(name, () => source) : source;
}

/**
 * A column as every `width`th value of an asset's rows, which are `whole` [T] where no value is unknown. Returns the session of a value that is neither a
 * number nor unknown, or -1.
 */
function interleave(
  column: Float64Array,
  rows: Float32Array,
  whole: Uint8Array,
  feature: number,
  width: number,
): number {
  let wrong = -1;
  for (let t = 0, to = feature; t < column.length; t++, to += width) {
    const value = column[t];
    rows[to] = value;
    if (value - value === 0) continue;
    whole[t] = 0;
    if (value > 0 || value < 0) wrong = t; // infinite: what is not known is neither
  }
  return wrong;
}

/** An asset's rows [T, F] into the tensor [T, A, F], and whether they are whole into `complete` [T, A]. */
function lay(
  rows: Float32Array,
  whole: Uint8Array,
  values: Float32Array,
  complete: Uint8Array,
  asset: number,
  assets: number,
  width: number,
): void {
  for (let t = 0, from = 0, row = asset; t < whole.length; t++, row += assets) {
    complete[row] = whole[t];
    for (let to = row * width, end = to + width; to < end; to++, from++) values[to] = rows[from];
  }
}
