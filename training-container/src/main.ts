import { ProductError } from '../../domain/errors.ts';
import { trainJob } from './train-job.ts';

/**
 * `node main.ts <folder>`: the folder contract is in ../README.md. Progress goes to standard output, one JSON object a line;
 * exit code 0 done, 1 failed, 2 bad input.
 */
const say = (line: Record<string, unknown>): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`);
};

const [folder] = process.argv.slice(2);
// A trainer never outlives the process that started it: the parent holds the other end of standard input.
if (process.env.DRL_TRAINER_PARENT === '1') process.stdin.on('end', () => process.exit(1)).resume();

try {
  if (!folder)
    throw new ProductError('USAGE', 'The training folder is missing', {
      kind: 'badInput',
      remedy: 'node main.ts <folder>',
    });
  const startedMs = performance.now();
  let first: { step: number; ms: number } | null = null;
  await trainJob(folder, ({ step, total, message }) => {
    const ms = performance.now();
    first ??= { step: 0, ms: startedMs };
    say({
      type: 'progress',
      step,
      total,
      stepsPerSecond: Math.round(((step - first.step) * 1000) / Math.max(1, ms - first.ms)),
      message,
    });
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
  process.exitCode = known?.kind === 'badInput' ? 2 : 1;
}
if (process.env.DRL_TRAINER_PARENT === '1') process.stdin.destroy();
