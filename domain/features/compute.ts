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
export const computeFeatures = (
  panel: MarketPanel,
  spec: FeatureSpec,
  inputs: FeatureInputs = {},
  values?: Float32Array,
): FeatureTensor => featuresOf(new MarketView(panel, inputs), spec, values);

/** The tensor of sessions `view.first` to the last; its values into `values`, if there is memory for them. */
export function featuresOf(view: MarketView, spec: FeatureSpec, into?: Float32Array): FeatureTensor {
  const { first, sessions, assets, panel } = view;
  const names = spec.columns.map(({ name }) => name);
  const sources = names.map((name) => sourceOf(view, name));
  const [width, added] = [names.length, sessions - first];
  const values = into ?? new Float32Array(added * assets * width);
  const complete = new Uint8Array(added * assets);
  const own = new Float64Array(sessions);
  const rows = new Float32Array(added * width);
  for (let asset = 0; asset < assets; asset++) {
    names.forEach((name, f) => {
      const made = view.madeColumn(name)?.subarray(asset * sessions, (asset + 1) * sessions);
      if (!made) view.write(sources[f] as PerAsset, asset, own);
      const column = (made ?? own).subarray(first);
      const wrong = interleave(column, rows, f, width);
      if (wrong >= 0) view.refuse(name, first + wrong, asset, column[wrong]);
    });
    lay(rows, values, complete, asset, assets, width);
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
  const source = compute(view);
  return source instanceof Float64Array ? view.columnOf(name, () => source) : source;
}

/** A column as every `width`th value of an asset's rows; the session of a value that is neither a number nor unknown, or -1. */
function interleave(column: Float64Array, rows: Float32Array, feature: number, width: number): number {
  let wrong = -1;
  for (let t = 0, to = feature; t < column.length; t++, to += width) {
    const value = column[t];
    rows[to] = value;
    if (value === Infinity || value === -Infinity) wrong = t;
  }
  return wrong;
}

/** An asset's rows [T, F] into the tensor [T, A, F]; `complete` [T, A] is 1 where all of a row is known. */
function lay(
  rows: Float32Array,
  values: Float32Array,
  complete: Uint8Array,
  asset: number,
  assets: number,
  width: number,
): void {
  for (let from = 0, row = asset; from < rows.length; from += width, row += assets) {
    let sum = 0;
    for (let f = 0, to = row * width; f < width; f++, to++) {
      const value = rows[from + f];
      values[to] = value;
      sum += value;
    }
    // The sum of finite float32 values is finite in float64; with one that is not known it is NaN.
    complete[row] = sum - sum === 0 ? 1 : 0;
  }
}
