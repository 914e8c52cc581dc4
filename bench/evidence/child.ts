import type { Answer } from './processes.ts';
import { STUDIES } from './studies.ts';
import type { Run } from './study.ts';

// Child process of processes.ts: measures the runs that it is sent, one at a time, until its parent is gone.
const study = STUDIES[process.argv[2]];
const answer = (message: Answer): void => void process.send?.(message);
process.on('message', async (run: Run) => {
  try {
    answer({ result: await study.measure(run) });
  } catch (error) {
    answer({ error: (error as Error).message });
  }
});
process.on('disconnect', () => process.exit(1));
