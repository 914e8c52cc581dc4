import { describe, expect, test } from '@jest/globals';
import { createRandom } from '../../../domain/simulation/random.ts';
import { gradients } from './gradients.ts';
import { GraphBuilder } from './graph-builder.ts';
import { type Feed, openGraph, runGraph } from './run-graph.fixture.ts';
import { sizeOf, type Tensor } from './tensor.ts';

type Forward = (g: GraphBuilder, x: Tensor[]) => Tensor;

interface Case {
  name: string;
  shapes: number[][];
  forward: Forward;
  /** Inputs are drawn from a normal distribution, then passed through this (to keep away from kinks and poles). */
  shape?: (value: number) => number;
}

const away = (value: number): number => value + Math.sign(value) * 0.2;
const positive = (value: number): number => 0.5 + Math.abs(value);

const CASES: Case[] = [
  { name: 'add, broadcast', shapes: [[3, 4], [4]], forward: (g, [a, b]) => g.add(a, b) },
  {
    name: 'sub, broadcast both ways',
    shapes: [
      [3, 1],
      [1, 4],
    ],
    forward: (g, [a, b]) => g.sub(a, b),
  },
  {
    name: 'mul',
    shapes: [
      [2, 3, 4],
      [2, 1, 4],
    ],
    forward: (g, [a, b]) => g.mul(a, b),
  },
  { name: 'mul of a tensor with itself', shapes: [[5]], forward: (g, [a]) => g.mul(a, a) },
  {
    name: 'div',
    shapes: [
      [3, 4],
      [3, 1],
    ],
    forward: (g, [a, b]) => g.div(a, b),
    shape: positive,
  },
  {
    name: 'max',
    shapes: [
      [3, 4],
      [3, 4],
    ],
    forward: (g, [a, b]) => g.max(a, b),
  },
  { name: 'min', shapes: [[3, 4], [4]], forward: (g, [a, b]) => g.min(a, b) },
  { name: 'clip', shapes: [[20]], forward: (g, [a]) => g.clip(a, -0.8, 0.7) },
  { name: 'neg', shapes: [[4]], forward: (g, [a]) => g.neg(a) },
  { name: 'exp', shapes: [[4]], forward: (g, [a]) => g.exp(a) },
  { name: 'log', shapes: [[4]], forward: (g, [a]) => g.log(a), shape: positive },
  { name: 'tanh', shapes: [[6]], forward: (g, [a]) => g.tanh(a) },
  { name: 'relu', shapes: [[12]], forward: (g, [a]) => g.relu(a), shape: away },
  { name: 'square', shapes: [[4]], forward: (g, [a]) => g.square(a) },
  { name: 'scale', shapes: [[4]], forward: (g, [a]) => g.scale(a, -2.5) },
  {
    name: 'matmul',
    shapes: [
      [2, 3, 4],
      [2, 4, 5],
    ],
    forward: (g, [a, b]) => g.matmul(a, b),
  },
  {
    name: 'matmul by a row',
    shapes: [
      [2, 1, 4],
      [2, 4, 5],
    ],
    forward: (g, [a, b]) => g.matmul(a, b),
  },
  { name: 'transpose', shapes: [[2, 3, 4]], forward: (g, [a]) => g.transposeLast(a) },
  { name: 'linear', shapes: [[2, 3, 4], [4, 5], [5]], forward: (g, [x, w, b]) => g.linear(x, w, b) },
  {
    name: 'linear without bias',
    shapes: [
      [3, 4],
      [4, 2],
    ],
    forward: (g, [x, w]) => g.linear(x, w),
  },
  { name: 'sum over the middle', shapes: [[2, 3, 4]], forward: (g, [a]) => g.sum(a, [1], false) },
  { name: 'sum kept', shapes: [[2, 3]], forward: (g, [a]) => g.sum(a, [0], true) },
  { name: 'mean', shapes: [[2, 3]], forward: (g, [a]) => g.mean(a) },
  { name: 'reshape', shapes: [[2, 6]], forward: (g, [a]) => g.reshape(a, [3, 4]) },
  { name: 'slice', shapes: [[3, 5]], forward: (g, [a]) => g.slice(a, 1, 1, 4) },
  { name: 'slice from the start', shapes: [[3, 5]], forward: (g, [a]) => g.slice(a, 1, 0, 2) },
  {
    name: 'concat',
    shapes: [
      [2, 3],
      [2, 1],
    ],
    forward: (g, [a, b]) => g.concat([a, b, a], 1),
  },
  { name: 'a value read twice', shapes: [[3]], forward: (g, [a]) => g.add(g.exp(a), g.mul(a, g.tanh(a))) },
];

/** loss = sum of weights * forward(x), so that each output value has its own weight. */
function build({ shapes, forward }: Case, weights: (size: number) => number[]): Uint8Array {
  const g = new GraphBuilder();
  const inputs = shapes.map((dims, i) => g.input(`x${i}`, dims, true));
  const out = forward(g, inputs);
  const loss = g.total(g.mul(out, g.constant(weights(sizeOf(out.dims)), out.dims as number[])));
  const grads = gradients(g, loss, inputs);
  return g.encode('test', [g.output('loss', loss), ...grads.map((grad, i) => g.output(`g${i}`, grad))]);
}

const STEP = 1 / 128;

describe('every operation differentiates as finite differences say', () => {
  test.each(CASES.map((each) => [each.name, each] as const))('%s', async (_, each) => {
    const random = createRandom(7);
    const onnx = build(each, (size) => Array.from({ length: size }, (__, i) => 0.3 + ((i * 7) % 5) / 4));
    const draw = each.shape ?? ((value: number) => value);
    const feeds: Record<string, Feed> = Object.fromEntries(
      each.shapes.map((dims, i) => [
        `x${i}`,
        { dims, data: Float32Array.from({ length: sizeOf(dims) }, () => draw(random.normal())) },
      ]),
    );
    const run = await openGraph(onnx);
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
