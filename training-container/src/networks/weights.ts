import type { GraphBuilder } from '../autodiff/graph-builder.ts';
import type { Tensor } from '../autodiff/tensor.ts';

/** Gradient that an exposure beyond full investment still feels, so that it can come back. Its value is cut at 1. */
const EXPOSURE_LEAK = 0.25;

/** What a long/short book needs beside the action: the anchor's logits [.., A]. */
export interface SignedWeights {
  readonly anchor: Tensor;
  readonly maxGross: number;
}

/**
 * `actionToWeights` of the domain as a graph: actions [.., A + 1] and usable assets [.., A] -> weights [.., A] = min(1, e^exposure) x softmax over
 * the usable ones; of a long/short book the anchor's softmax and its tilts, at most `maxGross` in all.
 */
export function anchoredWeights(
  g: GraphBuilder,
  actions: Tensor,
  usable: Tensor,
  signed: SignedWeights | null = null,
): Tensor {
  const last = actions.dims.length - 1;
  const assets = (actions.dims[last] as number) - 1;
  const logits = g.slice(actions, last, 0, assets);
  const x = g.slice(actions, last, assets, assets + 1);
  const beyond = g.relu(x);
  const leak = g.scale(g.sub(beyond, g.stopGradient(beyond)), EXPOSURE_LEAK);
  const exposure = g.add(g.exp(g.min(x, g.constant([0]))), leak);
  const shape = signed ? tilted(g, signed, logits, usable, last) : shares(g, logits, usable, last);
  return g.mul(shape, exposure);
}

/** Softmax over the usable assets. */
function shares(g: GraphBuilder, logits: Tensor, usable: Tensor, axis: number): Tensor {
  const away = g.scale(g.sub(g.constant([1]), usable), -1e9);
  const masked = g.add(g.mul(logits, usable), away);
  const powers = g.mul(g.exp(g.sub(masked, g.stopGradient(g.reduceMax(masked, axis)))), usable);
  return g.div(powers, g.max(g.sum(powers, [axis], true), g.constant([1e-30])));
}

function tilted(
  g: GraphBuilder,
  { anchor, maxGross }: SignedWeights,
  logits: Tensor,
  usable: Tensor,
  axis: number,
): Tensor {
  const tilts = g.mul(g.scale(g.tanh(g.sub(logits, anchor)), maxGross), usable);
  const weights = g.add(shares(g, anchor, usable, axis), tilts);
  const gross = g.sum(g.max(weights, g.neg(weights)), [axis], true);
  return g.div(weights, g.max(g.scale(gross, 1 / maxGross), g.constant([1])));
}
