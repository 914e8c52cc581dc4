import { parseArgs } from 'node:util';
import type { ChaosResult, Suite } from './result.ts';
import { violationsOf } from './result.ts';
import { settleKill } from './settle-kill.ts';
import { settleRace } from './settle-race.ts';
import { settleReorg } from './settle-reorg.ts';
import { settleRpc } from './settle-rpc.ts';

/** Each with the number of runs of the project's targets. */
const SUITES: Record<string, { suite: Suite; runs: number }> = {
  'settle-kill': { suite: settleKill, runs: 1_000 },
  'settle-race': { suite: settleRace, runs: 1_000 },
  'settle-rpc': { suite: settleRpc, runs: 10_000 },
  'settle-reorg': { suite: settleReorg, runs: 1_000 },
};
const PROGRESS_MS = 10_000;

const usage = (problem: string): never => {
  process.stderr.write(
    `${problem}\nusage: npm run chaos -- <${Object.keys(SUITES).join(' | ')}> [--runs n] [--seed s] [--minutes m] [--json]\n`,
  );
  process.exit(2);
};

const wholeNumber = (name: string, value: string | undefined, otherwise: number): number => {
  if (value === undefined) return otherwise;
  return /^\d+$/.test(value) ? Number(value) : usage(`--${name} is no whole number: ${value}`);
};

function print(result: ChaosResult, json: boolean): void {
  if (json) return void process.stdout.write(`${JSON.stringify(result)}\n`);
  const { figures, ...head } = result;
  for (const [figure, value] of Object.entries({ ...head, ...figures }))
    process.stdout.write(`${figure.padEnd(24)} ${typeof value === 'object' ? JSON.stringify(value) : value}\n`);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string' },
    seed: { type: 'string' },
    minutes: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const [name = ''] = positionals;
if (!(name in SUITES)) usage(`no suite "${name}"`);
const { suite, runs: all } = SUITES[name];
const runs = wholeNumber('runs', values.runs, all);
const seed = wholeNumber('seed', values.seed, 1);
const endsAt = performance.now() + 60_000 * wholeNumber('minutes', values.minutes, Number.POSITIVE_INFINITY);
let interrupted = false;
process.once('SIGINT', () => {
  interrupted = true; // the figures of what was done are worth more than an end at once
});
let toldAt = performance.now();
const result = await suite({
  runs,
  seed,
  goOn: (done) => {
    const now = performance.now();
    if (now - toldAt >= PROGRESS_MS) {
      toldAt = now;
      process.stderr.write(`${name}: ${done} of ${runs}\n`);
    }
    return !interrupted && now < endsAt;
  },
});
print(result, values.json);
process.exit(violationsOf(result) === 0 ? 0 : 1);
