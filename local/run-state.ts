import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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
    throw error;
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
