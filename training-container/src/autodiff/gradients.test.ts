import { numpy, valueAndGrad } from '@jax-js/jax';
import { expect, test } from '@jest/globals';
import { createRandom } from '../../../domain/simulation/random.ts';
import { gradients } from './gradients.ts';
import { GraphBuilder } from './graph-builder.ts';
import { jaxArray, jaxOf, relativeDifference } from './jax.fixture.ts';
import { OPERATORS, type OperatorCase } from './operators.fixture.ts';
import { type Feed, openGraph, runGraph } from './run-graph.fixture.ts';
import { sizeOf } from './tensor.ts';

/** loss = sum of weights * forward(x), so that each output value has its own weight. */
function build({ shapes, forward }: OperatorCase, weights: (size: number) => number[]): Uint8Array {
  const g = new GraphBuilder();
  const inputs = shapes.map((dims, i) => g.input(`x${i}`, dims, true));
  const out = forward(g, inputs);
  const loss = g.total(g.mul(out, g.constant(weights(sizeOf(out.dims)), out.dims as number[])));
  const grads = gradients(g, loss, inputs);
  return g.encode('test', [g.output('loss', loss), ...grads.map((grad, i) => g.output(`g${i}`, grad))]);
}

const STEP = 1 / 128;

/** Each output value has a weight of its own. */
const weightsOf = (size: number): number[] => Array.from({ length: size }, (_, i) => 0.3 + ((i * 7) % 5) / 4);

function feedsOf({ shapes, draw = (value) => value }: OperatorCase): Record<string, Feed> {
  const random = createRandom(7);
  const drawn = (dims: number[]): Feed => ({
    dims,
    data: Float32Array.from({ length: sizeOf(dims) }, () => draw(random.normal())),
  });
  return Object.fromEntries(shapes.map((dims, i) => [`x${i}`, drawn(dims)]));
}

const EACH = OPERATORS.map((operator) => [operator.name, operator] as const);

test.each(EACH)('%s differentiates as finite differences say', async (_, operator) => {
  const feeds = feedsOf(operator);
  const run = await openGraph(build(operator, weightsOf));
  const analytic = await run(feeds);
  for (const name of Object.keys(feeds)) {
    for (let i = 0; i < feeds[name].data.length; i++) {
      const at = async (shift: number): Promise<number> => {
        const data = feeds[name].data.slice();
        data[i] += shift;
        return (await run({ ...feeds, [name]: { dims: feeds[name].dims, data } })).loss[0];
      };
      const numeric = ((await at(STEP)) - (await at(-STEP))) / (2 * STEP);
      expect(Math.abs(analytic[name.replace('x', 'g')][i] - numeric)).toBeLessThan(3e-3 * (1 + Math.abs(numeric)));
    }
  }
});

test.each(EACH)('%s has the value and the gradients of jax-js', async (_, operator) => {
  const feeds = feedsOf(operator);
  const out = await runGraph(build(operator, weightsOf), feeds);
  const loss = (...x: numpy.Array[]): numpy.Array => {
    const value = operator.jax(x);
    return numpy.sum(numpy.multiply(value, jaxArray(weightsOf(value.size), value.shape)));
  };
  const inputs = Object.values(feeds);
  const [value, gradients] = valueAndGrad(loss, { argnums: inputs.map((__, i) => i) })(...inputs.map(jaxOf));
  expect(relativeDifference(out.loss, value.dataSync())).toBeLessThan(1e-5);
  gradients.forEach((gradient, i) => {
    expect(relativeDifference(out[`g${i}`], gradient.dataSync())).toBeLessThan(1e-5);
  });
});

/** What builds a graph, or has no gradient of its own. */
const NOT_DIFFERENTIATED = [
  ...['input', 'constant', 'weights', 'split', 'stopGradient', 'output', 'encode', 'total', 'reduceTo'],
  ...['positive', 'greater', 'reduceMax', 'accumulate'],
];

test('no operator is left out of these', () => {
  const called = new Set<string>();
  const watched = new Proxy(new GraphBuilder(), {
    get(target, name: keyof GraphBuilder) {
      called.add(name);
      const value = target[name];
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  for (const operator of OPERATORS)
    operator.forward(
      watched,
      operator.shapes.map((dims, i) => watched.input(`x${i}`, dims, true)),
    );
  const methods = Object.getOwnPropertyNames(GraphBuilder.prototype).filter((name) => name !== 'constructor');
  expect(methods.filter((name) => !called.has(name) && !NOT_DIFFERENTIATED.includes(name))).toEqual([]);
});

test('what has no gradient has the value of jax-js: larger than, largest along an axis, positive', async () => {
  const random = createRandom(3);
  const [x, y] = [1, 2].map(() => Float32Array.from({ length: 12 }, () => random.normal()));
  const g = new GraphBuilder();
  const [a, b] = [g.input('a', [3, 4]), g.input('b', [3, 4])];
  const outputs = { greater: g.greater(a, b), largest: g.reduceMax(a, 1), positive: g.positive(g.relu(b)) };
  const onnx = g.encode(
    'values',
    Object.entries(outputs).map(([name, tensor]) => g.output(name, tensor)),
  );
  const out = await runGraph(onnx, { a: { dims: [3, 4], data: x }, b: { dims: [3, 4], data: y } });
  const [one, other] = [() => jaxArray(x, [3, 4]), () => jaxArray(y, [3, 4])];
  expect([...out.greater]).toEqual([...numpy.greater(one(), other()).dataSync()].map(Number));
  expect([...out.largest]).toEqual([...numpy.max(one(), 1).dataSync()]);
  expect([...out.positive]).toEqual([...numpy.greater(other(), jaxArray([0], [])).dataSync()].map(Number));
});

test('a leaf that the loss does not depend on has a zero gradient', async () => {
  const g = new GraphBuilder();
  const [a, b] = [g.input('a', [2], true), g.input('b', [3], true)];
  const [, gradient] = gradients(g, g.total(g.exp(a)), [a, b]);
  const out = await runGraph(g.encode('test', [g.output('g', gradient)]), {
    a: { dims: [2], data: new Float32Array(2) },
    b: { dims: [3], data: new Float32Array(3) },
  });
  expect([...out.g]).toEqual([0, 0, 0]);
});

test('gradients stop where they are told to, and a flat vector splits and differentiates as its parts', async () => {
  const g = new GraphBuilder();
  const flat = g.input('flat', [4], true);
  const [a, b] = g.split(flat, [[2], [2, 1]]);
  const loss = g.total(g.mul(g.stopGradient(a), g.reshape(b, [2])));
  const grads = gradients(g, loss, [a, b]);
  const out = await runGraph(
    g.encode(
      'test',
      grads.map((grad, i) => g.output(`g${i}`, grad)),
    ),
    { flat: { dims: [4], data: Float32Array.of(2, 3, 5, 7) } },
  );
  expect([...out.g0]).toEqual([0, 0]);
  expect([...out.g1]).toEqual([2, 3]);
});

test('shapes that do not fit, and a loss that is no scalar, are refused while the graph is built', () => {
  const g = new GraphBuilder();
  const [a, b] = [g.input('a', [2, 3], true), g.input('b', [4], true)];
  expect(() => g.add(a, b)).toThrow(expect.objectContaining({ code: 'GRAPH_SHAPE' }));
  expect(() => g.reshape(a, [5])).toThrow(expect.objectContaining({ code: 'GRAPH_SHAPE' }));
  expect(() => g.linear(a, g.input('w', [2, 2]))).toThrow(expect.objectContaining({ code: 'GRAPH_SHAPE' }));
  expect(() => gradients(g, g.exp(a), [a])).toThrow(expect.objectContaining({ code: 'GRAPH_LOSS' }));
});
