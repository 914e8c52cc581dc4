import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { refused } from '../domain/errors.ts';
import type { Installation } from './installation.ts';

/** The state document of one day: names and hashes that the stages returned. */
export type State = Record<string, unknown>;

const file = ({ home, settings }: Installation, date: string, name: string): string =>
  join(home.path, 'runs', settings.config.strategy, `${date}.${name}.json`);

function write(path: string, value: unknown): void {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(`${path}.tmp`, `${JSON.stringify(value, null, 2)}\n`);
  renameSync(`${path}.tmp`, path);
}

function read<T>(path: string): T | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    if (!(error instanceof SyntaxError)) throw error;
    throw refused('RUN_STATE_UNREADABLE', 'What is noted of a day cannot be read', {
      facts: { file: path, problem: error.message },
      remedy: 'Remove the file and run the day again: its stages answer from what is stored.',
      cause: error,
    });
  }
}

export const readState = (installation: Installation, date: string): State =>
  read<State>(file(installation, date, 'state')) ?? {};
export const writeState = (installation: Installation, date: string, state: State): void =>
  write(file(installation, date, 'state'), state);
export const readDocument = <T>(installation: Installation, date: string): T | null =>
  read<T>(file(installation, date, 'document'));
export const writeDocument = (installation: Installation, date: string, document: unknown): void =>
  write(file(installation, date, 'document'), document);

/** The state of the newest day that was run to its report. */
export function newestState(installation: Installation): State | null {
  const folder = join(installation.home.path, 'runs', installation.settings.config.strategy);
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith('.document.json'));
  } catch {
    return null; // no day was run yet
  }
  const newest = names.sort().at(-1);
  return newest ? readState(installation, newest.slice(0, 10)) : null;
}
