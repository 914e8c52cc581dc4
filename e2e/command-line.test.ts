import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const DRL = fileURLToPath(new URL('../local/bin/drl.mjs', import.meta.url));
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'drl-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

function drl(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [DRL, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.on('close', (code) => resolve({ code: code ?? -1, stdout, stderr }));
  });
}

const home = (name: string): string => join(folder, name);
const errorOf = ({ stdout }: Ended) =>
  (JSON.parse(stdout) as { error: { code: string; message: string; facts: Record<string, unknown>; remedy: string } })
    .error;

describe('bad usage ends with 2 and says what to do', () => {
  it.each([
    ['an unknown command', ['nonsense'], /unknown command/],
    ['an unknown option', ['start', '--nonsense'], /unknown option/],
    ['a date that is none', ['run', 'daily', '--date', '2026-02-30', '--home', 'h'], /--date/],
    ['half a range', ['run', 'daily', '--from', '2026-01-05', '--home', 'h'], /--from and --to/],
    ['a machine that is none', ['run', 'weekly', '--home', 'h'], /daily/],
    ['a port that is none', ['serve', '--port', '99999', '--home', 'h'], /--port/],
    ['a study that is none', ['research', 'astrology', '--home', 'h'], /baselines/],
  ])('%s', async (_, args, message) => {
    const ended = await drl(...args.map((arg) => (arg === 'h' ? home('usage') : arg)));
    expect(ended.stderr).toMatch(message);
    expect(ended.code).toBe(2);
  });

  it('with --json the error is one document on stdout', async () => {
    const ended = await drl('run', 'daily', '--date', 'x', '--json', '--home', home('json'));
    expect(ended.code).toBe(2);
    expect(errorOf(ended)).toMatchObject({
      code: 'USAGE_DATE',
      facts: { option: '--date', value: 'x' },
      remedy: expect.any(String),
    });
    const wordless = await drl('data', 'import', '--json');
    expect(errorOf(wordless)).toMatchObject({ code: 'USAGE', remedy: expect.stringContaining('--help') });
  });
});

describe('a configuration', () => {
  const config = (value: unknown): string => {
    const file = join(folder, `config-${Math.trunc(performance.now() * 1000)}.json`);
    writeFileSync(file, JSON.stringify(value));
    return file;
  };

  it('with an unknown key is refused, naming file and key', async () => {
    const ended = await drl(
      'ingest',
      '--date',
      '2026-10-30',
      '--json',
      '--home',
      home('config'),
      '--config',
      config({ strategey: 'x' }),
    );
    expect(ended.code).toBe(2);
    expect(JSON.stringify(errorOf(ended))).toContain('strategey');
  });

  it('with limits that no portfolio can meet is refused, naming the field', async () => {
    const ended = await drl(
      'ingest',
      '--date',
      '2026-10-30',
      '--json',
      '--home',
      home('config'),
      '--config',
      config({ limits: { drawdown: { budget: 0.5, hardLimit: 0.1, resetAfterDays: null } } }),
    );
    expect(ended.code).toBe(2);
    expect(JSON.stringify(errorOf(ended))).toContain('drawdown');
  });
});

describe('a home', () => {
  it('that is read-only is refused', async () => {
    mkdirSync(home('read-only'));
    chmodSync(home('read-only'), 0o555);
    const ended = await drl('ingest', '--date', '2026-10-30', '--json', '--home', home('read-only'));
    chmodSync(home('read-only'), 0o755);
    expect(ended.code).toBe(2);
    expect(errorOf(ended).code).toBe('HOME_READ_ONLY');
    expect(readdirSync(home('read-only'))).toEqual([]);
  });

  it('of a newer version is refused', async () => {
    mkdirSync(home('newer'));
    writeFileSync(join(home('newer'), 'home.json'), JSON.stringify({ version: 99 }));
    const ended = await drl('ingest', '--date', '2026-10-30', '--json', '--home', home('newer'));
    expect(ended.code).toBe(2);
    expect(errorOf(ended)).toMatchObject({ code: 'HOME_NEWER', facts: { version: 99 } });
  });
});

describe('a day', () => {
  it('beyond the data is refused, naming the newest day', async () => {
    const ended = await drl('run', 'daily', '--date', '2030-01-02', '--json', '--home', home('days'));
    expect(ended.code).toBe(2);
    expect(JSON.stringify(errorOf(ended))).toContain('2026-10-30');
  });

  it('without a session is closed and writes nothing to the store', async () => {
    const ended = await drl('run', 'daily', '--date', '2026-10-31', '--json', '--home', home('closed'));
    expect(ended.stderr + ended.stdout).toContain('"closed"');
    expect(ended.code).toBe(0);
    expect(JSON.parse(ended.stdout)).toMatchObject({
      date: '2026-10-31',
      decision: null,
      settlement: null,
      stages: [{ stage: 'ingest', status: 'closed' }],
    });
    expect(readdirSync(home('closed'))).not.toContain('ledger');
  });
});

it('a busy port is told before any work is done', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const ended = await drl('start', '--port', String(port), '--json', '--home', home('port'));
  server.close();
  expect(ended.code).toBe(2);
  expect(JSON.stringify(errorOf(ended))).toContain(String(port));
  expect(errorOf(ended).remedy).toContain('--port');
});

it('a service that is told to stop stops whole, although the launcher alone was told', async () => {
  const child = spawn(process.execPath, [DRL, 'serve', '--port', '0', '--home', home('stopped')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let stdout = '';
  child.stdout.on('data', (chunk) => {
    if (stdout === '') child.kill('SIGTERM');
    stdout += chunk;
  });
  // closed when nobody holds its stdout any more: the launcher's child neither
  expect(await new Promise((resolve) => child.on('close', resolve))).toBe(0);
  expect(stdout).toMatch(/dashboard/);
});
