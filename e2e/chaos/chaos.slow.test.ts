import { expect, test } from '@jest/globals';
import { findPostgres } from '../../adapters/ledger/postgres-server.ts';
import { type Suite, violationsOf } from './result.ts';
import { settleKill } from './settle-kill.ts';
import { settleRace } from './settle-race.ts';
import { settleReorg } from './settle-reorg.ts';
import { settleRpc } from './settle-rpc.ts';

/** The same sample in every run, so that a failure is of the change that it appears with; `npm run chaos -- --seed n` goes further. */
const SEED = 20_785;

const bin = await findPostgres();
if (!bin) process.stderr.write('skipped: settle-kill (no initdb and pg_ctl found; install the postgresql package)\n');

const samples: [string, Suite, number][] = [
  ...(bin ? [['settle-kill', settleKill, 30] as [string, Suite, number]] : []),
  ['settle-race', settleRace, 10],
  ['settle-rpc', settleRpc, 60],
  ['settle-reorg', settleReorg, 64],
];

test.each(samples)('a sample of %s: settled once, nothing lost, no gap', async (name, suite, times) => {
  const result = await suite({ times, seed: SEED });
  process.stderr.write(`${name}, seed ${SEED}: ${JSON.stringify(result.figures)}\n`);
  expect(result.seen).toEqual([]);
  expect(violationsOf(result)).toBe(0);
  expect(result.times).toBe(times);
});
