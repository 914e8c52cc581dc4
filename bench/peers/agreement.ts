import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRandom } from '../../domain/simulation/random.ts';
import { parameterCount } from '../../training-container/src/networks/parameters.ts';
import { type PortfolioShape, portfolioNetwork } from '../../training-container/src/networks/portfolio.ts';
import { InferenceSession, Tensor } from '../../training-container/src/onnx-runtime.ts';
import { gradientModel, rolloutModel, STATS } from '../../training-container/src/ppo-graphs.ts';
import { type NamedArray, writeArrays } from './arrays.ts';
import { peerEnvironment } from './peer-process.ts';

/** Largest relative differences of one peer. */
export interface Agreement {
  readonly loss: number;
  /** Of each parameter tensor relative to its largest entry; the worst tensor. */
  readonly gradient: number;
}

const ROWS = 256;
/** An entropy bonus too, so that the deviations' own gradient counts. */
const LOSS = { clipCoef: 0.2, entCoef: 0.01, vfCoef: 0.5 };

/** Loss and gradient of the same network at the same parameters on the same minibatch: ours against PyTorch's and JAX's. */
export async function agreement(python: string, shape: PortfolioShape): Promise<Record<string, Agreement>> {
  const network = portfolioNetwork(shape);
  const batch = await minibatch(shape);
  const ours = await ourGradient(shape, batch);
  const folder = mkdtempSync(join(tmpdir(), 'drl-agreement-'));
  try {
    const facts = {
      parameters: network.parameters,
      loss: [LOSS.clipCoef, LOSS.entCoef, LOSS.vfCoef],
      ourLoss: ours.loss,
    };
    writeArrays(folder, facts, {
      ...batch,
      gradient: { data: ours.gradient, shape: [ours.gradient.length] },
    });
    const script = fileURLToPath(new URL('./agreement.py', import.meta.url));
    return JSON.parse(execFileSync(python, [script, folder], { encoding: 'utf8', env: peerEnvironment() }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface Minibatch {
  readonly parameters: Floats;
  readonly observation: Floats;
  readonly action: Floats;
  readonly oldLogProbability: Floats;
  /** Normalised: what the loss takes. */
  readonly advantage: Floats;
  readonly target: Floats;
}
type Floats = NamedArray & { readonly data: Float32Array };

/** Random everything: no layer at zero, a tenth of the assets not tradable, ratios on either side of the clip range. */
async function minibatch(shape: PortfolioShape): Promise<Minibatch> {
  const { assets, features } = shape;
  const random = createRandom(5);
  const normals = (...dims: number[]): Floats => ({
    data: Float32Array.from({ length: dims.reduce((product, dim) => product * dim, 1) }, () => random.normal()),
    shape: dims,
  });
  const parameters = normals(parameterCount(portfolioNetwork(shape)));
  for (let i = 0; i < parameters.data.length; i++) parameters.data[i] *= 0.1;
  const observation = normals(ROWS, assets, features);
  for (let i = features - 1; i < observation.data.length; i += features)
    observation.data[i] = random.uniform() < 0.1 ? 0 : 1;
  const rollout = await run(rolloutModel(portfolioNetwork(shape), ROWS), {
    parameters,
    observation,
    noise: normals(ROWS, assets + 1),
  });
  const action = normals(ROWS, assets + 1);
  const oldLogProbability = normals(ROWS);
  for (let i = 0; i < ROWS; i++) {
    const at = i * (assets + 3);
    action.data.set(rollout.rollout.subarray(at, at + assets + 1), i * (assets + 1));
    oldLogProbability.data[i] = 0.3 * oldLogProbability.data[i] + rollout.rollout[at + assets + 1];
  }
  return { parameters, observation, action, oldLogProbability, advantage: normals(ROWS), target: normals(ROWS) };
}

async function ourGradient(
  shape: PortfolioShape,
  { parameters, observation, action, oldLogProbability, advantage, target }: Minibatch,
): Promise<{ loss: number; gradient: Float32Array }> {
  const width = shape.assets + 4;
  const batch = new Float32Array(ROWS * width);
  for (let i = 0; i < ROWS; i++) {
    batch.set(action.data.subarray(i * (shape.assets + 1), (i + 1) * (shape.assets + 1)), i * width);
    batch.set([oldLogProbability.data[i], advantage.data[i], target.data[i]], i * width + shape.assets + 1);
  }
  const { gradient, stats } = await run(gradientModel(portfolioNetwork(shape), LOSS, ROWS, ROWS), {
    parameters,
    observation,
    batch: { data: batch, shape: [ROWS, width] },
  });
  const stat = (name: (typeof STATS)[number]): number => stats[STATS.indexOf(name)];
  const loss =
    stat('losses/policy_loss') - LOSS.entCoef * stat('losses/entropy') + LOSS.vfCoef * stat('losses/value_loss');
  return { loss, gradient };
}

async function run(model: Uint8Array, inputs: Readonly<Record<string, Floats>>): Promise<Record<string, Float32Array>> {
  const session = await InferenceSession.create(model);
  const feeds = Object.entries(inputs).map(([name, { data, shape }]) => [
    name,
    new Tensor('float32', data, [...shape]),
  ]);
  const outputs = await session.run(Object.fromEntries(feeds));
  await session.release();
  return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, data as Float32Array]));
}
