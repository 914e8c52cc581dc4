import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ProductError } from '../../domain/errors.ts';
import { type Measure, nameOf, type Run } from './study.ts';

/** What a child process answers. */
export type Answer = { result: unknown } | { error: string };

/** Runs of a study spread over child processes; each takes the next run when it is done with its last. */
export const measureInProcesses =
  (study: string, processes: number): Measure =>
  async (runs, onResult) => {
    const queue = [...runs];
    const one = async (): Promise<void> => {
      const child = fork(fileURLToPath(new URL('./child.ts', import.meta.url)), [study]);
      try {
        for (let run = queue.shift(); run !== undefined; run = queue.shift())
          await onResult(run, await ask(child, run));
      } finally {
        child.kill();
      }
    };
    await Promise.all(Array.from({ length: Math.min(processes, runs.length) }, one));
  };

function ask(child: ChildProcess, run: Run): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const failed = (message: string): void =>
      reject(new ProductError('EVIDENCE_RUN', 'A run of the study failed', { facts: { run: nameOf(run), message } }));
    const onExit = (code: number | null): void => failed(`its process ended with ${code}`);
    child.once('exit', onExit);
    child.once('message', (answer: Answer) => {
      child.off('exit', onExit);
      if ('error' in answer) failed(answer.error);
      else resolve(answer.result);
    });
    child.send(run);
  });
}
