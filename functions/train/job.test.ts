import { expect, test } from '@jest/globals';
import { sha256 } from '../../domain/lineage/canonical.ts';
import { JOB_ARRAYS, trainingJobSchema } from '../../domain/training/job.ts';
import { decodeNpy, encodeNpy } from '../../domain/training/npy.ts';
import { buildTrainingJob } from './job.ts';
import { SESSIONS, smallMarket } from './small-market.ts';

const specOf = (files: Record<string, Uint8Array>) =>
  trainingJobSchema.parse(JSON.parse(new TextDecoder().decode(files['job.json'])));

test('the job ends with the training window: no array, date, exit or group snapshot goes beyond', () => {
  const inputs = smallMarket();
  const files = buildTrainingJob(inputs);
  const spec = specOf(files);
  if (spec.kind !== 'learn') throw new Error('not a job to learn');
  const sessions = SESSIONS - 100;
  expect([spec.from, spec.to, spec.dates.length, spec.dates.at(-1)]).toEqual([
    10,
    sessions - 1,
    sessions,
    inputs.trial.trainTo,
  ]);
  expect(spec.riskGroups?.dates).toEqual([inputs.panel.dates[0], inputs.panel.dates[50]]);
  expect(spec.riskGroups?.hubs).toEqual([
    [1, 0, 0],
    [1, 0, 0],
  ]);
  expect(Object.keys(files).sort()).toEqual(['job.json', ...Object.keys(JOB_ARRAYS)].sort());
  for (const name of Object.keys(JOB_ARRAYS)) {
    expect(decodeNpy(files[name], name).shape[0]).toBe(sessions);
    expect(spec.arrays[name]).toBe(sha256(files[name]));
  }
  expect([...decodeNpy(files['returns.npy'], 'returns.npy').data]).toEqual([
    ...inputs.panel.returns.subarray(0, sessions * 3),
  ]);
});

test('what comes after the window has no influence on the job; the window has', () => {
  const [first, second, third] = [smallMarket(), smallMarket(), smallMarket()];
  (second.panel.returns as Float64Array).fill(9, (SESSIONS - 100) * 3);
  (second.tensor.values as Float32Array).fill(9, (SESSIONS - 100) * 6);
  (third.panel.returns as Float64Array)[(SESSIONS - 100) * 3 - 1] += 0.01;
  const hash = (inputs: ReturnType<typeof smallMarket>): string => sha256(buildTrainingJob(inputs)['job.json']);
  expect(hash(second)).toBe(hash(first));
  expect(hash(third)).not.toBe(hash(first));
});

test('the baseline needs no arrays', () => {
  const inputs = smallMarket();
  const files = buildTrainingJob({ ...inputs, trial: { ...inputs.trial, kind: 'baseline' } });
  expect(Object.keys(files)).toEqual(['job.json']);
  expect(specOf(files)).toMatchObject({ kind: 'baseline', columns: ['signal', 'noise'] });
});

test('a window that is not in the data, and features of another market, are refused', () => {
  const inputs = smallMarket();
  const trial = { ...inputs.trial, trainTo: '1999-01-04' };
  expect(() => buildTrainingJob({ ...inputs, trial })).toThrow(
    expect.objectContaining({ code: 'TRAIN_WINDOW', kind: 'badInput' }),
  );
  const tensor = { ...inputs.tensor, symbols: ['A', 'B', 'C'] };
  expect(() => buildTrainingJob({ ...inputs, tensor })).toThrow(expect.objectContaining({ code: 'TRAIN_MISALIGNED' }));
});

test('arrays come back from .npy as they went in; anything else is refused', () => {
  const arrays = [
    Float32Array.of(1, Number.NaN, 3e38, -0, 5, 6),
    Float64Array.of(0.1, 2, 3, 4, 5, 6),
    Uint8Array.of(1, 2, 3, 4, 5, 6),
    Int32Array.of(-1, 2, 3, 4, 5, 6),
  ];
  for (const data of arrays) {
    const bytes = encodeNpy({ shape: [3, 2], data });
    expect((bytes.length - data.byteLength) % 64).toBe(0);
    expect(decodeNpy(bytes, 'a')).toEqual({ shape: [3, 2], data });
    expect(() => decodeNpy(bytes.slice(0, -1), 'a')).toThrow(expect.objectContaining({ code: 'NPY_MALFORMED' }));
  }
  expect(decodeNpy(encodeNpy({ shape: [2], data: Uint8Array.of(4, 5) }), 'a').shape).toEqual([2]);
  expect(() => decodeNpy(new TextEncoder().encode('not an array at all'), 'a')).toThrow(
    expect.objectContaining({ code: 'NPY_MALFORMED' }),
  );
});
