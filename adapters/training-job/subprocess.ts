import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ProductError } from '../../domain/errors.ts';
import type { TrainingSettings } from '../../domain/training/settings.ts';
import { Ending } from './ending.ts';
import { type CheckpointKeeper, openJobFolder } from './folder.ts';
import type { TrainingJob, TrainingProgress } from './port.ts';

const TRAINER = fileURLToPath(new URL('../../training-container/src/main.ts', import.meta.url));
const LAST_LINES = 20;

export interface SubprocessOptions {
  /** File that is run. @default the trainer of this product */
  readonly trainer?: string;
  /** Where folders of jobs lie; the same job goes on from one that was cut off. @default the temporary folder, nothing is kept */
  readonly folder?: string;
  /** Keeps what was cut off where it outlives this machine. */
  readonly keeper?: CheckpointKeeper;
}

/** A line of the trainer's standard output (training-container/README.md). */
type Line =
  | ({ type: 'progress' } & TrainingProgress)
  | { type: 'warning'; message: string; facts: Record<string, unknown> }
  | { type: 'done' }
  | { type: 'error'; code: string; message: string; facts: Record<string, unknown>; remedy: string | null };

/**
 * Runs the trainer as a child process on a folder of its own. When this process is told to end (SIGTERM, SIGINT) the trainers are too: they
 * write their checkpoints, and every job fails with TRAIN_INTERRUPTED. However this process ends, they do not outlive it.
 */
export function createSubprocessTrainingJob(options: SubprocessOptions = {}): TrainingJob {
  const { trainer = TRAINER, folder: parent = null, keeper = null } = options;
  const ending = new Ending();
  const runOne: TrainingJob['run'] = async ({ id, files, onProgress }) => {
    ending.refuseNew(id);
    onProgress?.({ step: 0, total: stepsOf(files), stepsPerSecond: 0, message: 'starting' });
    const folder = await openJobFolder(id, files, { parent, keeper });
    try {
      await runTrainer({ trainer, folder: folder.path, id, ending, onProgress });
      const output = await folder.output();
      await folder.close(true);
      return { files: output };
    } catch (error) {
      await folder.close(error instanceof ProductError && error.kind === 'badInput');
      throw error;
    }
  };
  return { run: (job) => ending.during(() => runOne(job)) };
}

/** Environment steps that a job asks for; 1 where it does not say. */
function stepsOf(files: Record<string, Uint8Array>): number {
  try {
    const job = JSON.parse(new TextDecoder().decode(files['job.json'])) as { training?: Partial<TrainingSettings> };
    const { totalSteps = 1, pretraining, population } = job.training ?? {};
    return (totalSteps + (pretraining?.steps ?? 0)) * (population?.members ?? 1);
  } catch {
    return 1; // the trainer says what is wrong with it
  }
}

interface TrainerRun {
  trainer: string;
  folder: string;
  id: string;
  ending: Ending;
  onProgress: ((progress: TrainingProgress) => void) | undefined;
}

async function runTrainer({ trainer, folder, id, ending, onProgress }: TrainerRun): Promise<void> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', trainer, folder], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, DRL_TRAINER_PARENT: '1', NODE_OPTIONS: '' },
  });
  const remove = ending.add(child);
  const last: string[] = [];
  const remember = (line: string): void => {
    last.push(line);
    if (last.length > LAST_LINES) last.shift();
  };
  let failure: Extract<Line, { type: 'error' }> | null = null;
  createInterface({ input: child.stderr }).on('line', remember);
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = parseLine(text);
    if (line?.type === 'progress') onProgress?.(line);
    else if (line?.type === 'error') failure = line;
    else if (!line) remember(text);
  });
  const { code, signal } = await new Promise<{ code: number | null; signal: string | null }>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode, exitSignal) => resolve({ code: exitCode, signal: exitSignal }));
  }).finally(remove);
  if (code === 0) return;
  const told = failure as Extract<Line, { type: 'error' }> | null;
  throw new ProductError(told?.code ?? 'TRAINER_FAILED', told?.message ?? 'The trainer ended before it was done', {
    facts: {
      ...(told ? { ...told.facts, job: id } : { job: id, exitCode: code, signal }),
      ...(last.length > 0 ? { lastLines: last } : {}),
    },
    remedy: told?.remedy ?? 'The last lines say what went wrong; run the same again when it is mended.',
    kind: code === 2 ? 'badInput' : 'failed',
  });
}

function parseLine(text: string): Line | null {
  try {
    const value = JSON.parse(text) as Line;
    return typeof value === 'object' && value !== null && 'type' in value ? value : null;
  } catch {
    return null;
  }
}
