import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, jest, test } from '@jest/globals';
import { venvPython } from '../../e2e/python/venv.ts';
import { collectSources } from '../build.ts';
import { JUSTIFIED } from './slither/justified.ts';

jest.setTimeout(3_600_000);

const here = (path: string): string => fileURLToPath(new URL(`./slither/${path}`, import.meta.url));

interface Finding {
  check: string;
  description: string;
}

/** Findings in the sources (not in what they import), as `detector contract.function`. */
function findings(python: string, sources: Record<string, { content: string }>): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'slither-'));
  try {
    for (const [path, { content }] of Object.entries(sources)) {
      mkdirSync(join(folder, dirname(path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
    const solc = join(folder, 'solc');
    const command = `exec "${process.execPath}" --disable-warning=ExperimentalWarning "${here('solc-command.ts')}" "$@"`;
    writeFileSync(solc, `#!/bin/sh\n${command}\n`, { mode: 0o755 });
    const options = ['--solc', solc, '--filter-paths', '@openzeppelin', '--json', 'found.json'];
    const run = spawnSync(join(dirname(python), 'slither'), ['src/PortfolioFactory.sol', ...options], {
      cwd: folder,
      encoding: 'utf8',
    });
    if (run.error) throw run.error;
    const { success, error, results } = JSON.parse(readFileSync(join(folder, 'found.json'), 'utf8'));
    if (!success) throw new Error(error);
    return ((results.detectors ?? []) as Finding[]).map(placeOf).sort();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The first name of a contract's part in the words of a finding. */
function placeOf({ check, description }: Finding): string {
  const place = /(?:Portfolio|PortfolioFactory)\.\w+/.exec(description)?.[0] ?? description;
  return `${check} ${description.startsWith('Event ') ? place.replace('Portfolio.', '') : place}`;
}

const python = venvPython('slither', here('requirements.txt'));
if (!python) process.stderr.write('skipped: static analysis (no Python 3.11 with venv)\n');
const withPython = python ? test : test.skip;

withPython('Slither finds nothing in the contracts that is not justified, and everything that is', () => {
  expect(execFileSync(String(python), ['-m', 'pip', 'show', 'slither-analyzer'], { encoding: 'utf8' })).toContain(
    '0.11.6',
  );
  expect(findings(String(python), collectSources())).toEqual(Object.keys(JUSTIFIED).sort());
});
