import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { badInput, refused } from '../domain/errors.ts';

/** Version of the layout under a home. A home of a newer version is refused, never guessed at. */
export const HOME_VERSION = 1;

/** The folder that holds all state of one installation on one machine. */
export interface Home {
  readonly path: string;
  readonly store: string;
  readonly ledger: string;
  readonly chain: string;
  /** Folders of trainings that were cut off: the same training goes on from there. */
  readonly jobs: string;
  /** Pages of a fetch that was cut off: the same fetch goes on from there. */
  readonly fetch: string;
  readonly universes: string;
  readonly keys: string;
  readonly apiSecret: string;
}

const layout = (path: string): Home => ({
  path,
  store: join(path, 'store'),
  ledger: join(path, 'ledger'),
  chain: join(path, 'chain'),
  jobs: join(path, 'jobs'),
  fetch: join(path, 'fetch'),
  universes: join(path, 'universes'),
  keys: join(path, 'keys.json'),
  apiSecret: join(path, 'api-secret'),
});

/** Open a home for writing; it is made when absent. */
export function openHome(folder: string): Home {
  const path = resolve(folder);
  try {
    mkdirSync(path, { recursive: true });
    accessSync(path, constants.W_OK);
  } catch (cause) {
    throw readOnly(path, cause);
  }
  // A person who removed every write bit meant it, even where the process could override it.
  if ((statSync(path).mode & 0o222) === 0) throw readOnly(path);
  const home = existingHome(folder);
  const file = join(path, 'home.json');
  if (!existsSync(file)) {
    try {
      writeHomeFile(file, { version: HOME_VERSION });
    } catch (cause) {
      throw readOnly(path, cause);
    }
  }
  return home;
}

/** Open a home for reading only: no lock, nothing made (drl verify, doctor). */
export function existingHome(folder: string): Home {
  const path = resolve(folder);
  const file = join(path, 'home.json');
  if (existsSync(file)) {
    const { version } = readHomeFile(file);
    if (version > HOME_VERSION) {
      throw badInput('HOME_NEWER', 'This home was written by a newer version of drl', {
        facts: { home: path, version, known: HOME_VERSION },
        remedy: 'Update the product, or name another home with --home.',
      });
    }
  }
  return layout(path);
}

interface HomeFile {
  version: number;
  /** The universe that commands use when none is named; absent: the configuration's. */
  universe?: string;
}

function readHomeFile(file: string): HomeFile {
  try {
    const read = JSON.parse(readFileSync(file, 'utf8')) as HomeFile;
    if (Number.isInteger(read.version) && read.version >= 1) return read;
  } catch {
    // told below, with the remedy
  }
  throw badInput('HOME_UNREADABLE', 'The home has no readable version', {
    facts: { file, field: 'version' },
    remedy: 'Restore home.json, or name another home with --home.',
  });
}

/** Whole or not at all: two commands may begin in a new home at once, and neither may read half of what the other writes. */
function writeHomeFile(file: string, value: HomeFile): void {
  const whole = `${file}.${process.pid}`;
  writeFileSync(whole, `${JSON.stringify(value)}\n`);
  renameSync(whole, file);
}

/** The universe that this home adopted, if it did. */
export function homeUniverse(home: Home): string | undefined {
  const file = join(home.path, 'home.json');
  return existsSync(file) ? readHomeFile(file).universe : undefined;
}

/** In a home that has run nothing yet an imported universe becomes the home's own. Returns whether it did. */
export function adoptUniverse(home: Home, universe: string): boolean {
  const file = join(home.path, 'home.json');
  const present = readHomeFile(file);
  if (present.universe === universe) return true;
  if (present.universe !== undefined || existsSync(join(home.path, 'runs'))) return false;
  writeHomeFile(file, { ...present, universe });
  return true;
}

const readOnly = (path: string, cause?: unknown) =>
  badInput('HOME_READ_ONLY', 'The home folder cannot be written', {
    facts: { home: path },
    remedy: 'Make it writable, or name another folder with --home.',
    cause,
  });

/** Who owns a home now: shown to the second comer, and asked over 127.0.0.1 when it serves. */
export interface HomeOwner {
  pid: number;
  command: string;
  url: string | null;
}

export interface HomeLock {
  /** Tell others where this process answers. */
  announce(url: string): void;
  release(): void;
}

/**
 * One process owns a home. The lock is an operating-system file lock (held through SQLite), so that it ends with the process
 * however the process ends; `owner.json` beside it only tells people and programs who holds it.
 */
export function lockHome(home: Home, command: string): HomeLock {
  const ownerFile = join(home.path, 'owner.json');
  const database = new DatabaseSync(join(home.path, 'lock'), { timeout: 200 });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch {
    database.close();
    const owner = homeOwner(home);
    throw refused('HOME_BUSY', 'Another drl process owns this home', {
      facts: {
        home: home.path,
        ...(owner ? { pid: owner.pid, command: owner.command, url: owner.url ?? 'none' } : {}),
      },
      remedy: 'Wait until it ends or stop it, or name another home with --home.',
    });
  }
  const write = (owner: HomeOwner) => writeFileSync(ownerFile, `${JSON.stringify(owner)}\n`);
  write({ pid: process.pid, command, url: null });
  return {
    announce: (url) => write({ pid: process.pid, command, url }),
    release() {
      rmSync(ownerFile, { force: true });
      database.close();
    },
  };
}

export function homeOwner(home: Home): HomeOwner | null {
  try {
    return JSON.parse(readFileSync(join(home.path, 'owner.json'), 'utf8')) as HomeOwner;
  } catch {
    return null;
  }
}
