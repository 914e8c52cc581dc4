import { onnxRuntime } from '../adapters/policy-runtime/onnx.ts';
import { createExactPolicy } from '../domain/policy/exact/exact.ts';
import { STATE_COLUMNS } from '../domain/policy/policy.ts';
import { createRandom } from '../domain/simulation/random.ts';
import type { Environments } from '../training-container/src/learner.ts';
import { initialParameters, parameterCount } from '../training-container/src/networks/parameters.ts';
import { policyModel, portfolioNetwork } from '../training-container/src/networks/portfolio.ts';
import { type PpoSettings, trainPpo } from '../training-container/src/ppo.ts';
import { matrixPeak } from './matrix-peak.ts';
import { runPeers } from './peers/run-peers.ts';
import { report } from './report.ts';
import { reportTimeToLearn } from './time-to-learn.ts';

/** 30 assets x 40 features, an equivariant network of 24k parameters (hidden 76), float32. */
const SHAPE = { assets: 30, features: 40, hidden: 76, logStdInit: 0 };
const ENVIRONMENTS = 32;
const RUNS = 3;

/** Environments that cost next to nothing: random observations and rewards. What is measured is the learner. */
function randomEnvironments(): Environments {
  const random = createRandom(1);
  const size = ENVIRONMENTS * SHAPE.assets * SHAPE.features;
  const pool = Float32Array.from({ length: size * 2 }, () => random.normal());
  const firstTradable = SHAPE.features - 1;
  for (let i = firstTradable; i < pool.length; i += SHAPE.features) pool[i] = 1;
  const observations = new Float32Array(size);
  const rewards = new Float64Array(ENVIRONMENTS);
  return {
    observations,
    rewards,
    dones: new Uint8Array(ENVIRONMENTS),
    truncated: new Uint8Array(ENVIRONMENTS),
    finalObservations: new Float32Array(size),
    step() {
      const from = random.integer(ENVIRONMENTS) * SHAPE.assets * SHAPE.features;
      observations.set(pool.subarray(from, from + size));
      for (let i = 0; i < ENVIRONMENTS; i++) rewards[i] = random.normal();
    },
    state: () => null,
    restore: () => undefined,
  };
}

const settings = (epochs: number, workers: number, totalSteps: number): PpoSettings => ({
  environments: ENVIRONMENTS,
  rolloutDays: 64,
  minibatch: 1024,
  workers,
  totalSteps,
  epochs,
  learningRate: 3e-4,
  gamma: 0.9,
  gaeLambda: 0.3,
  clipCoef: 0.2,
  entCoef: 0,
  vfCoef: 0.5,
  maxGradNorm: 0.5,
  targetKl: null,
});

async function stepsPerSecond(epochs: number, workers: number): Promise<number> {
  const warmUp = 2;
  let started = 0;
  let first = 0;
  let last = 0;
  await trainPpo({
    network: portfolioNetwork(SHAPE),
    environments: randomEnvironments(),
    settings: settings(epochs, workers, 2048 * 10),
    seed: 1,
    onIteration: (point) => {
      if (point.global_step === 2048 * warmUp) {
        started = performance.now();
        first = point.global_step;
      }
      last = point.global_step;
    },
  });
  return ((last - first) * 1000) / (performance.now() - started);
}

/** Multiply-adds of one environment step, counted as 2 FLOP: a rollout pass, and a forward and backward pass (3 x forward) an epoch. */
function flopPerStep(epochs: number): number {
  const { assets, features, hidden } = SHAPE;
  const perAsset = features * hidden + hidden * hidden + hidden; // policy
  const value = features * hidden;
  const perRow = 3 * hidden * hidden; // context, value mix
  const forward = 2 * (assets * (perAsset + value) + perRow);
  const firstLayers = 2 * assets * 2 * features * hidden; // need no gradient of their input
  return forward + epochs * (3 * forward - firstLayers);
}

/** Ours alone: speed with one and two threads, and the share of what matrix multiplication can reach on as many, taken in turns. */
async function speed(): Promise<void> {
  await report('train', 'parameters', 'count', 1, async () => parameterCount(portfolioNetwork(SHAPE)));
  for (const epochs of [4, 10]) {
    for (const workers of [1, 2]) {
      const shares: number[] = [];
      const suffix = workers === 1 ? '_1_worker' : '';
      await report('train', `env_steps_per_s_${epochs}_epochs${suffix}`, 'steps/s', RUNS, async () => {
        const peak = await matrixPeak(workers);
        const rate = await stepsPerSecond(epochs, workers);
        shares.push((rate * flopPerStep(epochs)) / 1e9 / peak);
        return rate;
      });
      if (epochs === 10)
        await report(
          'train',
          `peak_share${suffix}`,
          'of the matrix-multiply peak',
          RUNS,
          async () => shares.shift() ?? 0,
        );
    }
  }
}

async function main(): Promise<void> {
  await speed();
  await inference();
  const timeToLearnS = await reportTimeToLearn();
  if (process.argv.includes('--peers'))
    await runPeers({
      shape: SHAPE,
      settings: settings(0, 2, 0),
      stepsPerSecond: (epochs) => stepsPerSecond(epochs, 2),
      timeToLearnS,
    });
}

/** One decision, in process, batch 1, 15 assets. */
async function inference(): Promise<void> {
  const shape = { assets: 15, features: 25 + STATE_COLUMNS.length, hidden: 64, logStdInit: 0 };
  const onnx = policyModel(shape, initialParameters(portfolioNetwork(shape), createRandom(2)));
  const random = createRandom(3);
  const observation = Float32Array.from({ length: shape.assets * shape.features }, () => random.normal());
  const exact = createExactPolicy(onnx);
  const served = await onnxRuntime.load(onnx);
  for (const [name, policy] of [
    ['exact', exact],
    ['onnx', served],
  ] as const) {
    await report('train', `decisions_per_s_${name}`, 'decisions/s', 5, async () => {
      const started = performance.now();
      for (let i = 0; i < 500; i++) await policy.act(observation, 1, shape.assets, shape.features);
      return 500_000 / (performance.now() - started);
    });
  }
  await served.close();
}

await main();
