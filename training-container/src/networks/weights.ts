import type { GraphBuilder } from '../autodiff/graph-builder.ts';
import type { Tensor } from '../autodiff/tensor.ts';

/** Gradient that an exposure beyond full investment still feels, so that it can come back. Its value is cut at 1. */
const EXPOSURE_LEAK = 0.25;

/**
 * `actionToWeights` of the domain as a graph: actions [.., A + 1] and usable assets [.., A] -> weights [.., A] = min(1, e^exposure) x softmax over
 * the usable ones.
 */
export function anchoredWeights(g: GraphBuilder, actions: Tensor, usable: Tensor): Tensor {
  const last = actions.dims.length - 1;
  const assets = (actions.dims[last] as number) - 1;
  const logits = g.slice(actions, last, 0, assets);
  const x = g.slice(actions, last, assets, assets + 1);
  const away = g.scale(g.sub(g.constant([1]), usable), -1e9);
  const masked = g.add(g.mul(logits, usable), away);
  const powers = g.mul(g.exp(g.sub(masked, g.stopGradient(g.reduceMax(masked, last)))), usable);
  const total = g.max(g.sum(powers, [last], true), g.constant([1e-30]));
  const beyond = g.relu(x);
  const leak = g.scale(g.sub(beyond, g.stopGradient(beyond)), EXPOSURE_LEAK);
  const exposure = g.add(g.exp(g.min(x, g.constant([0]))), leak);
  return g.mul(g.div(powers, total), exposure);
}
