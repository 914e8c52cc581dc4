import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { writeArrays } from './arrays.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'drl-arrays-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('writes the values of a view alone, row-major and little-endian, and says what they are', () => {
  const view = new Float64Array([9, 1, 2, 3, 4, 5, 6, 9]).subarray(1, 7);
  writeArrays(folder, { seed: 7 }, { returns: { data: view, shape: [2, 3] } });
  const bytes = readFileSync(join(folder, 'returns.bin'));
  expect(Array.from({ length: bytes.length / 8 }, (_, i) => bytes.readDoubleLE(8 * i))).toEqual([1, 2, 3, 4, 5, 6]);
  expect(JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'))).toEqual({
    facts: { seed: 7 },
    arrays: { returns: { dtype: '<f8', shape: [2, 3] } },
  });
});

test('refuses a shape that the values do not fill', () => {
  expect(() => writeArrays(folder, null, { x: { data: new Float32Array(5), shape: [2, 3] } })).toThrow(
    'x: 5 values do not fill [2, 3]',
  );
});
