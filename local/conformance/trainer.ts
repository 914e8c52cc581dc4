import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** One line of a trainer's standard output; `text` is what it was, whether JSON or not. */
export interface TrainerLine {
  readonly text: string;
  /** null: not one JSON object with a `type`. */
  readonly json: ({ readonly type: string } & Readonly<Record<string, unknown>>) | null;
}

export interface TrainerRun {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly lines: readonly TrainerLine[];
  readonly stderr: string;
  /** Seconds from the moment it was told to end, or null where it was not. */
  readonly endedAfterS: number | null;
  /** It did not end in the time that it was given, and was killed. */
  readonly hung: boolean;
}

/** How a run is disturbed: at the first line of progress at or beyond `step`. */
export interface Disturbance {
  readonly step: number;
  readonly how: NodeJS.Signals | 'orphan';
}

export interface RunOptions {
  /** Working directory, and where HOME and TMPDIR lead. */
  readonly cwd: string;
  readonly disturb?: Disturbance;
  /** Run without the folder that the contract asks for. */
  readonly withoutFolder?: boolean;
}

/** A trainer under test: a command to which the folder is added. */
export class Trainer {
  readonly command: readonly string[];
  readonly #patienceMs: number;

  constructor(command: readonly string[], patienceMs: number) {
    this.command = command;
    this.#patienceMs = patienceMs;
  }

  /** @throws Error where the command cannot be started at all. */
  async run(folder: string, { cwd, disturb, withoutFolder = false }: RunOptions): Promise<TrainerRun> {
    const orphan = disturb?.how === 'orphan';
    const [program, ...args] = [...this.command, ...(withoutFolder ? [] : [folder])];
    const child = spawn(program, args, {
      cwd,
      stdio: [orphan ? 'pipe' : 'ignore', 'pipe', 'pipe'],
      env: { ...process.env, HOME: cwd, TMPDIR: cwd, NODE_OPTIONS: '', DRL_TRAINER_PARENT: orphan ? '1' : '' },
    });
    const ending = ended(child);
    const lines: TrainerLine[] = [];
    let stderr = '';
    let toldMs: number | null = null;
    let hung = false;
    const watch = setTimeout(() => {
      hung = true;
      child.kill('SIGKILL');
    }, this.#patienceMs);
    child.stderr?.on('data', (chunk) => {
      stderr = `${stderr}${chunk}`.slice(-4000);
    });
    if (child.stdout)
      createInterface({ input: child.stdout }).on('line', (text) => {
        const line = parse(text);
        lines.push(line);
        const step = line.json?.type === 'progress' ? Number(line.json.step) : -1;
        if (!disturb || toldMs !== null || step < disturb.step) return;
        toldMs = performance.now();
        if (disturb.how === 'orphan') child.stdin?.end();
        else child.kill(disturb.how);
      });
    const { code, signal } = await ending.finally(() => clearTimeout(watch));
    const endedAfterS = toldMs === null ? null : (performance.now() - toldMs) / 1000;
    return { code, signal, lines, stderr, endedAfterS, hung };
  }
}

const ended = (child: ChildProcess): Promise<{ code: number | null; signal: NodeJS.Signals | null }> =>
  new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal }));
  });

function parse(text: string): TrainerLine {
  try {
    const value = JSON.parse(text);
    return { text, json: typeof value?.type === 'string' ? value : null };
  } catch {
    return { text, json: null };
  }
}
