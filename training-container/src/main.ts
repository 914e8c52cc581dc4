import { ProductError } from '../../domain/errors.ts';
import { trainJob } from './train-job.ts';

/**
 * `node main.ts <folder>`: the folder contract is in ../README.md. Progress goes to standard output, one JSON object a line;
 * exit code 0 done, 1 failed, 2 bad input, 75 told to end (SIGTERM or SIGINT): the checkpoint is written, start it again on the same folder.
 */
const say = (line: Record<string, unknown>): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`);
};

/** What an orphan has to write its checkpoint in. */
const ORPHAN_MS = 20_000;

const [folder] = process.argv.slice(2);
let told = false;
const tell = (): void => {
  told = true;
};
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, tell);
// A trainer never outlives the process that started it by more than the time that a checkpoint takes: the parent holds the other end of
// standard input, and reads no more of standard output once it is gone.
if (process.env.DRL_TRAINER_PARENT === '1') {
  process.stdout.on('error', tell);
  process.stdin.on('end', () => {
    tell();
    setTimeout(() => process.exit(1), ORPHAN_MS).unref();
  });
  process.stdin.resume();
}

try {
  if (!folder)
    throw new ProductError('USAGE', 'The training folder is missing', {
      kind: 'badInput',
      remedy: 'node main.ts <folder>',
    });
  const startedMs = performance.now();
  let first: { step: number; ms: number } | null = null;
  await trainJob(folder, {
    onProgress({ step, total, message, point }) {
      const ms = performance.now();
      // A resumed run counts from where it went on.
      first ??= { step: step === total ? 0 : step, ms: step === total ? startedMs : ms };
      const stepsPerSecond = ((step - first.step) * 1000) / Math.max(1, ms - first.ms);
      const secondsLeft = stepsPerSecond > 0 ? Math.round((total - step) / stepsPerSecond) : null;
      say({ type: 'progress', step, total, stepsPerSecond: Math.round(stepsPerSecond), secondsLeft, message, point });
    },
    onWarning: (message, facts) => say({ type: 'warning', message, facts }),
    interrupted: () => told,
  });
  say({ type: 'done', seconds: Number(((performance.now() - startedMs) / 1000).toFixed(3)) });
  process.exitCode = 0;
} catch (error) {
  const known = error instanceof ProductError ? error : null;
  say({
    type: 'error',
    code: known?.code ?? 'TRAIN_FAILED',
    message: error instanceof Error ? error.message : String(error),
    facts: known?.facts ?? {},
    remedy: known?.remedy ?? null,
  });
  if (!known && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  process.exitCode = known?.code === 'TRAIN_INTERRUPTED' ? 75 : known?.kind === 'badInput' ? 2 : 1;
}
if (process.env.DRL_TRAINER_PARENT === '1') process.stdin.destroy();
