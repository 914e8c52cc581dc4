import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ProductError } from '../domain/errors.ts';
import { existingHome, HOME_VERSION, homeOwner, lockHome, openHome } from './home.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'drl-home-'));
});
afterEach(() => {
  chmodSync(folder, 0o755);
  rmSync(folder, { recursive: true, force: true });
});

const caught = (act: () => unknown): ProductError => {
  try {
    act();
  } catch (error) {
    if (error instanceof ProductError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
};

describe('a home', () => {
  it('is made on first use and opened again', () => {
    const path = join(folder, 'a', 'b');
    expect(openHome(path).store).toBe(join(path, 'store'));
    expect(openHome(path).path).toBe(path);
  });

  it('of a newer version is refused, naming both versions', () => {
    writeFileSync(join(folder, 'home.json'), JSON.stringify({ version: HOME_VERSION + 1 }));
    const error = caught(() => openHome(folder));
    expect(error).toMatchObject({
      code: 'HOME_NEWER',
      kind: 'badInput',
      facts: { version: HOME_VERSION + 1, known: HOME_VERSION },
    });
    expect(caught(() => existingHome(folder)).code).toBe('HOME_NEWER');
  });

  it('with an unreadable version is refused', () => {
    writeFileSync(join(folder, 'home.json'), '{');
    expect(caught(() => openHome(folder)).code).toBe('HOME_UNREADABLE');
  });

  it('without a write bit is refused, also to a process that could override it', () => {
    chmodSync(folder, 0o555);
    expect(caught(() => openHome(folder))).toMatchObject({ code: 'HOME_READ_ONLY', kind: 'badInput' });
  });
});

describe('the lock of a home', () => {
  it('has one owner at a time, who is named to the second', () => {
    const home = openHome(folder);
    const lock = lockHome(home, 'start');
    lock.announce('http://127.0.0.1:1');
    expect(caught(() => lockHome(home, 'run daily'))).toMatchObject({
      code: 'HOME_BUSY',
      kind: 'refused',
      facts: { pid: process.pid, command: 'start', url: 'http://127.0.0.1:1' },
    });
    lock.release();
    expect(homeOwner(home)).toBeNull();
    lockHome(home, 'again').release();
  });
});
