import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { sha256 } from '../../domain/lineage/canonical.ts';
import type { JobFiles } from './jobs.ts';
import type { RunOptions, Trainer, TrainerRun } from './trainer.ts';

export interface CheckResult {
  readonly group: string;
  readonly check: string;
  readonly ok: boolean;
  /** What was seen. */
  readonly detail: string;
}

/** A demand of the contract that a trainer does not meet; the message says what was seen instead. */
export class Unmet extends Error {}

export function demand(condition: unknown, seen: string): asserts condition {
  if (!condition) throw new Unmet(seen);
}

/** A fact that must be there, whatever it says. */
export const PRESENT = Symbol('present');

/** `found` holds every fact of `wanted`. */
export const holds = (found: unknown, wanted: Readonly<Record<string, unknown>>): boolean =>
  Object.entries(wanted).every(([name, value]) => {
    const fact = (found as Record<string, unknown> | undefined)?.[name];
    return value === PRESENT ? fact !== undefined && fact !== null : isDeepStrictEqual(fact, value);
  });

/** Files below a folder, by path from it; none where there is no such folder. */
export async function filesBelow(folder: string): Promise<Record<string, Uint8Array>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const read = paths.sort().map(async (path) => [path.slice(folder.length + 1), await readFile(path)] as const);
  return Object.fromEntries(await Promise.all(read));
}

/** One of the files that a trainer wrote. @throws Unmet where it did not. */
export function fileOf(files: Record<string, Uint8Array>, name: string): Uint8Array {
  demand(name in files, `missing: ${name}`);
  return files[name];
}

/** Paths whose bytes differ or that only one of two sets of files has. */
export function difference(a: Record<string, Uint8Array>, b: Record<string, Uint8Array>): string[] {
  const hash = (bytes: Uint8Array | undefined): string | null => (bytes ? sha256(bytes) : null);
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((path) => hash(a[path]) !== hash(b[path])).sort();
}

/** Where a trainer is tried: folders of jobs that are removed at the end, and what was found. */
export class Workshop {
  readonly trainer: Trainer;
  readonly results: CheckResult[] = [];
  readonly #root: string;
  readonly #onResult: (result: CheckResult) => void;
  #group = '';

  private constructor(trainer: Trainer, root: string, onResult: (result: CheckResult) => void) {
    this.trainer = trainer;
    this.#root = root;
    this.#onResult = onResult;
  }

  static async open(trainer: Trainer, onResult: (result: CheckResult) => void): Promise<Workshop> {
    return new Workshop(trainer, await mkdtemp(join(tmpdir(), 'drl-conformance-')), onResult);
  }

  close(): Promise<void> {
    return rm(this.#root, { recursive: true, force: true });
  }

  /** Checks of one group. */
  async group(name: string, act: () => Promise<void>): Promise<void> {
    this.#group = name;
    await this.section('can be run', act);
  }

  /** Checks that rest on one job. Where it cannot be run, they end with a check that says so. */
  async section(name: string, act: () => Promise<void>): Promise<void> {
    await act().catch((error: Error) => {
      this.#record(name, false, error.message);
    });
  }

  async check(name: string, act: () => string | Promise<string>): Promise<void> {
    try {
      this.#record(name, true, await act());
    } catch (error) {
      this.#record(name, false, (error as Error).message);
    }
  }

  #record(check: string, ok: boolean, detail: string): void {
    const result = { group: this.#group, check, ok, detail };
    this.results.push(result);
    this.#onResult(result);
  }

  /** A folder with this job in it, and nothing else. */
  async lay(files: JobFiles): Promise<JobFolder> {
    const path = await mkdtemp(join(this.#root, 'job-'));
    const away = await mkdtemp(join(this.#root, 'away-'));
    const folder = new JobFolder(this.trainer, join(path, 'job'), away);
    await folder.lay(files);
    return folder;
  }
}

/** A job's folder, in which the trainer can be run again and again. `away` is its working directory, home and temporary folder. */
export class JobFolder {
  readonly path: string;
  readonly away: string;
  readonly #trainer: Trainer;

  constructor(trainer: Trainer, path: string, away: string) {
    this.#trainer = trainer;
    this.path = path;
    this.away = away;
  }

  async lay(files: JobFiles): Promise<void> {
    await rm(join(this.path, 'input'), { recursive: true, force: true });
    await mkdir(join(this.path, 'input'), { recursive: true });
    for (const [name, bytes] of Object.entries(files)) await writeFile(join(this.path, 'input', name), bytes);
  }

  run(options: Omit<RunOptions, 'cwd'> = {}): Promise<TrainerRun> {
    return this.#trainer.run(this.path, { ...options, cwd: this.away });
  }

  /** Run to the end. @throws Unmet where it does not end in exit code 0. */
  async complete(): Promise<TrainerRun> {
    const run = await this.run();
    demand(run.code === 0 && !run.hung, endOf(run));
    return run;
  }

  output(): Promise<Record<string, Uint8Array>> {
    return filesBelow(join(this.path, 'output'));
  }
}

/** How a run ended, in words. */
export function endOf({ code, signal, lines, stderr, hung }: TrainerRun): string {
  const said = lines.at(-1)?.text ?? stderr.trim().split('\n').at(-1) ?? '';
  const how = hung ? 'did not end in its time' : code === null ? `ended by ${signal}` : `exit code ${code}`;
  return `${how}, last line: ${said.slice(0, 160) || 'none'}`;
}
