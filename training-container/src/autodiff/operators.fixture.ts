import { nn, numpy as np } from '@jax-js/jax';
import type { GraphBuilder } from './graph-builder.ts';
import { type JaxArray, jaxScalar } from './jax.fixture.ts';
import type { Tensor } from './tensor.ts';

/** One operator as this engine differentiates it, and as jax-js writes it. */
export interface OperatorCase {
  name: string;
  shapes: number[][];
  forward(g: GraphBuilder, x: Tensor[]): Tensor;
  jax(x: JaxArray[]): JaxArray;
  /** Inputs are drawn from a normal distribution, then passed through this (to keep away from kinks and poles). */
  draw?: (value: number) => number;
}

const away = (value: number): number => value + Math.sign(value) * 0.2;
const positive = (value: number): number => 0.5 + Math.abs(value);

/** Every operator that a gradient goes through. */
export const OPERATORS: OperatorCase[] = [
  {
    name: 'add, broadcast',
    shapes: [[3, 4], [4]],
    forward: (g, [a, b]) => g.add(a, b),
    jax: ([a, b]) => np.add(a, b),
  },
  {
    name: 'sub, broadcast both ways',
    shapes: [
      [3, 1],
      [1, 4],
    ],
    forward: (g, [a, b]) => g.sub(a, b),
    jax: ([a, b]) => np.subtract(a, b),
  },
  {
    name: 'mul',
    shapes: [
      [2, 3, 4],
      [2, 1, 4],
    ],
    forward: (g, [a, b]) => g.mul(a, b),
    jax: ([a, b]) => np.multiply(a, b),
  },
  { name: 'mul of a tensor with itself', shapes: [[5]], forward: (g, [a]) => g.mul(a, a), jax: ([a]) => np.square(a) },
  {
    name: 'div',
    shapes: [
      [3, 4],
      [3, 1],
    ],
    forward: (g, [a, b]) => g.div(a, b),
    jax: ([a, b]) => np.divide(a, b),
    draw: positive,
  },
  {
    name: 'max',
    shapes: [
      [3, 4],
      [3, 4],
    ],
    forward: (g, [a, b]) => g.max(a, b),
    jax: ([a, b]) => np.maximum(a, b),
  },
  { name: 'min', shapes: [[3, 4], [4]], forward: (g, [a, b]) => g.min(a, b), jax: ([a, b]) => np.minimum(a, b) },
  {
    name: 'clip',
    shapes: [[20]],
    forward: (g, [a]) => g.clip(a, -0.8, 0.7),
    jax: ([a]) => np.clip(a, jaxScalar(-0.8), jaxScalar(0.7)),
  },
  { name: 'neg', shapes: [[4]], forward: (g, [a]) => g.neg(a), jax: ([a]) => np.negative(a) },
  { name: 'exp', shapes: [[4]], forward: (g, [a]) => g.exp(a), jax: ([a]) => np.exp(a) },
  { name: 'log', shapes: [[4]], forward: (g, [a]) => g.log(a), jax: ([a]) => np.log(a), draw: positive },
  { name: 'tanh', shapes: [[6]], forward: (g, [a]) => g.tanh(a), jax: ([a]) => np.tanh(a) },
  { name: 'relu', shapes: [[12]], forward: (g, [a]) => g.relu(a), jax: ([a]) => nn.relu(a), draw: away },
  { name: 'square', shapes: [[4]], forward: (g, [a]) => g.square(a), jax: ([a]) => np.square(a) },
  {
    name: 'scale',
    shapes: [[4]],
    forward: (g, [a]) => g.scale(a, -2.5),
    jax: ([a]) => np.multiply(a, jaxScalar(-2.5)),
  },
  {
    name: 'matmul',
    shapes: [
      [2, 3, 4],
      [2, 4, 5],
    ],
    forward: (g, [a, b]) => g.matmul(a, b),
    jax: ([a, b]) => np.matmul(a, b),
  },
  {
    name: 'matmul by a row',
    shapes: [
      [2, 1, 4],
      [2, 4, 5],
    ],
    forward: (g, [a, b]) => g.matmul(a, b),
    jax: ([a, b]) => np.matmul(a, b),
  },
  {
    name: 'transpose',
    shapes: [[2, 3, 4]],
    forward: (g, [a]) => g.transposeLast(a),
    jax: ([a]) => np.matrixTranspose(a),
  },
  {
    name: 'linear',
    shapes: [[2, 3, 4], [4, 5], [5]],
    forward: (g, [x, w, b]) => g.linear(x, w, b),
    jax: ([x, w, b]) => np.add(np.matmul(x, w), b),
  },
  {
    name: 'linear without bias',
    shapes: [
      [3, 4],
      [4, 2],
    ],
    forward: (g, [x, w]) => g.linear(x, w),
    jax: ([x, w]) => np.matmul(x, w),
  },
  {
    name: 'linear, read by two, one of them reshaped',
    shapes: [
      [2, 3, 4],
      [4, 5],
      [4, 5],
    ],
    forward: (g, [x, v, w]) => g.add(g.linear(x, v), g.reshape(g.linear(g.reshape(x, [6, 4]), w), [2, 3, 5])),
    jax: ([x, v, w]) => np.matmul(x, np.add(v, w)),
  },
  {
    name: 'linear, and read as it is',
    shapes: [
      [2, 3, 4],
      [4, 4],
    ],
    forward: (g, [x, w]) => g.mul(g.linear(x, w), x),
    jax: ([x, w]) => np.multiply(np.matmul(x.ref, w), x),
  },
  {
    name: 'outer product',
    shapes: [
      [2, 3, 1],
      [2, 1, 4],
    ],
    forward: (g, [a, b]) => g.matmul(a, b),
    jax: ([a, b]) => np.matmul(a, b),
  },
  {
    name: 'columns',
    shapes: [[2, 3, 5]],
    forward: (g, [a]) => g.concat(g.columns(a, [3, 0]), 1),
    jax: ([a]) => np.concatenate([a.ref.slice([], [], 3), a.slice([], [], 0)], 1),
  },
  {
    name: 'sum over the middle',
    shapes: [[2, 3, 4]],
    forward: (g, [a]) => g.sum(a, [1], false),
    jax: ([a]) => np.sum(a, 1),
  },
  {
    name: 'sum kept',
    shapes: [[2, 3]],
    forward: (g, [a]) => g.sum(a, [0], true),
    jax: ([a]) => np.sum(a, 0, { keepdims: true }),
  },
  { name: 'mean', shapes: [[2, 3]], forward: (g, [a]) => g.mean(a), jax: ([a]) => np.mean(a) },
  { name: 'reshape', shapes: [[2, 6]], forward: (g, [a]) => g.reshape(a, [3, 4]), jax: ([a]) => np.reshape(a, [3, 4]) },
  { name: 'slice', shapes: [[3, 5]], forward: (g, [a]) => g.slice(a, 1, 1, 4), jax: ([a]) => a.slice([], [1, 4]) },
  {
    name: 'slice from the start',
    shapes: [[3, 5]],
    forward: (g, [a]) => g.slice(a, 1, 0, 2),
    jax: ([a]) => a.slice([], [0, 2]),
  },
  {
    name: 'concat',
    shapes: [
      [2, 3],
      [2, 1],
    ],
    forward: (g, [a, b]) => g.concat([a, b, a], 1),
    jax: ([a, b]) => np.concatenate([a.ref, b, a], 1),
  },
  {
    name: 'a value read twice',
    shapes: [[3]],
    forward: (g, [a]) => g.add(g.exp(a), g.mul(a, g.tanh(a))),
    jax: ([a]) => np.add(np.exp(a.ref), np.multiply(a.ref, np.tanh(a))),
  },
];
