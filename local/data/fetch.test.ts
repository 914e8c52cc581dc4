import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createMarketData } from '../../adapters/market-data/create.ts';
import type { PageProgress } from '../../adapters/market-data/paged.ts';
import { folderPages } from '../../adapters/market-data/pages.ts';
import { startVendorServer, VENDOR_KEYS, type VendorServer } from '../../adapters/market-data/vendor-server.ts';
import { FilesystemObjectStore } from '../../adapters/object-store/filesystem.ts';
import { type UniverseConfig, universeSchema } from '../../config/schema.ts';
import { sessionsBetween } from '../../domain/market/calendar.ts';
import { checkSource, fetchSource } from './fetch.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
let vendors: VendorServer;
let home: string;
let universe: UniverseConfig;

beforeAll(async () => {
  vendors = await startVendorServer('2024-01-03');
});
afterAll(() => vendors.close());
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'drl-fetch-'));
  const base = JSON.parse(await readFile(join(root, 'config/universes/equity-sim.json'), 'utf8')) as object;
  const http = { baseUrl: vendors.base, minIntervalMs: 0, timeoutMs: 10_000 };
  const providers = [
    { kind: 'alpaca', symbols: ['AAA', 'BBB', 'CCC', 'DDD', 'EEE'], start: '2023-11-15', ...http },
    { kind: 'sec', companies: { AAA: 1, BBB: 2 }, ...http },
  ];
  universe = universeSchema.parse({
    ...base,
    id: 'live',
    calendar: 'XNYS',
    members: 'all',
    provider: { kind: 'several', providers },
  });
  vendors.mischief = () => null;
  vendors.delayMs = 0;
  vendors.requests.length = 0;
});
afterEach(() => rm(home, { recursive: true }));

const store = () => new FilesystemObjectStore(join(home, 'store'));
const run = (seen: PageProgress[] = []) =>
  fetchSource(
    universe,
    createMarketData(universe.provider, {
      root,
      home,
      keys: async () => VENDOR_KEYS,
      pages: folderPages(join(home, 'fetch')),
      progress: (page) => seen.push(page),
    }),
    store(),
    'main',
  );

test('a fetch that fails half way stores nothing; the next one asks only for what is missing and leaves no page behind', async () => {
  vendors.mischief = (path) => (path.includes('companyfacts/CIK0000000002') ? 'outOfQuota' : null);
  await expect(run()).rejects.toMatchObject({
    code: 'FEED_QUOTA',
    facts: { provider: 'sec', retryAfterSeconds: 86_400 },
  });
  const asked = vendors.requests.length;
  expect(await store().list('')).toEqual([]);
  vendors.mischief = () => null;
  const seen: PageProgress[] = [];
  const report = await run(seen);
  expect(vendors.requests.slice(asked)).toEqual(['/api/xbrl/companyfacts/CIK0000000002.json']);
  expect(seen.filter(({ kept }) => kept)).toHaveLength(asked - 1);
  expect(report).toMatchObject({ symbols: 5, newestDay: '2024-01-03', quarantined: 0, revisions: [], absent: [] });
  expect(await readdir(home)).toEqual(['store']);
});

test('a kept page that was changed is fetched again', async () => {
  vendors.mischief = (path) => (path.includes('CIK0000000002') ? 'outOfQuota' : null);
  await expect(run()).rejects.toMatchObject({ code: 'FEED_QUOTA' });
  const asked = vendors.requests.length;
  const [page] = await readdir(join(home, 'fetch'));
  const path = join(home, 'fetch', page);
  await writeFile(path, (await readFile(path, 'utf8')).replace(/\d(?=[^\d]*$)/, '7x'));
  vendors.mischief = () => null;
  await run();
  expect(vendors.requests.slice(asked)).toHaveLength(2);
});

test('a row of a day to come is set aside, and is not the newest day: a folder is run as it lies, by the newest day that it has', async () => {
  const days = sessionsBetween('XNYS', '2024-01-02', '2024-02-29').map(
    (date, i) => `AAA,${date},10,11,9,10.5,${5000 + i}`,
  );
  const rows = ['symbol,date,open,high,low,close,volume', ...days, 'AAA,2999-01-02,10,11,9,10.5,5000'];
  const bytes = new TextEncoder().encode(rows.join('\n'));
  const folder = universeSchema.parse({ ...universe, provider: { kind: 'folder', path: 'bars' } });
  const report = await checkSource(folder, { fetch: async () => [{ name: 'bars.csv', bytes, origin: 'bars.csv' }] });
  expect(report).toMatchObject({ newestDay: '2024-02-29', quarantined: 1, reasons: { FUTURE_DATE: 1 } });
});

test('what was asked for by name and did not come is named; a member that has another symbol now has come', async () => {
  const days = sessionsBetween('XNYS', '2024-01-02', '2024-01-31').map(
    (date, i) => `NEW,${date},10,11,9,10.5,${5000 + i}`,
  );
  const file = (name: string, lines: string[]) => ({
    name,
    bytes: new TextEncoder().encode(lines.join('\n')),
    origin: name,
  });
  const files = [
    file('bars.csv', ['symbol,date,open,high,low,close,volume', ...days]),
    file('actions.csv', ['symbol,date,dividend,split,new_symbol', 'OLD,2024-01-02,0,1,NEW']),
  ];
  const folder = universeSchema.parse({
    ...universe,
    members: ['OLD', 'GONE'],
    provider: { kind: 'folder', path: 'bars' },
  });
  expect((await checkSource(folder, { fetch: async () => files })).absent).toEqual(['GONE']);
});

test('drl data fetch that is killed in the middle has stored nothing, and goes on where it was', async () => {
  await mkdir(join(home, 'universes'));
  await writeFile(join(home, 'universes', 'live.json'), JSON.stringify(universe));
  const drl = () =>
    spawn(process.execPath, [join(root, 'local/main.ts'), 'data', 'fetch', '--universe', 'live', '--home', home], {
      env: { ...process.env, ...VENDOR_KEYS },
    });
  vendors.delayMs = 150;
  const first = drl();
  while (vendors.requests.length < 4 && first.exitCode === null)
    await new Promise((resolve) => setTimeout(resolve, 10));
  first.kill('SIGKILL');
  await new Promise((resolve) => first.once('close', resolve));
  expect(await store().list('')).toEqual([]);
  const kept = (await readdir(join(home, 'fetch'))).filter((name) => !name.endsWith('.tmp')).length;
  expect(kept).toBeGreaterThanOrEqual(3);
  vendors.delayMs = 0;
  const before = [...vendors.requests];
  const second = drl();
  let shown = '';
  second.stderr.on('data', (chunk: Buffer) => {
    shown += chunk.toString();
  });
  second.stdout.on('data', (chunk: Buffer) => {
    shown += chunk.toString();
  });
  expect(await new Promise((resolve) => second.once('close', resolve))).toBe(0);
  const again = vendors.requests.slice(before.length).filter((path) => before.slice(0, kept).includes(path));
  expect(again).toEqual([]);
  expect(shown).toContain('5 symbols, 2023-11-15 to 2024-01-03');
  for (const key of Object.values(VENDOR_KEYS)) expect(shown).not.toContain(key);
  expect((await store().list('live/raw/')).length).toBeGreaterThan(8);
});
