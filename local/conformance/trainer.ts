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
  /** Working directory, and where HOME and every other variable that names a folder to write to leads. */
  readonly cwd: string;
  readonly disturb?: Disturbance;
  /** Run without the folder that the contract asks for. */
  readonly withoutFolder?: boolean;
}

/** Variables that tell a process where it may write: all of them lead to one empty folder, in which nothing may be found afterwards. */
const FOLDERS = [
  ...['HOME', 'TMPDIR', 'TMP', 'TEMP'],
  ...['XDG_CACHE_HOME', 'XDG_CONFIG_HOME', 'XDG_DATA_HOME', 'XDG_STATE_HOME'],
];
/** What keeps ONNX Runtime silent is the trainer's own to set: inherited from this process, it would hide that it is not. */
const SILENCERS = ['ORT_DISABLE_TELEMETRY', 'CI'];
const WINDOWS = process.platform === 'win32';

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
      detached: !WINDOWS,
      env: {
        ...process.env,
        ...Object.fromEntries(FOLDERS.map((name) => [name, cwd])),
        ...Object.fromEntries(SILENCERS.map((name) => [name, undefined])),
        NODE_OPTIONS: '',
        DRL_TRAINER_PARENT: orphan ? '1' : '',
      },
    });
    const abandon = (): void => {
      killAll(child);
      process.exit(130);
    };
    for (const signal of TOLD) process.once(signal, abandon);
    const ending = ended(child);
    const lines: TrainerLine[] = [];
    let stderr = '';
    let toldMs: number | null = null;
    let hung = false;
    const watch = setTimeout(() => {
      hung = true;
      killAll(child);
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
        else if (disturb.how === 'SIGKILL') killAll(child);
        else child.kill(disturb.how); // a container's first process is told, and nobody else
      });
    const { code, signal } = await ending.finally(() => {
      clearTimeout(watch);
      for (const signal of TOLD) process.off(signal, abandon);
    });
    const endedAfterS = toldMs === null ? null : (performance.now() - toldMs) / 1000;
    return { code, signal, lines, stderr, endedAfterS, hung };
  }
}

/** Signals that end the check itself, which a trainer in a group of its own does not hear. */
const TOLD = ['SIGINT', 'SIGTERM'] as const;

/** A trainer is often started by a shell or a launcher: whatever is left of its process group goes with it. */
function killAll(child: ChildProcess): void {
  if (WINDOWS || child.pid === undefined) {
    child.kill('SIGKILL');
    return;
  }
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // the whole group has ended
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
