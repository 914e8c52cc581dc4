import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { createMarketData } from '../../adapters/market-data/create.ts';
import { FilesystemObjectStore } from '../../adapters/object-store/filesystem.ts';
import { loadSettings } from '../../config/load.ts';
import { type Settings, universeSchema } from '../../config/schema.ts';
import { ingestStage } from '../../functions/ingest/ingest.ts';
import { existingHome, lockHome } from '../home.ts';
import { data } from './data.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const DAYS = Array.from({ length: 5 }, (_, t) => `2024-01-0${t + 1}`);
let home: string;
let folder: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'drl-said-'));
  folder = join(home, 'mine');
  await mkdir(folder);
});
afterEach(async () => {
  jest.restoreAllMocks();
  await rm(home, { recursive: true });
});

const put = (name: string, lines: readonly string[]) => writeFile(join(folder, name), `${lines.join('\n')}\n`);
const bars = (symbols: readonly string[], days: readonly string[] = DAYS) => [
  'symbol,date,open,high,low,close,volume',
  ...days.flatMap((date) => symbols.map((symbol) => `${symbol},${date},10,11,9,10.5,${Number(date.slice(8)) * 100}`)),
];
/** What a command prints, line by line. */
async function said(verb: string, ...words: string[]): Promise<string[]> {
  const print = jest.spyOn(console, 'log').mockImplementation(() => undefined);
  await data(verb, words, { home });
  const lines = print.mock.calls.flatMap(([text]) => String(text).split('\n'));
  print.mockRestore();
  return lines;
}
async function ingest(date: string): Promise<string> {
  const universe = universeSchema.parse(JSON.parse(await readFile(join(home, 'universes', 'user.json'), 'utf8')));
  const settings = { universe, profile: loadSettings({ root }).profile } as Settings;
  const store = new FilesystemObjectStore(join(home, 'store'));
  const marketData = createMarketData(universe.provider, { root, home });
  const run = { strategy: 'user', universe: 'user', date, profile: 'quick' } as const;
  return (await ingestStage.run(run, { settings, store, marketData })).dataset?.hash ?? '';
}

test('drl data import says of every file what became of it', async () => {
  await put('a.csv', bars(['AAA', 'BBB']));
  await put('b.csv', bars(['CCC']));
  await put('c.csv', bars(['CCC']));
  await put('notes.csv', ['when,what', '2024-01-02,nothing']);
  await put('prices.xlsx', ['PK']);
  await mkdir(join(folder, 'older'));
  await put('actions.csv', ['symbol,date,dividend,split', 'AAA,2024-01-03,0.1,']);
  expect(await said('import', folder)).toEqual([
    'universe user: 15 bars of 3 symbols, 2024-01-01 to 2024-01-05',
    'set aside: 0 rows (none)',
    'read     a.csv: 10 rows',
    'read     b.csv: 5 rows',
    'read     actions.csv',
    'skipped  c.csv: its symbols and dates are already in b.csv; to use this file, put it into a folder of its own',
    'skipped  notes.csv: no bars: it lacks the columns symbol, date, open, high, low, close, volume',
    'skipped  older: it is not read: only files that end in .csv, .csv.gz or .parquet are',
    'skipped  prices.xlsx: it is not read: only files that end in .csv, .csv.gz or .parquet are',
    "This home's universe is now user: npm start runs it.",
  ]);
});

test('drl data import warns of more assets than a ledger holds, before days of training end at the chain', async () => {
  const symbols = Array.from({ length: 741 }, (_, n) => `S${n}`);
  await put('a.csv', bars(symbols, DAYS.slice(0, 1)));
  expect(await said('import', folder)).toContainEqual(
    'warning  a ledger holds at most 740 assets, so 741 can be researched but not settled: name the members in universe.csv beside the bars, and import again',
  );
  await put('universe.csv', ['symbol,name,type,sector', ...symbols.slice(1).map((symbol) => `${symbol},,stock,`)]);
  expect((await said('import', folder)).join('\n')).not.toContain('ledger holds');
});

test('drl data diff says what differs, by count, then bar by bar and figure by figure', async () => {
  const macro = ['series,eventDate,knownDate,value', 'DFF,2024-01-01,2024-01-02,5.25'];
  await put('a.csv', bars(['AAA', 'BBB'], ['2023-12-29', ...DAYS]));
  await put('macro.csv', macro);
  await said('import', folder);
  const before = await ingest('2024-01-04');
  const revised = bars(['AAA', 'BBB'], ['2023-12-29', ...DAYS]).map((line) =>
    line.replace('BBB,2024-01-03,10,11,9,10.5,300', 'BBB,2024-01-03,10,11,9,10.4,301'),
  );
  await put('a.csv', revised);
  await put('macro.csv', [...macro, 'DFF,2024-01-04,2024-01-05,5.5']);
  await said('import', folder);
  const after = await ingest('2024-01-05');
  expect(await said('diff', before.slice(0, 8), after.slice(0, 8))).toEqual([
    `bars: only in ${before.slice(0, 8)}: 0 rows, only in ${after.slice(0, 8)}: 2, other values: 1; years that are the same file in both: 1, that are not: 2024`,
    `figures and series: only in ${before.slice(0, 8)}: 0, only in ${after.slice(0, 8)}: 1`,
    `instruments: only in ${before.slice(0, 8)}: none, only in ${after.slice(0, 8)}: none, otherwise described: 0; other files that differ: instruments.json, macro.parquet, revisions.parquet`,
    'changed  BBB 2024-01-03: close, volume',
    `only in ${after.slice(0, 8)}  DFF  2024-01-04 known 2024-01-05: 5.5`,
  ]);
});

test('drl data quarantine release waits for no one who owns the home: gc would remove the release that it has not seen named', async () => {
  await put('a.csv', bars(['AAA', 'BBB']));
  await said('import', folder);
  await ingest('2024-01-05');
  const release = () =>
    data('quarantine', ['release', ''], { home, by: 'Ada', because: 'seen elsewhere' }).catch(({ code }) => code);
  const lock = lockHome(existingHome(home), 'data gc');
  expect(await release()).toBe('HOME_BUSY');
  lock.release();
  expect(await release()).toBe('QUARANTINE_ROW');
});
