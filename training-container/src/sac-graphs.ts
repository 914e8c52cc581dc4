import { gradients } from './autodiff/gradients.ts';
import { GraphBuilder } from './autodiff/graph-builder.ts';
import { sizeOf, type Tensor } from './autodiff/tensor.ts';
import type { SoftActorCritic } from './networks/critic.ts';
import { flatParameters, parameterCount } from './networks/parameters.ts';

const HALF_LOG_2PI = 0.5 * Math.log(2 * Math.PI);

/** log(1 - tanh(u)^2) without cancellation: 2 (log 2 - u - softplus(-2u)). */
export function logTanhSlope(g: GraphBuilder, u: Tensor): Tensor {
  const x = g.scale(u, -2);
  const softplus = g.add(g.relu(x), g.log(g.add(g.exp(g.neg(g.max(x, g.neg(x)))), g.constant([1]))));
  return g.scale(g.sub(g.sub(g.constant([Math.LN2]), u), softplus), 2);
}

/**
 * A sample of the squashed Gaussian policy. noise [B, D] standard normal. action [B, D] = start + bound tanh(u), u = mean + std noise;
 * logProbability [B] of the offset, by the change of variables (Haarnoja et al. 2018, appendix C); masked dimensions stay where they start.
 */
export function sampleAction(
  g: GraphBuilder,
  network: SoftActorCritic,
  parameters: ReturnType<typeof flatParameters>['parameters'],
  observation: Tensor,
  noise: Tensor,
): { action: Tensor; logProbability: Tensor; dimensions: Tensor } {
  const { start, preSquash, logStd, mask } = network.actor.forward(g, parameters, observation);
  const u = g.add(preSquash, g.mul(noise, g.exp(logStd)));
  const action = g.add(start, g.mul(g.scale(g.tanh(u), network.actor.bound), mask));
  const gaussian = g.sub(g.scale(g.square(noise), -0.5), g.add(logStd, g.constant([HALF_LOG_2PI])));
  const terms = g.sub(gaussian, g.add(logTanhSlope(g, u), g.constant([Math.log(network.actor.bound)])));
  return { action, logProbability: g.sum(g.mul(terms, mask), [1], false), dimensions: g.sum(mask, [1], false) };
}

interface Inputs {
  actor: ReturnType<typeof flatParameters>;
  critics: ReturnType<typeof flatParameters>;
  observation: Tensor;
}

function inputs(g: GraphBuilder, network: SoftActorCritic, rows: number, learned: 'actor' | 'critics' | null): Inputs {
  const actor = g.input('actor', [parameterCount(network.actor)], learned === 'actor');
  const critics = g.input('critics', [parameterCount(network.critics)], learned === 'critics');
  return {
    actor: flatParameters(g, actor, network.actor),
    critics: flatParameters(g, critics, network.critics),
    observation: g.input('observation', [rows, ...network.actor.observationDims]),
  };
}

/** actor [P]; observation [n, ...]; noise [n, D] -> action [n, D]. */
export function actionModel(network: SoftActorCritic, rows: number): Uint8Array {
  const g = new GraphBuilder();
  const flat = g.input('actor', [parameterCount(network.actor)]);
  const observation = g.input('observation', [rows, ...network.actor.observationDims]);
  const noise = g.input('noise', [rows, network.actor.actionSize]);
  const { parameters } = flatParameters(g, flat, network.actor);
  return g.encode('action', [g.output('action', sampleAction(g, network, parameters, observation, noise).action)]);
}

/**
 * What a transition is worth: reward + gamma alive (min of the target critics - alpha log probability) at the next observation. Inputs:
 * actor, critics (the targets); observation (the next one) [b, ...]; noise [b, D]; step [b, 2] = reward, alive; alpha [1] -> target [b].
 */
export function targetModel(network: SoftActorCritic, rows: number, gamma: number): Uint8Array {
  const g = new GraphBuilder();
  const { actor, critics, observation } = inputs(g, network, rows, null);
  const noise = g.input('noise', [rows, network.actor.actionSize]);
  const step = g.input('step', [rows, 2]);
  const alpha = g.input('alpha', [1]);
  const { action, logProbability } = sampleAction(g, network, actor.parameters, observation, noise);
  const [first, second] = network.critics.forward(g, critics.parameters, observation, action);
  const column = (i: number): Tensor => g.reshape(g.slice(step, 1, i, i + 1), [rows]);
  return g.encode('target', [
    g.output(
      'target',
      softTarget(g, { reward: column(0), alive: column(1), first, second, logProbability, alpha }, gamma),
    ),
  ]);
}

/** reward + gamma alive (min(q1, q2) - alpha log probability), all [B], alpha [1]. */
export function softTarget(
  g: GraphBuilder,
  terms: { reward: Tensor; alive: Tensor; first: Tensor; second: Tensor; logProbability: Tensor; alpha: Tensor },
  gamma: number,
): Tensor {
  const soft = g.sub(g.min(terms.first, terms.second), g.mul(terms.logProbability, terms.alpha));
  return g.add(terms.reward, g.mul(g.scale(soft, gamma), terms.alive));
}

/** critics; observation; action [b, D]; target [b] -> gradient [P], stats [4] = both critics' losses and mean values. */
export function criticModel(network: SoftActorCritic, rows: number): Uint8Array {
  const g = new GraphBuilder();
  const flat = g.input('critics', [parameterCount(network.critics)], true);
  const observation = g.input('observation', [rows, ...network.actor.observationDims]);
  const action = g.input('action', [rows, network.actor.actionSize]);
  const target = g.input('target', [rows]);
  const { leaves, parameters } = flatParameters(g, flat, network.critics);
  const values = network.critics.forward(g, parameters, observation, action);
  const losses = values.map((value) => g.mean(g.square(g.sub(value, target))));
  const stats = g.concat(
    [...losses, ...values.map((value) => g.mean(value))].map((stat) => g.reshape(stat, [1])),
    0,
  );
  return g.encode('critics', [flatGradient(g, g.add(losses[0], losses[1]), leaves), g.output('stats', stats)]);
}

/** actor, critics; observation; noise; alpha -> gradient [P], stats [3] = actor loss, mean log probability, mean dimensions that count. */
export function actorModel(network: SoftActorCritic, rows: number): Uint8Array {
  const g = new GraphBuilder();
  const { actor, critics, observation } = inputs(g, network, rows, 'actor');
  const noise = g.input('noise', [rows, network.actor.actionSize]);
  const alpha = g.input('alpha', [1]);
  const sample = sampleAction(g, network, actor.parameters, observation, noise);
  const [first, second] = network.critics.forward(g, critics.parameters, observation, sample.action);
  const loss = g.mean(g.sub(g.mul(sample.logProbability, alpha), g.min(first, second)));
  const stats = g.concat(
    [loss, g.mean(sample.logProbability), g.mean(sample.dimensions)].map((stat) => g.reshape(stat, [1])),
    0,
  );
  return g.encode('actor', [flatGradient(g, loss, actor.leaves), g.output('stats', stats)]);
}

function flatGradient(g: GraphBuilder, loss: Tensor, leaves: readonly Tensor[]): Tensor {
  const parts = gradients(g, loss, leaves).map((part) => g.reshape(part, [sizeOf(part.dims)]));
  return g.output('gradient', g.concat(parts, 0));
}
