import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, jest, test } from '@jest/globals';
import { coveredCode } from './branches/compile.ts';
import { codeFile } from './branches/record.ts';

jest.setTimeout(3_600_000);

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const UNIT_TESTS = ['portfolio.test.ts', 'limits.test.ts', 'rotation.test.ts', 'events.test.ts'];

test('the unit tests take every branch of the contracts both ways', () => {
  const folder = mkdtempSync(join(tmpdir(), 'coverage-'));
  const { branches, codes } = coveredCode();
  writeFileSync(codeFile(folder), JSON.stringify(codes));
  const files = UNIT_TESTS.map((name) => `contracts/test/${name}`);
  const run = spawnSync(process.execPath, ['local/bin/test.mjs', 'quick', '--testTimeout=1800000', ...files], {
    cwd: ROOT,
    env: { ...process.env, DRL_COVERAGE_FOLDER: folder },
    encoding: 'utf8',
  });
  expect({ status: run.status, output: run.status === 0 ? '' : run.stderr }).toEqual({ status: 0, output: '' });
  const written = readdirSync(folder).filter((name) => name.endsWith('.hits.json'));
  const hits = new Set(written.flatMap((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as string[]));
  rmSync(folder, { recursive: true });

  const ways = branches.flatMap(({ contract, line, text, counters }) =>
    [0, 1].map((way) => ({
      taken: counters.some((counter) => hits.has(`${contract}:${counter}:${way}`)),
      where: `${contract}.sol:${line} jump ${way}: ${text}`,
    })),
  );
  expect(branches.filter(({ counters }) => counters.length === 0)).toEqual([]);
  const missed = ways.filter(({ taken }) => !taken).map(({ where }) => where);
  console.log(`${ways.length - missed.length} of ${ways.length} ways of ${branches.length} branches taken`);
  expect(missed).toEqual([]);
});
