import { describe, expect, test } from '@jest/globals';
import { createRandom, type Random } from '../../domain/simulation/random.ts';
import { procrustes, turned } from './procrustes.ts';

const normals = (random: Random, count: number, dimensions: number) =>
  Array.from({ length: count }, () => Float64Array.from({ length: dimensions }, () => random.normal()));

/** A random product of reflections: x - 2 (x.u) u. */
function reflections(random: Random, dimensions: number, count: number) {
  const axes = normals(random, count, dimensions).map((axis) => {
    const length = Math.sqrt(axis.reduce((sum, x) => sum + x * x, 0));
    return axis.map((x) => x / length);
  });
  return (row: Float64Array): Float64Array =>
    axes.reduce((x, axis) => {
      const share = 2 * x.reduce((sum, value, d) => sum + value * axis[d], 0);
      return x.map((value, d) => value - share * axis[d]);
    }, row);
}

const distance = (x: readonly Float64Array[], y: readonly Float64Array[]) =>
  Math.max(...x.flatMap((row, n) => [...row].map((value, d) => Math.abs(value - y[n][d]))));

describe('the turn that was made is found again', () => {
  test.each([
    { rows: 130, dimensions: 128 },
    { rows: 40, dimensions: 48 },
    { rows: 15, dimensions: 128 },
    { rows: 1, dimensions: 16 },
    { rows: 40, dimensions: 8 },
  ])('$rows rows of $dimensions dimensions', ({ rows, dimensions }) => {
    const random = createRandom(rows);
    const to = normals(random, rows, dimensions);
    const from = to.map(reflections(random, dimensions, 7));
    const turn = procrustes(from, to);
    expect(
      distance(
        from.map((row) => turned(turn, row)),
        to,
      ),
    ).toBeLessThan(1e-6);
    // Also of rows that had no part in it, lengths and angles stay.
    const others = normals(random, 5, dimensions);
    const gram = (list: readonly Float64Array[]) =>
      list.map((a) => Float64Array.from(list, (b) => a.reduce((sum, x, d) => sum + x * b[d], 0)));
    expect(distance(gram(others.map((row) => turned(turn, row))), gram(others))).toBeLessThan(1e-9);
  });
});

test('no other turn is better', () => {
  const random = createRandom(9);
  const [from, to] = [normals(random, 12, 6), normals(random, 12, 6)];
  const miss = (rows: readonly Float64Array[]) =>
    rows.reduce((sum, row, n) => sum + row.reduce((part, x, d) => part + (x - to[n][d]) ** 2, 0), 0);
  const best = from.map((row) => turned(procrustes(from, to), row));
  for (let k = 0; k < 50; k++) {
    const other = best.map(reflections(random, 6, 1 + (k % 3)));
    expect(miss(best)).toBeLessThan(miss(other));
  }
});

test('where the rows say nothing, nothing is turned', () => {
  const axis = (at: number) => new Float64Array(6).fill(1, at, at + 1);
  const turn = procrustes([axis(0)], [axis(1)]);
  expect(distance([turned(turn, axis(0))], [axis(1)])).toBeLessThan(1e-8);
  expect(distance([turned(turn, axis(3))], [axis(3)])).toBe(0);
  const zero = [new Float64Array(6)];
  expect(distance([turned(procrustes(zero, zero), axis(2))], [axis(2)])).toBe(0);
  expect(distance([turned(procrustes([], []), axis(2))], [axis(2)])).toBe(0);
});
