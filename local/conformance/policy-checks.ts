import { exactRuntime } from '../../adapters/policy-runtime/exact.ts';
import { onnxRuntime } from '../../adapters/policy-runtime/onnx.ts';
import { PortfolioEnvironment } from '../../domain/environment/environment.ts';
import { STATE_COLUMNS } from '../../domain/policy/policy.ts';
import { actionToWeights } from '../../domain/portfolio/action.ts';
import { createRandom } from '../../domain/simulation/random.ts';
import { smallMarket } from '../../functions/train/small-market.ts';
import { UNSEEN } from './jobs.ts';
import { demand } from './workshop.ts';

/** Raw columns of the sample market. */
const COLUMNS = 2;
const featuresOf = (columns: number): number => columns + STATE_COLUMNS.length;
/** Largest difference of a weight between the two runtimes. */
const AGREE = 1e-6;
/** Assets and observations at once: a policy answers any number of both. */
const SIZES = [
  [1, 1],
  [1, 3],
  [5, 3],
  [2, 7],
] as const;

/** Observations [batch, assets, features] with the state columns as they are in service: drawdown, cash and exposure alike for all assets. */
function observations(seed: number, batch: number, assets: number, columns: number): Float32Array {
  const random = createRandom(seed);
  const rows = Array.from({ length: batch }, () => {
    const [drawdown, cash, anchorExposure] = [0.2 * random.uniform(), random.uniform(), -random.uniform()];
    return Array.from({ length: assets }, () => {
      const state = { heldWeight: random.uniform() / assets, drawdown, cashWeight: cash, anchorLogit: random.normal() };
      const known: Record<string, number> = { ...state, anchorExposure, tradable: 1 };
      const raw = Array.from({ length: columns }, () => 2 * random.normal());
      return [...raw, ...STATE_COLUMNS.map((column) => known[column])];
    });
  });
  return Float32Array.from(rows.flat(2));
}

/** Answers of one served policy and of ONNX Runtime to the same questions. @throws what the runtimes say of a graph that may not be served. */
async function answers(
  onnx: Uint8Array,
  columns: number,
): Promise<{ input: Float32Array; exact: Float32Array; served: Float32Array; batch: number; assets: number }[]> {
  const [exact, served] = [await exactRuntime.load(onnx), await onnxRuntime.load(onnx)];
  try {
    const all = [];
    for (const [batch, assets] of SIZES)
      for (let seed = 0; seed < 10; seed++) {
        const input = observations(seed, batch, assets, columns);
        const ask = async (policy: typeof exact): Promise<Float32Array> =>
          Float32Array.from(await policy.act(input, batch, assets, featuresOf(columns)));
        all.push({ input, exact: await ask(exact), served: await ask(served), batch, assets });
      }
    return all;
  } finally {
    await exact.close();
    await served.close();
  }
}

/** [A] what action `b` of a batch asks for. */
function weightsOf(actions: Float32Array, b: number, assets: number): Float64Array {
  const weights = new Float64Array(assets);
  actionToWeights(actions, b * (assets + 1), new Uint8Array(assets).fill(1), weights);
  return weights;
}

/** It may be served, answers [batch, assets + 1] for any batch and any number of assets, finite everywhere, and both runtimes mean the same weights. */
export async function checkServed(onnx: Uint8Array, columns = COLUMNS): Promise<string> {
  let largest = 0;
  for (const { exact, served, batch, assets } of await answers(onnx, columns)) {
    demand(
      exact.length === batch * (assets + 1),
      `${exact.length} numbers for ${batch} observations of ${assets} assets`,
    );
    exact.forEach((value) => {
      demand(Number.isFinite(value), `${value} for ${batch} observations of ${assets} assets`);
    });
    for (let b = 0; b < batch; b++) {
      const [settled, shown] = [exact, served].map((action) => weightsOf(action, b, assets));
      settled.forEach((weight, a) => {
        largest = Math.max(largest, Math.abs(weight - shown[a]));
      });
    }
  }
  demand(
    largest <= AGREE,
    `weights of the exact runtime and of ONNX Runtime differ by ${largest.toExponential(1)}, more than ${AGREE}`,
  );
  return `weights of both runtimes agree within ${largest.toExponential(1)}`;
}

/** Model 0: the action is the anchor, to the bit. */
export async function checkAnchor(onnx: Uint8Array): Promise<string> {
  for (const { input, exact, batch, assets } of await answers(onnx, COLUMNS))
    for (let b = 0; b < batch; b++)
      for (let a = 0; a <= assets; a++) {
        const row = (b * assets + Math.min(a, assets - 1)) * featuresOf(COLUMNS) + COLUMNS;
        const wanted = input[row + STATE_COLUMNS.indexOf(a < assets ? 'anchorLogit' : 'anchorExposure')];
        const found = exact[b * (assets + 1) + a];
        demand(found === wanted, `action ${found} where the anchor is ${wanted}`);
      }
  return 'the action is the anchor to the bit';
}

/** Mean weight of the best asset over sessions that training did not see; a policy that has learned nothing holds a third. */
export async function checkLearned(onnx: Uint8Array): Promise<string> {
  const market = smallMarket();
  const policy = await exactRuntime.load(onnx);
  const environment = new PortfolioEnvironment(
    { ...market, groups: null },
    { ...UNSEEN, episodeDays: UNSEEN.to - UNSEEN.from - 1, reward: market.training.reward },
  );
  environment.resetAt(UNSEEN.from);
  const { assets, features } = environment;
  const observation = new Float32Array(assets * features);
  let [total, days] = [0, 0];
  for (let done = false; !done; days++) {
    environment.observe(observation, 0);
    const best = market.market.optimalWeights(environment.t).indexOf(1);
    done = environment.step(Float32Array.from(await policy.act(observation, 1, assets, features)), 0).done;
    total += environment.book.held[best];
  }
  await policy.close();
  const share = total / days;
  demand(share >= LEARNED, `holds ${share.toFixed(2)} of the best asset on unseen sessions, less than ${LEARNED}`);
  return `holds ${share.toFixed(2)} of the best asset on unseen sessions`;
}
const LEARNED = 0.7;
