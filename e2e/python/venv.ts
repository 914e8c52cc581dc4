import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const CANDIDATES =
  process.platform === 'win32' ? ['python', 'py'] : ['python3', 'python3.13', 'python3.12', 'python3.11'];
const PROBE = 'import sys, venv, ensurepip; sys.exit(0 if sys.version_info >= (3, 11) else 1)';

/** Command of a Python 3.11 or later that can make virtual environments; null: there is none. */
function findPython(): string | null {
  return CANDIDATES.find((name) => spawnSync(name, ['-c', PROBE], { stdio: 'ignore' }).status === 0) ?? null;
}

/**
 * The interpreter of a virtual environment with pinned packages, made on first use and kept in the cache under the hash of its requirements; null
 * where Python is missing. A half-made one is never taken for whole.
 * @param name of the environment in the cache
 * @param requirements file that pip reads
 */
export function venvPython(name: string, requirements: string): string | null {
  const hash = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'drl-portfolio', name);
  const folder = join(cache, hash);
  const inside = process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python'];
  const interpreter = join(folder, ...inside);
  const whole = join(folder, 'whole');
  if (existsSync(whole)) return interpreter;
  const python = findPython();
  if (python === null) return null;
  process.stderr.write(`${name}: installing what ${requirements} names into the cache, once\n`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });
  execFileSync(python, ['-m', 'venv', folder], { stdio: ['ignore', 2, 2] });
  execFileSync(interpreter, ['-m', 'pip', 'install', '--quiet', '-r', requirements], { stdio: ['ignore', 2, 2] });
  mkdirSync(whole);
  return interpreter;
}

/** The version of a package in a requirements file. */
export function pinned(requirements: string, name: string): string {
  const line = readFileSync(requirements, 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${name}==`));
  if (!line) throw new Error(`${name} is not pinned in ${requirements}`);
  return line.slice(name.length + 2).trim();
}
