import { gradients } from './autodiff/gradients.ts';
import { GraphBuilder } from './autodiff/graph-builder.ts';
import type { Tensor } from './autodiff/tensor.ts';
import { flatParameters, parameterCount } from './networks/parameters.ts';
import type { ActorCritic } from './networks/portfolio.ts';

/** The names under which CleanRL logs these, in the order of the `stats` output. */
export const STATS = [
  'losses/policy_loss',
  'losses/value_loss',
  'losses/entropy',
  'losses/old_approx_kl',
  'losses/approx_kl',
  'losses/clipfrac',
] as const;

const HALF_LOG_2PI = 0.5 * Math.log(2 * Math.PI);

export interface LossSettings {
  readonly clipCoef: number;
  readonly entCoef: number;
  readonly vfCoef: number;
}

/** Log density [B] of `action` under independent normals: mean [B, D], logStd [1, D]; masked dimensions add nothing. */
export function gaussianLogProbability(
  g: GraphBuilder,
  mean: Tensor,
  logStd: Tensor,
  action: Tensor,
  mask: Tensor | null,
): Tensor {
  const z = g.div(g.sub(action, mean), g.exp(logStd));
  const terms = g.sub(g.scale(g.square(z), -0.5), g.add(logStd, g.constant([HALF_LOG_2PI])));
  return g.sum(mask ? g.mul(terms, mask) : terms, [1], false);
}

/** Entropy [B] of the same distribution: sum of logStd + (1 + ln 2 pi) / 2 over the dimensions that count. */
export function gaussianEntropy(g: GraphBuilder, logStd: Tensor, like: Tensor, mask: Tensor | null): Tensor {
  const terms = g.add(logStd, g.constant([0.5 + HALF_LOG_2PI]));
  return g.sum(
    mask
      ? g.mul(terms, mask)
      : g.add(
          terms,
          g.constant(new Float32Array(like.dims.reduce<number>((p, d) => p * Number(d), 1)), like.dims as number[]),
        ),
    [1],
    false,
  );
}

export interface LossTerms {
  readonly logProbability: Tensor;
  readonly oldLogProbability: Tensor;
  /** Already normalised over the minibatch. */
  readonly advantage: Tensor;
  readonly value: Tensor;
  readonly target: Tensor;
  readonly entropy: Tensor;
}

/**
 * PPO's clipped loss (Schulman et al. 2017, eq. 7) with squared value error and entropy bonus, all [B]. Sums are divided by
 * `rows`, the size of the minibatch, so that the losses and gradients of its microbatches add up.
 */
export function ppoLoss(
  g: GraphBuilder,
  terms: LossTerms,
  settings: LossSettings,
  rows: number,
): { loss: Tensor; stats: Tensor } {
  const logRatio = g.sub(terms.logProbability, terms.oldLogProbability);
  const ratio = g.exp(logRatio);
  const clipped = g.clip(ratio, 1 - settings.clipCoef, 1 + settings.clipCoef);
  const policyLoss = g.neg(g.min(g.mul(terms.advantage, ratio), g.mul(terms.advantage, clipped)));
  const valueLoss = g.square(g.sub(terms.value, terms.target));
  const loss = g.add(g.sub(policyLoss, g.scale(terms.entropy, settings.entCoef)), g.scale(valueLoss, settings.vfCoef));
  const over = g.sub(ratio, g.constant([1]));
  const stats = [
    policyLoss,
    valueLoss,
    terms.entropy,
    g.neg(logRatio),
    g.sub(over, logRatio),
    g.greater(g.max(over, g.neg(over)), g.constant([settings.clipCoef])),
  ];
  const [batch] = loss.dims;
  const table = g.concat(
    stats.map((stat) => g.reshape(stat, [1, batch])),
    0,
  );
  return { loss: g.scale(g.total(loss), 1 / rows), stats: g.scale(g.sum(table, [1], false), 1 / rows) };
}

/**
 * Gradient graph of one microbatch. Inputs: parameters [P]; observation [b, ...]; batch [b, D + 3] = action, old log-probability,
 * normalised advantage, return. Outputs: gradient [P], stats [6].
 */
export function gradientModel(
  network: ActorCritic,
  settings: LossSettings,
  microbatch: number,
  minibatch: number,
): Uint8Array {
  const g = new GraphBuilder();
  const flat = g.input('parameters', [parameterCount(network)], true);
  const observation = g.input('observation', [microbatch, ...network.observationDims]);
  const batch = g.input('batch', [microbatch, network.actionSize + 3]);
  const { leaves, parameters } = flatParameters(g, flat, network);
  const column = (i: number): Tensor =>
    g.reshape(g.slice(batch, 1, network.actionSize + i, network.actionSize + i + 1), [microbatch]);
  const { mean, logStd, mask, value } = network.forward(g, parameters, observation);
  const terms: LossTerms = {
    logProbability: gaussianLogProbability(g, mean, logStd, g.slice(batch, 1, 0, network.actionSize), mask),
    entropy: gaussianEntropy(g, logStd, mean, mask),
    oldLogProbability: column(0),
    advantage: column(1),
    target: column(2),
    value,
  };
  const { loss, stats } = ppoLoss(g, terms, settings, minibatch);
  const parts = gradients(g, loss, leaves).map((part) =>
    g.reshape(part, [part.dims.reduce<number>((product, dim) => product * Number(dim), 1)]),
  );
  return g.encode('gradient', [g.output('gradient', g.concat(parts, 0)), g.output('stats', stats)]);
}

/**
 * Rollout graph: samples actions and rates them. Inputs: parameters [P]; observation [n, ...]; noise [n, D], standard normal.
 * Output: rollout [n, D + 2] = action (mean + std noise, the mean where masked), its log-probability, the value.
 */
export function rolloutModel(network: ActorCritic, rows: number): Uint8Array {
  const g = new GraphBuilder();
  const flat = g.input('parameters', [parameterCount(network)]);
  const observation = g.input('observation', [rows, ...network.observationDims]);
  const noise = g.input('noise', [rows, network.actionSize]);
  const { mean, logStd, mask, value } = network.forward(g, flatParameters(g, flat, network).parameters, observation);
  const step = g.mul(noise, g.exp(logStd));
  const action = g.add(mean, mask ? g.mul(step, mask) : step);
  const logProbability = gaussianLogProbability(g, mean, logStd, action, mask);
  return g.encode('rollout', [
    g.output('rollout', g.concat([action, g.reshape(logProbability, [rows, 1]), g.reshape(value, [rows, 1])], 1)),
  ]);
}
