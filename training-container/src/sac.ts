import { createRandom, type Random } from '../../domain/simulation/random.ts';
import { Adam } from './adam.ts';
import { sizeOf } from './autodiff/tensor.ts';
import { type CurvePoint, checkFinite, type Environments, type LearnerOptions, type LearnerResult } from './learner.ts';
import { SESSION_OPTIONS } from './microbatch-runner.ts';
import type { SoftActorCritic } from './networks/critic.ts';
import { initialParameters, parameterCount } from './networks/parameters.ts';
import { InferenceSession, Tensor } from './onnx-runtime.ts';
import { Replay, ReplayBatch } from './replay.ts';
import { actionModel, actorModel, criticModel, targetModel } from './sac-graphs.ts';

export interface SacSettings {
  readonly environments: number;
  readonly totalSteps: number;
  readonly learningRate: number;
  readonly qLearningRate: number;
  readonly gamma: number;
  readonly tau: number;
  readonly bufferSize: number;
  readonly batchSize: number;
  readonly learningStarts: number;
  readonly stepsPerUpdate: number;
  readonly targetEntropyPerDimension: number;
  readonly initialAlpha: number;
}

/** Steps of all environments together between two points of the curve, and two places where training may stop. */
export const SAC_STEPS_PER_ITERATION = 64;

/**
 * Soft actor-critic (Haarnoja et al. 2018, "Soft actor-critic algorithms and applications") with a learned temperature, in the form that
 * CleanRL made readable: act, remember, and every `stepsPerUpdate` steps learn from a random batch of what is remembered: both critics
 * towards the soft target, the actor towards the better actions of the worse critic, the temperature towards the entropy wanted.
 * An iteration is `SAC_STEPS_PER_ITERATION` steps of every environment.
 */
export async function trainSac(options: LearnerOptions<SoftActorCritic, SacSettings>): Promise<LearnerResult> {
  const { environments, settings, seed, resume } = options;
  const learner = await SacLearner.create(options.network, settings, createRandom(seed), options.initial ?? null);
  try {
    const random = resume ? createRandom(resume.random) : learner.random;
    const curve: CurvePoint[] = resume ? [...resume.curve] : [];
    if (resume) {
      learner.restore(resume.arrays, resume.counters);
      environments.restore(resume.environments as never);
    }
    const stepsPerIteration = settings.environments * SAC_STEPS_PER_ITERATION;
    const iterations = Math.ceil(settings.totalSteps / stepsPerIteration);
    for (let iteration = resume?.iteration ?? 0; iteration < iterations; iteration++) {
      const decay = 1 - iteration / iterations;
      let reward = 0;
      let stats: Record<string, number | null> = {};
      for (let step = 0; step < SAC_STEPS_PER_ITERATION; step++) {
        reward += await learner.act(environments, random);
        const seen = iteration * stepsPerIteration + (step + 1) * settings.environments;
        const due =
          Math.floor(seen / settings.stepsPerUpdate) -
          Math.floor((seen - settings.environments) / settings.stepsPerUpdate);
        if (seen > settings.learningStarts) for (let k = 0; k < due; k++) stats = await learner.update(random, decay);
      }
      const point: CurvePoint = {
        global_step: (iteration + 1) * stepsPerIteration,
        'charts/learning_rate': settings.learningRate * decay,
        'charts/mean_reward': reward / SAC_STEPS_PER_ITERATION,
        'losses/alpha': learner.alpha,
        ...stats,
        ...environments.metrics?.(),
      };
      checkFinite(point);
      curve.push(point);
      const goOn = await options.onIteration?.(
        point,
        () => ({
          iteration: iteration + 1,
          arrays: learner.arrays(),
          counters: learner.counters(),
          random: random.state(),
          environments: environments.state(),
          curve: [...curve],
        }),
        learner.parameters,
      );
      if (goOn === false) break;
    }
    return { parameters: learner.parameters.slice(), curve };
  } finally {
    await learner.close();
  }
}

/** What soft actor-critic knows: actor, critics and their slow targets, temperature, optimisers, memory. */
class SacLearner {
  readonly random: Random;
  /** Actor, then critics. */
  readonly parameters: Float64Array;
  readonly #actor: Float64Array;
  readonly #critics: Float64Array;
  readonly #targets: Float64Array;
  readonly #logAlpha: Float64Array;
  readonly #adam: { actor: Adam; critics: Adam; alpha: Adam };
  readonly #settings: SacSettings;
  readonly #network: SoftActorCritic;
  readonly #replay: Replay;
  readonly #batch: ReplayBatch;
  readonly #sessions: Record<'action' | 'target' | 'critics' | 'actor', InferenceSession>;

  private constructor(
    network: SoftActorCritic,
    settings: SacSettings,
    random: Random,
    initial: ArrayLike<number> | null,
    sessions: Record<'action' | 'target' | 'critics' | 'actor', InferenceSession>,
  ) {
    const width = sizeOf(network.actor.observationDims);
    const actorSize = parameterCount(network.actor);
    this.random = random;
    this.parameters = new Float64Array(actorSize + parameterCount(network.critics));
    this.#actor = this.parameters.subarray(0, actorSize);
    this.#critics = this.parameters.subarray(actorSize);
    this.#actor.set(initialParameters(network.actor, random));
    this.#critics.set(initialParameters(network.critics, random));
    if (initial) this.parameters.set(Array.from(initial).slice(0, this.parameters.length));
    this.#targets = this.#critics.slice();
    this.#logAlpha = Float64Array.of(Math.log(settings.initialAlpha));
    const adam = (size: number): Adam => new Adam(size, { epsilon: 1e-8 });
    this.#adam = { actor: adam(actorSize), critics: adam(this.#critics.length), alpha: adam(1) };
    this.#settings = settings;
    this.#network = network;
    this.#replay = new Replay(settings.bufferSize, width, network.actor.actionSize);
    this.#batch = new ReplayBatch(settings.batchSize, width, network.actor.actionSize);
    this.#sessions = sessions;
  }

  static async create(
    network: SoftActorCritic,
    settings: SacSettings,
    random: Random,
    initial: ArrayLike<number> | null,
  ): Promise<SacLearner> {
    const session = (model: Uint8Array): Promise<InferenceSession> => InferenceSession.create(model, SESSION_OPTIONS);
    const { batchSize, environments, gamma } = settings;
    return new SacLearner(network, settings, random, initial, {
      action: await session(actionModel(network, environments)),
      target: await session(targetModel(network, batchSize, gamma)),
      critics: await session(criticModel(network, batchSize)),
      actor: await session(actorModel(network, batchSize)),
    });
  }

  get alpha(): number {
    return Math.exp(this.#logAlpha[0]);
  }

  /** One step of every environment with sampled actions, remembered. Returns the mean reward. */
  async act(environments: Environments, random: Random): Promise<number> {
    const { observations, finalObservations, rewards, dones, truncated } = environments;
    const n = rewards.length;
    const width = observations.length / n;
    const before = observations.slice();
    const { action } = await this.#sessions.action.run({
      actor: flat(this.#actor),
      observation: this.#observation(before, n),
      noise: this.#noise(random, n),
    });
    const actions = action.data as Float32Array;
    environments.step(actions);
    const d = this.#network.actor.actionSize;
    let sum = 0;
    for (let i = 0; i < n; i++) {
      const after = dones[i] === 1 ? finalObservations : observations;
      const row = (values: Float32Array): Float32Array => values.subarray(i * width, (i + 1) * width);
      const alive = dones[i] === 1 && truncated[i] === 0 ? 0 : 1;
      this.#replay.add(row(before), actions.subarray(i * d, (i + 1) * d), rewards[i], alive, row(after));
      sum += rewards[i];
    }
    return sum / n;
  }

  /** One update of critics, actor, temperature and targets from one batch. `decay` scales the learning rates. */
  async update(random: Random, decay: number): Promise<Record<string, number>> {
    const { batchSize: b, learningRate, qLearningRate, tau, targetEntropyPerDimension } = this.#settings;
    const { actionSize } = this.#network.actor;
    this.#replay.sample(random, this.#batch);
    const alpha = new Tensor('float32', Float32Array.of(this.alpha), [1]);
    const actor = flat(this.#actor);
    const observation = this.#observation(this.#batch.observation, b);
    const { target } = await this.#sessions.target.run({
      actor,
      critics: flat(this.#targets),
      observation: this.#observation(this.#batch.next, b),
      noise: this.#noise(random, b),
      step: new Tensor('float32', this.#batch.step, [b, 2]),
      alpha,
    });
    const critics = await this.#sessions.critics.run({
      critics: flat(this.#critics),
      observation,
      action: new Tensor('float32', this.#batch.action, [b, actionSize]),
      target,
    });
    this.#adam.critics.step(
      this.#critics,
      Float64Array.from(critics.gradient.data as Float32Array),
      qLearningRate * decay,
    );
    const policy = await this.#sessions.actor.run({
      actor,
      critics: flat(this.#critics),
      observation,
      noise: this.#noise(random, b),
      alpha,
    });
    this.#adam.actor.step(this.#actor, Float64Array.from(policy.gradient.data as Float32Array), learningRate * decay);
    const [actorLoss, logProbability, dimensions] = policy.stats.data as Float32Array;
    const excess = logProbability + targetEntropyPerDimension * dimensions;
    this.#adam.alpha.step(this.#logAlpha, Float64Array.of(temperatureGradient(excess)), qLearningRate * decay);
    followTargets(this.#targets, this.#critics, tau);
    const [first, second, firstValue, secondValue] = critics.stats.data as Float32Array;
    return {
      'losses/qf1_loss': first,
      'losses/qf2_loss': second,
      'losses/qf1_values': firstValue,
      'losses/qf2_values': secondValue,
      'losses/actor_loss': actorLoss,
      'losses/alpha_loss': -this.alpha * excess,
      'charts/entropy': -logProbability,
    };
  }

  arrays(): Record<string, Float64Array | Float32Array> {
    const { actor, critics, alpha } = this.#adam;
    const moments = Object.entries({ actor, critics, alpha }).flatMap(([name, adam]) => [
      [`${name}Mean`, adam.mean.slice()],
      [`${name}Variance`, adam.variance.slice()],
    ]);
    return {
      parameters: this.parameters.slice(),
      targets: this.#targets.slice(),
      logAlpha: this.#logAlpha.slice(),
      ...Object.fromEntries(moments),
      ...this.#replay.arrays(),
    };
  }

  counters(): Record<string, number> {
    const { actor, critics, alpha } = this.#adam;
    return {
      actorSteps: actor.steps,
      criticsSteps: critics.steps,
      alphaSteps: alpha.steps,
      ...this.#replay.counters(),
    };
  }

  restore(arrays: Readonly<Record<string, ArrayLike<number>>>, counters: Readonly<Record<string, number>>): void {
    this.parameters.set(arrays.parameters);
    this.#targets.set(arrays.targets);
    this.#logAlpha.set(arrays.logAlpha);
    for (const [name, adam] of Object.entries(this.#adam)) {
      adam.mean.set(arrays[`${name}Mean`]);
      adam.variance.set(arrays[`${name}Variance`]);
      adam.steps = counters[`${name}Steps`];
    }
    this.#replay.restore(arrays, counters);
  }

  async close(): Promise<void> {
    await Promise.all(Object.values(this.#sessions).map((session) => session.release()));
  }

  #observation(values: Float32Array, rows: number): Tensor {
    return new Tensor('float32', values, [rows, ...this.#network.actor.observationDims]);
  }

  #noise(random: Random, rows: number): Tensor {
    const { actionSize } = this.#network.actor;
    const noise = new Float32Array(rows * actionSize);
    for (let i = 0; i < noise.length; i++) noise[i] = random.normal();
    return new Tensor('float32', noise, [rows, actionSize]);
  }
}

const flat = (values: Float64Array): Tensor => new Tensor('float32', Float32Array.from(values), [values.length]);

/**
 * Gradient with respect to log alpha of -log alpha x E[log probability + target entropy], as stable_baselines3 takes it. `excess` is that
 * expectation: where the policy is less random than wanted it is positive, and the temperature rises.
 */
export const temperatureGradient = (excess: number): number => -excess;

/** targets <- tau x values + (1 - tau) x targets (Polyak averaging). */
export function followTargets(targets: Float64Array, values: ArrayLike<number>, tau: number): void {
  for (let i = 0; i < targets.length; i++) targets[i] = tau * values[i] + (1 - tau) * targets[i];
}
