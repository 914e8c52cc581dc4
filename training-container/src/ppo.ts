import { createRandom, type Random } from '../../domain/simulation/random.ts';
import { Adam, clipGradientNorm } from './adam.ts';
import { Engine, type EngineSettings } from './engine.ts';
import { advantageScale, explainedVariance, generalisedAdvantage } from './gae.ts';
import { type CurvePoint, checkFinite, type Environments, type LearnerOptions, type LearnerResult } from './learner.ts';
import { initialParameters } from './networks/parameters.ts';
import type { ActorCritic } from './networks/portfolio.ts';
import { Tensor } from './onnx-runtime.ts';
import { STATS } from './ppo-graphs.ts';
import { ROW } from './shared-batch.ts';

export interface PpoSettings extends EngineSettings {
  readonly totalSteps: number;
  readonly epochs: number;
  readonly learningRate: number;
  readonly gamma: number;
  readonly gaeLambda: number;
  readonly maxGradNorm: number;
  /** Approximate KL beyond which the epochs of an iteration end early; null: never. */
  readonly targetKl: number | null;
}

/**
 * Proximal policy optimisation (Schulman et al. 2017) with a Gaussian policy, in the form that CleanRL made readable:
 * collect a rollout, estimate advantages, take a few epochs of clipped minibatch updates, repeat.
 */
export async function trainPpo(options: LearnerOptions<ActorCritic, PpoSettings>): Promise<LearnerResult> {
  const { network, environments, settings, seed, resume } = options;
  const engine = await Engine.create(network, settings);
  try {
    const { shared } = engine;
    const start = createRandom(seed);
    const parameters = initialParameters(network, start);
    const random = resume ? createRandom(resume.random) : start;
    if (options.initial) parameters.set(options.initial);
    const adam = new Adam(parameters.length);
    const curve: CurvePoint[] = resume ? [...resume.curve] : [];
    if (resume) {
      parameters.set(resume.arrays.parameters);
      adam.mean.set(resume.arrays.adamMean);
      adam.variance.set(resume.arrays.adamVariance);
      adam.steps = resume.counters.adamSteps;
      environments.restore(resume.environments as never);
    }
    shared.parameters.set(parameters);
    const iterations = Math.ceil(settings.totalSteps / shared.sizes.rows);

    for (let iteration = resume?.iteration ?? 0; iteration < iterations; iteration++) {
      const rollout = await collectRollout(engine, environments, settings, random);
      const learningRate = settings.learningRate * (1 - iteration / iterations);
      const update = await updatePolicy(engine, parameters, adam, settings, learningRate, random);
      const point: CurvePoint = {
        global_step: (iteration + 1) * shared.sizes.rows,
        'charts/learning_rate': learningRate,
        ...rollout,
        ...update,
        ...environments.metrics?.(),
      };
      checkFinite(point);
      curve.push(point);
      const goOn = await options.onIteration?.(
        point,
        () => ({
          iteration: iteration + 1,
          arrays: { parameters: parameters.slice(), adamMean: adam.mean.slice(), adamVariance: adam.variance.slice() },
          counters: { adamSteps: adam.steps },
          random: random.state(),
          environments: environments.state(),
          curve: [...curve],
        }),
        parameters,
      );
      if (goOn === false) break;
    }
    return { parameters, curve };
  } finally {
    await engine.close();
  }
}

/** Step the environments `rolloutDays` times with sampled actions; fills the shared rows and their advantages and returns. */
async function collectRollout(
  engine: Engine,
  environments: Environments,
  settings: PpoSettings,
  random: Random,
): Promise<Record<string, number | null>> {
  const { shared } = engine;
  const { observation: width, action } = shared.sizes;
  const { environments: n, rolloutDays } = settings;
  const rewards = new Float64Array(n * rolloutDays);
  const dones = new Uint8Array(n * rolloutDays);
  const values = new Float64Array(n * rolloutDays);
  const actions = new Float32Array(n * action);
  const observationDims = [n, ...engine.observationDims];
  for (let t = 0; t < rolloutDays; t++) {
    const observation = shared.observations.subarray(t * n * width, (t + 1) * n * width);
    observation.set(environments.observations);
    for (let i = 0; i < engine.noise.length; i++) engine.noise[i] = random.normal();
    await engine.sample(new Tensor('float32', observation, observationDims));
    for (let i = 0; i < n; i++) {
      const sampled = engine.sampled.subarray(i * (action + 2), (i + 1) * (action + 2));
      shared.rows.set(sampled, (t * n + i) * shared.rowWidth);
      actions.set(sampled.subarray(0, action), i * action);
      values[t * n + i] = sampled[action + ROW.value];
    }
    environments.step(actions);
    rewards.set(environments.rewards, t * n);
    await addFinalValues(engine, environments, settings.gamma, rewards.subarray(t * n, (t + 1) * n));
    dones.set(environments.dones, t * n);
  }
  await engine.sample(new Tensor('float32', environments.observations, observationDims));
  const lastValues = Float64Array.from({ length: n }, (_, i) => engine.sampled[i * (action + 2) + action + ROW.value]);
  const { advantages, returns } = generalisedAdvantage(
    { rewards, values, dones, lastValues },
    settings.gamma,
    settings.gaeLambda,
  );
  for (let row = 0; row < advantages.length; row++) {
    shared.rows[row * shared.rowWidth + action + ROW.advantage] = advantages[row];
    shared.rows[row * shared.rowWidth + action + ROW.target] = returns[row];
  }
  return {
    'charts/mean_reward': rewards.reduce((sum, reward) => sum + reward, 0) / rewards.length,
    'losses/explained_variance': explainedVariance(values, returns),
  };
}

/** An episode whose time was up is worth what its last state was still worth (Pardo et al. 2018): gamma V joins the last reward. */
async function addFinalValues(
  engine: Engine,
  { truncated, finalObservations }: Environments,
  gamma: number,
  rewards: Float64Array,
): Promise<void> {
  if (!truncated.includes(1)) return;
  const { action } = engine.shared.sizes;
  await engine.sample(new Tensor('float32', finalObservations, [truncated.length, ...engine.observationDims]));
  for (let i = 0; i < truncated.length; i++)
    if (truncated[i] === 1) rewards[i] += gamma * engine.sampled[i * (action + 2) + action + ROW.value];
}

/** `epochs` passes over the rollout in random minibatches; the last minibatch's losses are reported. */
async function updatePolicy(
  engine: Engine,
  parameters: Float64Array,
  adam: Adam,
  settings: PpoSettings,
  learningRate: number,
  random: Random,
): Promise<Record<string, number>> {
  const { shared } = engine;
  const { rows, minibatch } = shared.sizes;
  const gradient = new Float64Array(parameters.length);
  const stats = new Float64Array(STATS.length);
  let norm = 0;
  let epochs = 0;
  let stop = false;
  while (epochs < settings.epochs && !stop) {
    shuffle(shared.order, random);
    for (let first = 0; first < rows && !stop; first += minibatch) {
      normaliseAdvantages(engine, first);
      await engine.gradient(first, gradient, stats);
      stop = settings.targetKl !== null && stats[STATS.indexOf('losses/approx_kl')] > 1.5 * settings.targetKl;
      if (stop) break;
      norm = clipGradientNorm(gradient, settings.maxGradNorm);
      adam.step(parameters, gradient, learningRate);
      shared.parameters.set(parameters);
    }
    epochs++;
  }
  return {
    ...Object.fromEntries(STATS.map((name, i) => [name, stats[i]])),
    'losses/grad_norm': norm,
    'charts/epochs': epochs,
  };
}

/** The workers apply mean and deviation of one minibatch's advantages while they gather. */
function normaliseAdvantages(engine: Engine, first: number): void {
  const { rows, order, rowWidth, sizes, scale } = engine.shared;
  const at = sizes.action + ROW.advantage;
  const advantages = Float64Array.from({ length: sizes.minibatch }, (_, i) => rows[order[first + i] * rowWidth + at]);
  const { mean, inverse } = advantageScale(advantages);
  scale[0] = mean;
  scale[1] = inverse;
}

/** A fresh permutation of 0 .. n - 1 (Fisher and Yates). */
function shuffle(order: Int32Array, random: Random): void {
  for (let i = 0; i < order.length; i++) order[i] = i;
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    const kept = order[i];
    order[i] = order[j];
    order[j] = kept;
  }
}
