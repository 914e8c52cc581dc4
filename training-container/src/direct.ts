import { ProductError } from '../../domain/errors.ts';
import { createRandom } from '../../domain/simulation/random.ts';
import { Adam, clipGradientNorm } from './adam.ts';
import { gradients } from './autodiff/gradients.ts';
import { GraphBuilder } from './autodiff/graph-builder.ts';
import { sizeOf, type Tensor } from './autodiff/tensor.ts';
import {
  type CurvePoint,
  checkFinite,
  type DifferentiableReward,
  type Environments,
  type LearnerOptions,
  type LearnerResult,
} from './learner.ts';
import { SESSION_OPTIONS } from './microbatch-runner.ts';
import { flatParameters, initialParameters, parameterCount } from './networks/parameters.ts';
import type { Actor } from './networks/portfolio.ts';
import { InferenceSession, Tensor as OrtTensor } from './onnx-runtime.ts';

export interface DirectSettings {
  readonly environments: number;
  readonly totalSteps: number;
  readonly segmentDays: number;
  readonly epochs: number;
  readonly learningRate: number;
  readonly maxGradNorm: number;
  /**
   * Penalty on the square of the policy's offset from the anchor, in the reward's scale. Without it a softmax soon holds one asset alone,
   * and what it does not hold sends no gradient any more.
   */
  readonly lambdaOffset: number;
}

/** Rows of one pass through the gradient graph, at most: its activations stay in the second-level cache. */
const MICROBATCH = 128;

/**
 * Direct gradients of the return (Moody and Saffell 2001, "Learning to trade via direct reinforcement"; Jiang, Xu and Liang 2017, the
 * deterministic policy gradient of a portfolio). A portfolio too small to move the market knows how its reward follows from its weights, so no
 * critic and no exploration are needed: walk a segment of days with the policy's mean action, differentiate the rewards that were
 * paid, follow the gradient, repeat. Every day is seen with the portfolio that the policy had come to hold on it.
 */
export async function trainDirect(options: LearnerOptions<Actor, DirectSettings>): Promise<LearnerResult> {
  const { network, environments, settings, seed, resume } = options;
  const start = createRandom(seed);
  const parameters = initialParameters(network, start);
  if (options.initial) parameters.set(Array.from(options.initial).slice(0, parameters.length));
  const random = resume ? createRandom(resume.random) : start;
  const adam = new Adam(parameters.length);
  const curve: CurvePoint[] = resume ? [...resume.curve] : [];
  if (resume) {
    parameters.set(resume.arrays.parameters);
    adam.mean.set(resume.arrays.adamMean);
    adam.variance.set(resume.arrays.adamVariance);
    adam.steps = resume.counters.adamSteps;
    environments.restore(resume.environments as never);
  }
  const segments = await Segments.create(network, environments, settings);
  try {
    const stepsPerIteration = settings.environments * settings.segmentDays;
    const iterations = Math.ceil(settings.totalSteps / stepsPerIteration);
    const gradient = new Float64Array(parameters.length);
    for (let iteration = resume?.iteration ?? 0; iteration < iterations; iteration++) {
      const learningRate = settings.learningRate * (1 - iteration / iterations);
      const paid = await segments.walk(parameters);
      let objective = 0;
      let norm = 0;
      for (let epoch = 0; epoch < settings.epochs; epoch++) {
        objective = await segments.gradient(parameters, gradient);
        norm = clipGradientNorm(gradient, settings.maxGradNorm);
        adam.step(parameters, gradient, learningRate);
      }
      const point: CurvePoint = {
        global_step: (iteration + 1) * stepsPerIteration,
        'charts/learning_rate': learningRate,
        'charts/mean_reward': paid,
        'losses/policy_loss': -objective,
        'losses/grad_norm': norm,
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
    await segments.close();
  }
}

/** One segment of `segmentDays` for each environment: its observations and facts, and the graph that differentiates its rewards. */
class Segments {
  readonly #environments: Environments;
  readonly #reward: DifferentiableReward;
  readonly #days: number;
  readonly #n: number;
  readonly #act: InferenceSession;
  readonly #differentiate: InferenceSession;
  readonly #parameters: Float32Array;
  /** [n, days, observation] */
  readonly #observations: Float32Array;
  /** [n, days, factsWidth] */
  readonly #facts: Float32Array;
  readonly #feeds: Record<string, OrtTensor>;
  /** Segments in one pass of the gradient graph. */
  readonly #together: number;
  readonly #rowDims: readonly number[];

  private constructor(
    network: Actor,
    environments: Environments,
    settings: DirectSettings,
    together: number,
    act: InferenceSession,
    differentiate: InferenceSession,
  ) {
    const width = sizeOf(network.observationDims);
    this.#environments = environments;
    this.#reward = differentiableOf(environments);
    this.#days = settings.segmentDays;
    this.#n = settings.environments;
    this.#together = together;
    this.#act = act;
    this.#differentiate = differentiate;
    this.#rowDims = network.observationDims;
    this.#parameters = new Float32Array(parameterCount(network));
    this.#observations = new Float32Array(this.#n * this.#days * width);
    this.#facts = new Float32Array(this.#n * this.#days * this.#reward.factsWidth);
    this.#feeds = { parameters: new OrtTensor('float32', this.#parameters, [this.#parameters.length]) };
  }

  static async create(network: Actor, environments: Environments, settings: DirectSettings): Promise<Segments> {
    const { environments: n, segmentDays } = settings;
    let together = Math.max(1, Math.min(n, Math.floor(MICROBATCH / segmentDays)));
    while (n % together !== 0) together--;
    const reward = differentiableOf(environments);
    const [act, differentiate] = await Promise.all([
      InferenceSession.create(meanModel(network, n), SESSION_OPTIONS),
      InferenceSession.create(gradientModel(network, reward, settings, together), SESSION_OPTIONS),
    ]);
    return new Segments(network, environments, settings, together, act, differentiate);
  }

  /** Step every environment through its segment with the policy's mean action. Returns the mean reward paid. */
  async walk(parameters: Float64Array): Promise<number> {
    this.#parameters.set(parameters);
    const { observations, rewards } = this.#environments;
    const n = this.#n;
    const [width, facts] = [observations.length / n, this.#reward.factsWidth];
    let paid = 0;
    for (let day = 0; day < this.#days; day++) {
      for (let i = 0; i < n; i++)
        this.#observations.set(observations.subarray(i * width, (i + 1) * width), (i * this.#days + day) * width);
      const observation = new OrtTensor('float32', observations, [n, ...this.#rowDims]);
      const { mean } = await this.#act.run({ ...this.#feeds, observation });
      this.#environments.step(mean.data as Float32Array);
      for (let i = 0; i < n; i++) {
        this.#facts.set(this.#reward.facts.subarray(i * facts, (i + 1) * facts), (i * this.#days + day) * facts);
        paid += rewards[i];
      }
    }
    return paid / (n * this.#days);
  }

  /** Writes the gradient of minus the mean reward at `parameters`; returns the mean reward. Passes are summed in order. */
  async gradient(parameters: Float64Array, out: Float64Array): Promise<number> {
    this.#parameters.set(parameters);
    out.fill(0);
    const rows = this.#together * this.#days;
    const width = this.#observations.length / (this.#n * this.#days);
    const facts = this.#reward.factsWidth;
    let objective = 0;
    for (let first = 0; first < this.#n * this.#days; first += rows) {
      const { gradient, objective: share } = await this.#differentiate.run({
        ...this.#feeds,
        observation: new OrtTensor('float32', this.#observations.subarray(first * width, (first + rows) * width), [
          rows,
          ...this.#rowDims,
        ]),
        facts: new OrtTensor('float32', this.#facts.subarray(first * facts, (first + rows) * facts), [
          this.#together,
          this.#days,
          facts,
        ]),
      });
      const part = gradient.data as Float32Array;
      for (let i = 0; i < out.length; i++) out[i] += part[i];
      objective += (share.data as Float32Array)[0];
    }
    return objective;
  }

  async close(): Promise<void> {
    await Promise.all([this.#act.release(), this.#differentiate.release()]);
  }
}

function differentiableOf({ differentiable }: Environments): DifferentiableReward {
  if (differentiable) return differentiable;
  throw new ProductError(
    'TRAIN_NOT_DIFFERENTIABLE',
    'Direct gradients need a reward that says how it follows from the action',
    {
      remedy: 'Use PPO or SAC in this environment.',
    },
  );
}

/** parameters [P], observation [n, ...] -> mean [n, D]. */
function meanModel(network: Actor, n: number): Uint8Array {
  const g = new GraphBuilder();
  const flat = g.input('parameters', [parameterCount(network)]);
  const observation = g.input('observation', [n, ...network.observationDims]);
  const { mean } = network.forward(g, flatParameters(g, flat, network).parameters, observation);
  return g.encode('mean', [g.output('mean', mean)]);
}

/**
 * Gradient graph of `segments` segments. Inputs: parameters [P]; observation [segments x days, ...]; facts [segments, days, W].
 * Outputs: gradient [P] of what is minimised, minus the rewards and the penalty on offsets, as a share of the mean over all rows, so that the
 * passes add up; and the same share of the mean reward.
 */
export function gradientModel(
  network: Actor,
  reward: DifferentiableReward,
  {
    environments,
    segmentDays: days,
    lambdaOffset,
  }: Pick<DirectSettings, 'environments' | 'segmentDays' | 'lambdaOffset'>,
  segments: number,
): Uint8Array {
  const g = new GraphBuilder();
  const flat = g.input('parameters', [parameterCount(network)], true);
  const observation = g.input('observation', [segments * days, ...network.observationDims]);
  const facts = g.input('facts', [segments, days, reward.factsWidth]);
  const { leaves, parameters } = flatParameters(g, flat, network);
  const { mean, offset } = network.forward(g, parameters, observation);
  const share = (x: Tensor): Tensor => g.scale(g.total(x), 1 / (environments * days));
  const objective = share(reward.build(g, g.reshape(mean, [segments, days, network.actionSize]), facts));
  const loss = g.sub(g.scale(share(g.square(offset)), lambdaOffset), objective);
  const parts = gradients(g, loss, leaves).map((part) => g.reshape(part, [sizeOf(part.dims)]));
  return g.encode('direct', [g.output('gradient', g.concat(parts, 0)), g.output('objective', objective)]);
}
