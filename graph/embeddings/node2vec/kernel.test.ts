import { describe, expect, test } from '@jest/globals';
import { createRandom } from '../../../domain/simulation/random.ts';
import { paddedTo4, stepModule } from './kernel.ts';
import { plainStep } from './plain-step.fixture.ts';
import { compiled, runOn, sharedMemory } from './wasm.ts';

const ROWS = 40;
const [INPUTS, OUTPUTS, SCORES, MATRIX] = [0, 256, 512, 8192];

/** The kernel on a matrix of its own, beside the same matrix in plain arrays. */
function bench(dimensions: number, outputs: number, scale: number, seed: number) {
  const random = createRandom(seed);
  const memory = sharedMemory(2);
  const matrix = new Float32Array(memory.buffer, MATRIX, ROWS * dimensions).map(() => scale * random.normal());
  const held = new Float32Array(memory.buffer, MATRIX, ROWS * dimensions);
  held.set(matrix);
  const row = (at: number) => matrix.subarray(at * dimensions, (at + 1) * dimensions);
  const step = runOn(compiled(stepModule(dimensions, outputs)), memory);
  return {
    random,
    kernel(inputs: number[], chosen: number[], rate: number): Float32Array {
      const addresses = (rows: number[]) => rows.map((at) => MATRIX + 4 * at * dimensions);
      new Uint32Array(memory.buffer, INPUTS).set(addresses(inputs));
      new Uint32Array(memory.buffer, OUTPUTS).set(addresses(chosen));
      step(INPUTS, inputs.length, OUTPUTS, SCORES, rate);
      return held;
    },
    plain(inputs: number[], chosen: number[], rate: number): Float32Array {
      plainStep(inputs.map(row), chosen.map(row), rate);
      return matrix;
    },
  };
}

const bits = (values: Float32Array) => Buffer.from(Uint8Array.from(new Uint8Array(values.slice().buffer)));

describe('the kernel and plain TypeScript agree to the bit', () => {
  test.each([
    { dimensions: 128, outputs: 6, scale: 0.3 },
    { dimensions: 4, outputs: 2, scale: 1 },
    { dimensions: 20, outputs: 3, scale: 5 },
    { dimensions: 64, outputs: 11, scale: 0.01 },
    { dimensions: 8, outputs: 1, scale: 40 },
  ])('$dimensions dimensions, $outputs outputs, entries of about $scale', ({ dimensions, outputs, scale }) => {
    const { random, kernel, plain } = bench(dimensions, outputs, scale, dimensions + outputs);
    for (let repeat = 0; repeat < 40; repeat++) {
      // Inputs from the first half, outputs from the second; rows may come twice in a list.
      const inputs = Array.from({ length: 1 + random.integer(20) }, () => random.integer(ROWS / 2));
      const chosen = Array.from({ length: outputs }, () => ROWS / 2 + random.integer(ROWS / 2));
      const rate = 0.025 * random.uniform();
      expect(bits(kernel(inputs, chosen, rate)).equals(bits(plain(inputs, chosen, rate)))).toBe(true);
    }
  });

  test('a step raises the score of the true pair and lowers that of noise', () => {
    const { kernel } = bench(16, 3, 0.2, 1);
    const score = (all: Float32Array, a: number, b: number) =>
      Array.from({ length: 16 }, (_, d) => all[a * 16 + d] * all[b * 16 + d]).reduce((sum, term) => sum + term, 0);
    const before = kernel([0], [20, 21, 22], 0).slice();
    const after = kernel([0], [20, 21, 22], 0.05);
    expect(score(after, 0, 20)).toBeGreaterThan(score(before, 0, 20));
    expect(score(after, 0, 21)).toBeLessThan(score(before, 0, 21));
    expect(score(after, 0, 22)).toBeLessThan(score(before, 0, 22));
  });

  test('scores that are too large for exp leave finite numbers', () => {
    const { kernel, plain } = bench(8, 2, 1e6, 3);
    const moved = kernel([0, 1], [20, 21], 0.025);
    expect(moved.every(Number.isFinite)).toBe(true);
    expect(bits(moved).equals(bits(plain([0, 1], [20, 21], 0.025)))).toBe(true);
  });
});

test('rows are padded to whole vectors', () => {
  expect([1, 4, 5, 127, 128].map(paddedTo4)).toEqual([4, 4, 8, 128, 128]);
});
