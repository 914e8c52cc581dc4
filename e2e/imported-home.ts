import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const DRL = fileURLToPath(new URL('../local/bin/drl.mjs', import.meta.url));

/** A history this short turns over much, and had no crisis: the baseline must trade all the same. */
const CONFIG = {
  training: { totalSteps: 4096 },
  learningControl: { totalSteps: 4096 },
  gates: { risk: { maxTurnoverAnnual: 50, stressWindows: [] } },
};

export interface ImportedHome {
  readonly path: string;
  /** What a command prints on stdout with `--json`. */
  drl(...words: string[]): string;
  close(): void;
}

/** A home of its own into which files of bars on the sessions of New York were imported, by name and text. */
export function importedHome(files: Readonly<Record<string, string>>): ImportedHome {
  const folder = mkdtempSync(join(tmpdir(), 'drl-imported-'));
  const [path, bars, config] = ['home', 'bars', 'config.json'].map((name) => join(folder, name));
  mkdirSync(bars);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(bars, name), text);
  writeFileSync(config, JSON.stringify(CONFIG));
  const drl = (...words: string[]): string =>
    execFileSync(process.execPath, [DRL, ...words, '--home', path, '--config', config, '--json'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  drl('data', 'import', bars, '--calendar', 'XNYS');
  return { path, drl, close: () => rmSync(folder, { recursive: true, force: true }) };
}
