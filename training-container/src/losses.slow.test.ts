import { numpy as np, valueAndGrad } from '@jax-js/jax';
import { describe, expect, test } from '@jest/globals';
import { STATE_COLUMNS } from '../../domain/policy/policy.ts';
import { createRandom } from '../../domain/simulation/random.ts';
import { type JaxArray, jaxOf, jaxScalar, relativeDifference } from './autodiff/jax.fixture.ts';
import { runGraph } from './autodiff/run-graph.fixture.ts';
import { softPortfolioNetwork } from './networks/critic.ts';
import { jaxCritic, jaxPolicy, jaxValue, type Named, named } from './networks/jax-networks.fixture.ts';
import { parameterCount } from './networks/parameters.ts';
import { OFFSET_BOUND, type PortfolioShape, portfolioNetwork } from './networks/portfolio.ts';
import { gradientModel } from './ppo-graphs.ts';
import { actorModel, criticModel } from './sac-graphs.ts';

/*
 * Whole losses, from the observation to the gradient of every parameter, against networks and losses written a second time in jax-js and
 * differentiated there, in float64.
 */
const TOLERANCE = 1e-5;
const [BATCH, ASSETS, COLUMNS, DAYS] = [4, 4, 2, 4];
const D = ASSETS + 1;
const shapeOf = (architecture: PortfolioShape['architecture'], longShortGross: number | null): PortfolioShape => ({
  assets: ASSETS,
  features: COLUMNS * DAYS + STATE_COLUMNS.length,
  hidden: 8,
  logStdInit: -0.5,
  architecture,
  lookbackDays: DAYS,
  longShortGross,
});

const random = createRandom(4);
const normals = (size: number, scale = 1): Float32Array =>
  Float32Array.from({ length: size }, () => scale * random.normal());

/** Random rows; in each one asset cannot be traded; exposures on both sides of full investment. */
function observation({ features }: PortfolioShape): Float32Array {
  const out = normals(BATCH * ASSETS * features);
  for (let row = 0; row < BATCH; row++)
    for (let a = 0; a < ASSETS; a++) {
      const end = (row * ASSETS + a + 1) * features;
      out[end - 2] = row % 2 === 0 ? -0.4 : 0.2;
      out[end - 1] = a === row % ASSETS ? 0 : 1;
    }
  return out;
}

const ones = jaxScalar(1);
const sumOverActions = (terms: JaxArray, mask: JaxArray): JaxArray => np.sum(np.multiply(terms, mask), 1);
const HALF_LOG_2PI = 0.5 * Math.log(2 * Math.PI);

/** log N(z) of a standard normal, per dimension. */
const standardNormal = (z: JaxArray): JaxArray =>
  np.subtract(np.multiply(np.square(z), jaxScalar(-0.5)), jaxScalar(HALF_LOG_2PI));

describe.each([
  ['set', 'long only', null],
  ['attention', 'long/short', 1.4],
  ['temporal', 'long only', null],
] as const)('%s, %s', (architecture, _, gross) => {
  const shape = shapeOf(architecture, gross);
  const seen = { dims: [BATCH, ASSETS, shape.features], data: observation(shape) };

  test('PPO: loss and gradient', async () => {
    const network = portfolioNetwork(shape);
    const flat = normals(parameterCount(network), 0.3);
    const rows = normals(BATCH * (D + 3), 0.5);
    const settings = { clipCoef: 0.2, entCoef: 0.01, vfCoef: 0.5 };
    const batch = { dims: [BATCH, D + 3], data: rows };
    const parameters = { dims: [flat.length], data: flat };
    const distribution = (p: Named) => {
      const { start, raw, mask, logStd } = jaxPolicy(p, shape, jaxOf(seen));
      const z = np.divide(np.subtract(jaxOf(batch).slice([], [0, D]), np.add(start, raw)), np.exp(logStd.ref));
      return { logProbability: sumOverActions(np.subtract(standardNormal(z), logStd.ref), mask.ref), mask, logStd };
    };
    // old log-probabilities near the new ones: some ratios are clipped, some are not
    distribution(named(jaxOf(parameters), network.parameters))
      .logProbability.dataSync()
      .forEach((value, row) => {
        rows[row * (D + 3) + D] = value + 0.15 * (row - 1);
      });
    const onnx = gradientModel(network, settings, BATCH, BATCH);
    const { gradient, stats } = await runGraph(onnx, { parameters, observation: seen, batch });
    const jaxLoss = (vector: JaxArray): JaxArray => {
      const p = named(vector, network.parameters);
      const { logProbability, mask, logStd } = distribution(p);
      const taken = jaxOf(batch);
      const column = (i: number): JaxArray => taken.ref.slice([], D + i);
      const ratio = np.exp(np.subtract(logProbability, column(0)));
      const clipped = np.clip(ratio.ref, jaxScalar(0.8), jaxScalar(1.2));
      const gain = np.mean(np.minimum(np.multiply(ratio, column(1)), np.multiply(clipped, column(1))));
      const entropy = np.mean(sumOverActions(np.add(logStd, jaxScalar(0.5 + HALF_LOG_2PI)), mask));
      const error = np.mean(np.square(np.subtract(jaxValue(p, jaxOf(seen)), column(2))));
      return np.subtract(np.multiply(error, jaxScalar(0.5)), np.add(gain, np.multiply(entropy, jaxScalar(0.01))));
    };
    const [loss, expected] = valueAndGrad(jaxLoss)(jaxOf(parameters));
    const [policyLoss, valueLoss, entropy, , , clipFraction] = stats;
    expect(clipFraction).toBeGreaterThan(0);
    expect(clipFraction).toBeLessThan(1);
    expect(Math.abs(policyLoss - 0.01 * entropy + 0.5 * valueLoss - loss.dataSync()[0])).toBeLessThan(TOLERANCE);
    expect(relativeDifference(gradient, expected.dataSync())).toBeLessThan(TOLERANCE);
  });

  test('SAC: losses and gradients of both critics and of the actor through them', async () => {
    const network = softPortfolioNetwork(shape);
    const actor = { dims: [parameterCount(network.actor)], data: normals(parameterCount(network.actor), 0.3) };
    const critics = { dims: [parameterCount(network.critics)], data: normals(parameterCount(network.critics), 0.3) };
    const action = { dims: [BATCH, D], data: normals(BATCH * D, 0.5) };
    const noise = { dims: [BATCH, D], data: normals(BATCH * D) };
    const target = { dims: [BATCH], data: normals(BATCH) };
    const alpha = 0.3;
    const values = (vector: JaxArray, taken: JaxArray): [JaxArray, JaxArray] => {
      const p = named(vector, network.critics.parameters);
      const critic = (prefix: string): JaxArray => jaxCritic(p, prefix, shape, jaxOf(seen), taken.ref);
      return [critic('q1.'), critic('q2.')];
    };

    const learned = await runGraph(criticModel(network, BATCH), { critics, observation: seen, action, target });
    const [criticLoss, criticGradient] = valueAndGrad((vector: JaxArray) => {
      const [first, second] = values(vector, jaxOf(action)).map((value) =>
        np.mean(np.square(np.subtract(value, jaxOf(target)))),
      );
      return np.add(first, second);
    })(jaxOf(critics));
    expect(relativeDifference([learned.stats[0] + learned.stats[1]], criticLoss.dataSync())).toBeLessThan(TOLERANCE);
    expect(relativeDifference(learned.gradient, criticGradient.dataSync())).toBeLessThan(TOLERANCE);

    const fed = { actor, critics, observation: seen, noise, alpha: { dims: [1], data: Float32Array.of(alpha) } };
    const improved = await runGraph(actorModel(network, BATCH), fed);
    const [actorLoss, actorGradient] = valueAndGrad((vector: JaxArray) => {
      const { start, raw, mask, logStd } = jaxPolicy(named(vector, network.actor.parameters), shape, jaxOf(seen));
      const squashed = np.tanh(np.add(raw, np.multiply(jaxOf(noise), np.exp(logStd.ref))));
      const sampled = np.add(start, np.multiply(np.multiply(squashed.ref, jaxScalar(OFFSET_BOUND)), mask.ref));
      const slope = np.log(np.multiply(np.subtract(ones.ref, np.square(squashed)), jaxScalar(OFFSET_BOUND)));
      const density = np.subtract(np.subtract(standardNormal(jaxOf(noise)), logStd), slope);
      const [first, second] = values(jaxOf(critics), sampled);
      const surprise = np.multiply(sumOverActions(density, mask), jaxScalar(Math.fround(alpha)));
      return np.mean(np.subtract(surprise, np.minimum(first, second)));
    })(jaxOf(actor));
    expect(relativeDifference([improved.stats[0]], actorLoss.dataSync())).toBeLessThan(TOLERANCE);
    expect(relativeDifference(improved.gradient, actorGradient.dataSync())).toBeLessThan(TOLERANCE);
  });
});
