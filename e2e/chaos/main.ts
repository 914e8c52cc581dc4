import { parseArgs } from 'node:util';
import { ProductError } from '../../domain/errors.ts';
import { type ChaosResult, type Suite, summaryOf, violationsOf } from './result.ts';
import { settleKill } from './settle-kill.ts';
import { settleRace } from './settle-race.ts';
import { settleReorg } from './settle-reorg.ts';
import { settleRpc } from './settle-rpc.ts';

/** Each with as many runs as the project's targets ask for. */
const SUITES: Record<string, { suite: Suite; times: number }> = {
  'settle-kill': { suite: settleKill, times: 1_000 },
  'settle-race': { suite: settleRace, times: 1_000 },
  'settle-rpc': { suite: settleRpc, times: 10_000 },
  'settle-reorg': { suite: settleReorg, times: 1_000 },
};
const PROGRESS_MS = 10_000;

const usage = (problem: string): never => {
  process.stderr.write(
    `${problem}\nusage: npm run chaos -- <${Object.keys(SUITES).join(' | ')}> [--times n] [--seed s] [--minutes m] [--json]\n`,
  );
  process.exit(2);
};

const wholeNumber = (name: string, value: string | undefined, otherwise: number): number => {
  if (value === undefined) return otherwise;
  return /^\d+$/.test(value) ? Number(value) : usage(`--${name} is no whole number: ${value}`);
};

function print(result: ChaosResult, json: boolean): void {
  const summary = summaryOf(result);
  if (json) return void process.stdout.write(`${JSON.stringify(summary)}\n`);
  const { figures, ...head } = summary;
  for (const [figure, value] of Object.entries({ ...head, ...figures }))
    process.stdout.write(`${figure.padEnd(24)} ${typeof value === 'object' ? JSON.stringify(value) : value}\n`);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    times: { type: 'string' },
    seed: { type: 'string' },
    minutes: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const [name = ''] = positionals;
if (!(name in SUITES)) usage(`no suite "${name}"`);
const { suite, times: all } = SUITES[name];
const times = wholeNumber('times', values.times, all);
const seed = wholeNumber('seed', values.seed, 1);
const endsAt = performance.now() + 60_000 * wholeNumber('minutes', values.minutes, Number.POSITIVE_INFINITY);
let interrupted = false;
process.once('SIGINT', () => {
  interrupted = true; // the figures of what was done are worth more than an end at once
});
let toldAt = performance.now();
/** A tool that is missing is said in the same form as a result. */
const failed = (error: unknown): never => {
  const message = error instanceof Error ? error.message : String(error);
  const remedy = error instanceof ProductError && error.remedy ? ` (${error.remedy})` : '';
  if (values.json) process.stdout.write(`${JSON.stringify({ suite: name, error: `${message}${remedy}` })}\n`);
  else process.stderr.write(`${name}: ${message}${remedy}\n`);
  process.exit(1);
};
const result = await suite({
  times,
  seed,
  goOn: (done) => {
    const now = performance.now();
    if (now - toldAt >= PROGRESS_MS) {
      toldAt = now;
      process.stderr.write(`${name}: ${done} of ${times}\n`);
    }
    return !interrupted && now < endsAt;
  },
}).catch(failed);
print(result, values.json);
process.exit(violationsOf(result) === 0 ? 0 : 1);
