import type { MarketPanel } from '../market/panel.ts';
import { Anchor } from './anchor.ts';
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

/** Sessions that are laid into the tensor at a time: their rows stay in the processor's nearest memory. */
const LAID_TOGETHER = 64;

/** The tensor of sessions `view.first` to the last. */
export function featuresOf(view: MarketView, spec: FeatureSpec): FeatureTensor {
  const { first, sessions, assets, panel } = view;
  const names = spec.columns.map(({ name }) => name);
  const sources = names.map((name) => sourceOf(view, name));
  const width = names.length;
  const values = new Float32Array((sessions - first) * assets * width);
  const columns = names.map(() => new Float64Array(sessions));
  const rows = new Float32Array(LAID_TOGETHER * width);
  const whole = new Uint8Array(sessions);
  const anchor = new Anchor(view, spec.anchor);
  for (let asset = 0; asset < assets; asset++) {
    names.forEach((name, f) => {
      const made = view.madeColumn(name)?.subarray(asset * sessions, (asset + 1) * sessions);
      if (made) columns[f].set(made);
      else view.write(sources[f] as PerAsset, asset, columns[f]);
    });
    const wrong = lay(columns, first, rows, whole, values, asset * width, assets * width);
    if (wrong) view.refuse(names[wrong.feature], wrong.t, asset, columns[wrong.feature][wrong.t]);
    anchor.add(asset, whole);
  }
  return { dates: panel.dates.slice(first), symbols: panel.symbols, columns: names, values, ...anchor.finish() };
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
 * An asset's columns of sessions `first` on as rows of the tensor, `stride` values apart from `place` on, in the memory of `rows`; 0 into `whole` [T] where a value is
 * unknown, 1 elsewhere. Returns where a value is neither a number nor unknown, if anywhere.
 */
function lay(
  columns: readonly Float64Array[],
  first: number,
  rows: Float32Array,
  whole: Uint8Array,
  values: Float32Array,
  place: number,
  stride: number,
): { feature: number; t: number } | null {
  const width = columns.length;
  whole.fill(1);
  let row = place;
  for (let t = first; t < whole.length; t += LAID_TOGETHER) {
    const end = Math.min(t + LAID_TOGETHER, whole.length);
    for (let feature = 0; feature < width; feature++) {
      const wrong = interleave(columns[feature], t, end, rows, whole, feature, width);
      if (wrong >= 0) return { feature, t: wrong };
    }
    row = copyRows(rows, values, row, end - t, width, stride);
  }
  return null;
}

/** A column's sessions `from` to `end` as every `width`th value of rows. Returns the session of a value that is infinite, or -1. */
function interleave(
  column: Float64Array,
  from: number,
  end: number,
  rows: Float32Array,
  whole: Uint8Array,
  feature: number,
  width: number,
): number {
  let wrong = -1;
  for (let t = from, to = feature; t < end; t++, to += width) {
    const value = column[t];
    rows[to] = value;
    if (value - value === 0) continue;
    whole[t] = 0;
    if (value > 0 || value < 0) wrong = t; // infinite: what is not known is neither
  }
  return wrong;
}

/** Some rows of `width` values, `stride` apart from `row` on. Returns where the next one goes. */
function copyRows(
  rows: Float32Array,
  values: Float32Array,
  row: number,
  count: number,
  width: number,
  stride: number,
): number {
  let to = row;
  for (let i = 0, from = 0; i < count; i++, to += stride)
    for (let at = to, end = to + width; at < end; at++, from++) values[at] = rows[from];
  return to;
}
