import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { LearnJobSpec } from '../../domain/training/job.ts';
import { buildTrainingJob } from '../../functions/train/job.ts';
import { smallMarket } from '../../functions/train/small-market.ts';
import { readEnvironmentData, readJob } from './job-folder.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'job-'));
  mkdirSync(join(folder, 'input'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const DAY = 40;

/** A job whose second feature has this name, and is unknown for the first asset on one day in the middle. */
async function read(name: string) {
  const market = smallMarket();
  const { tensor } = market;
  const [values, anchorLogit] = [tensor.values.slice(), tensor.anchorLogit.slice()];
  values[DAY * tensor.symbols.length * tensor.columns.length + 1] = Number.NaN;
  anchorLogit[DAY * tensor.symbols.length] = Number.NaN;
  const columns = tensor.columns.map((column, f) => (f === 1 ? name : column));
  const files = buildTrainingJob({ ...market, tensor: { ...tensor, columns, values, anchorLogit } });
  for (const [file, bytes] of Object.entries(files)) writeFileSync(join(folder, 'input', file), bytes);
  const { spec } = await readJob(folder);
  return readEnvironmentData(folder, spec as LearnJobSpec);
}

test('a figure that is no longer known is no break in the data, a price feature that is none is one', async () => {
  const { tensor } = await read('returnOnEquity');
  expect(tensor.values[DAY * tensor.symbols.length * tensor.columns.length + 1]).toBeNaN();
  await expect(read('momentum21')).rejects.toMatchObject({
    code: 'FEATURES_NOT_FINITE',
    facts: { feature: 'momentum21', day: tensor.dates[DAY] },
  });
});
