import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ProductError } from '../../domain/errors.ts';
import type { TrainingJob, TrainingProgress } from './port.ts';

const TRAINER = fileURLToPath(new URL('../../training-container/src/main.ts', import.meta.url));
const LAST_LINES = 20;

/** A line of the trainer's standard output (training-container/README.md). */
type Line =
  | ({ type: 'progress' } & TrainingProgress)
  | { type: 'warning'; message: string; facts: Record<string, unknown> }
  | { type: 'done' }
  | { type: 'error'; code: string; message: string; facts: Record<string, unknown>; remedy: string | null };

/**
 * Runs the trainer as a child process on a folder of its own, as many at a time as there are cores. It ends with this process, however this
 * process ends.
 */
export function createSubprocessTrainingJob(options: { trainer?: string } = {}): TrainingJob {
  const cores = new Seats(availableParallelism());
  return {
    run: (job) => cores.sit(() => runJob(job, options.trainer ?? TRAINER)),
  };
}

/** So many at a time; the others wait in the order in which they came. */
class Seats {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  async sit<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    }
  }
}

async function runJob(
  { id, files, onProgress }: Parameters<TrainingJob['run']>[0],
  trainer: string,
): ReturnType<TrainingJob['run']> {
  const folder = await mkdtemp(join(tmpdir(), `drl-train-${id.slice(0, 24).replaceAll(/[^a-zA-Z0-9-]/g, '_')}-`));
  try {
    await mkdir(join(folder, 'input'));
    for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, 'input', name), bytes);
    await runTrainer(trainer, folder, id, onProgress);
    const output = join(folder, 'output');
    const entries = await readdir(output, { recursive: true, withFileTypes: true });
    const names = entries
      .filter((entry) => entry.isFile())
      .map((entry) => relative(output, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
      .sort();
    return {
      files: Object.fromEntries(
        await Promise.all(
          names.map(async (name) => [name, new Uint8Array(await readFile(join(output, name)))] as const),
        ),
      ),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function runTrainer(
  trainer: string,
  folder: string,
  id: string,
  onProgress?: (progress: TrainingProgress) => void,
): Promise<void> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', trainer, folder], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, DRL_TRAINER_PARENT: '1', NODE_OPTIONS: '' },
  });
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
  });
  if (code === 0) return;
  const told = failure as Extract<Line, { type: 'error' }> | null;
  throw new ProductError(told?.code ?? 'TRAINER_FAILED', told?.message ?? 'The trainer ended before it was done', {
    facts: { job: id, exitCode: code, signal, ...told?.facts, ...(last.length > 0 ? { lastLines: last } : {}) },
    remedy: told?.remedy ?? 'Run the stage again: it starts anew. The last lines say what went wrong.',
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
