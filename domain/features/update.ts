import { type MarketPanel, panelBetween } from '../market/panel.ts';
import { MAX_HALT_SESSIONS } from './asset-series.ts';
import { featuresOf } from './compute.ts';
import { type FeatureInputs, MarketView } from './market-view.ts';
import type { FeatureSpec, FeatureTensor } from './spec.ts';

/**
 * The tensor of a panel from that of its first sessions: only the new sessions are computed, from as much of the panel as they look back on. The result is
 * that of `computeFeatures` to the bit, where `before` is what it gives for the same spec, the same inputs and the panel until then
 * (`historyDigest` says whether it is). null where there is too little before the new sessions, or `before` is of other assets, columns or dates.
 */
export function updateFeatures(
  before: FeatureTensor,
  panel: MarketPanel,
  spec: FeatureSpec,
  inputs: FeatureInputs = {},
): FeatureTensor | null {
  const known = before.dates.length;
  const lookback = Math.max(spec.anchor.volatilityDays, ...spec.columns.map(({ lookbackDays }) => lookbackDays));
  // An asset that was halted where the tail begins shows its first bar so many sessions later, or starts anew.
  const from = known - lookback - MAX_HALT_SESSIONS;
  const same =
    from > 0 &&
    before.dates[0] === panel.dates[0] &&
    before.dates[known - 1] === panel.dates[known - 1] &&
    equal(before.symbols, panel.symbols) &&
    equal(
      before.columns,
      spec.columns.map(({ name }) => name),
    );
  if (!same || panel.dates.length <= known) return null;
  const tail = new MarketView(panelBetween(panel, from, panel.dates.length), inputs, known - from);
  const added = featuresOf(tail, spec);
  return {
    dates: panel.dates,
    symbols: panel.symbols,
    columns: before.columns,
    values: joined(before.values, added.values),
    anchorLogit: joined(before.anchorLogit, added.anchorLogit),
    anchorExposure: joined(before.anchorExposure, added.anchorExposure),
  };
}

const equal = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((x, i) => x === b[i]);

function joined(a: Float32Array, b: Float32Array): Float32Array {
  const all = new Float32Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}
