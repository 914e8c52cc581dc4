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
  const same =
    known > tailSessions(spec) &&
    known < panel.dates.length &&
    before.dates[0] === panel.dates[0] &&
    before.dates[known - 1] === panel.dates[known - 1] &&
    equal(before.symbols, panel.symbols) &&
    equal(
      before.columns,
      spec.columns.map(({ name }) => name),
    );
  if (!same) return null;
  const added = addedFeatures(panel, spec, inputs, known);
  return {
    dates: panel.dates,
    symbols: panel.symbols,
    columns: before.columns,
    values: joined(before.values, added.values),
    anchorLogit: joined(before.anchorLogit, added.anchorLogit),
    anchorExposure: joined(before.anchorExposure, added.anchorExposure),
  };
}

/** The tensor of the sessions from `known` on alone; there must be more than `tailSessions` before them. */
export function addedFeatures(
  panel: MarketPanel,
  spec: FeatureSpec,
  inputs: FeatureInputs,
  known: number,
): FeatureTensor {
  const tail = tailSessions(spec);
  return featuresOf(new MarketView(panelBetween(panel, known - tail, panel.dates.length), inputs, tail), spec);
}

/** Sessions before a new one from which its features follow: an asset that was halted where they begin has its first bar within so many, or starts anew. */
const tailSessions = ({ anchor, columns }: FeatureSpec): number =>
  Math.max(anchor.volatilityDays, ...columns.map(({ lookbackDays }) => lookbackDays)) + MAX_HALT_SESSIONS;

const equal = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((x, i) => x === b[i]);

function joined(a: Float32Array, b: Float32Array): Float32Array {
  const all = new Float32Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}
