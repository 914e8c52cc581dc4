import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { compareFolders, comparisonText } from './compare.ts';

const DAYS = ['02', '03', '04', '05', '08', '09', '10', '11', '12'].map((day) => `2024-01-${day}`);
const CLOSES = [100, 101, 103, 102, 99, 100, 104, 103, 106];
let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'drl-compare-'));
});
afterEach(() => rm(home, { recursive: true }));

async function vendor(name: string, symbols: readonly string[], closes: readonly number[]): Promise<string> {
  const rows = symbols.flatMap((symbol, s) =>
    DAYS.map((date, t) => [symbol, date, ...Array<number>(4).fill(closes[t] + s), t + 1].join(',')),
  );
  await mkdir(join(home, name));
  await writeFile(join(home, name, 'b.csv'), ['symbol,date,open,high,low,close,volume', ...rows].join('\n'));
  return join(home, name);
}
const linesOf = async (a: string, b: string) => comparisonText(await compareFolders(a, b, 'data')).split('\n');

test('what the returns of two vendors do not show is said: symbols of one alone, another unit, a day between them', async () => {
  const a = await vendor('a', ['AAA', 'BBB'], CLOSES);
  const pence = await vendor(
    'pence',
    ['AAA', 'CCC'],
    CLOSES.map((close) => close * 100),
  );
  expect((await linesOf(a, pence)).slice(1, 4)).toEqual([
    'only in a: BBB',
    'only in pence: CCC',
    'the closes of pence are 100 times those of a: another unit, currency or adjustment',
  ]);
  const late = await vendor('late', ['AAA', 'BBB'], [99, ...CLOSES.slice(0, -1)]);
  expect(await linesOf(a, late)).toContain('the returns of late are those of a a day later');
  expect(await linesOf(late, a)).toContain('the returns of a are those of late a day earlier');
  expect((await linesOf(a, a))[1]).toMatch(/^more than 10 points apart: 0/);
});

test('two vendors without a return in common are refused: it looked like agreement', async () => {
  const [a, b] = [await vendor('a', ['AAA'], CLOSES), await vendor('b', ['AAA.US'], CLOSES)];
  await expect(compareFolders(a, b, 'data')).rejects.toMatchObject({
    code: 'NOTHING_IN_COMMON',
    kind: 'badInput',
    facts: { onlyInA: ['AAA'], onlyInB: ['AAA.US'] },
  });
});
