import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createMarketData } from '../../adapters/market-data/create.ts';
import { FilesystemObjectStore } from '../../adapters/object-store/filesystem.ts';
import { getArtifactFile, getManifest, putArtifact } from '../../adapters/object-store/port.ts';
import { readTable, writeTable } from '../../adapters/parquet/parquet.ts';
import { loadSettings } from '../../config/load.ts';
import { type Settings, universeSchema } from '../../config/schema.ts';
import type { CalendarId } from '../../domain/market/calendar.ts';
import { DATASET_SCHEMA, loadBars, loadDataset } from '../../functions/artifacts/dataset.ts';
import { loadReleases } from '../../functions/artifacts/release.ts';
import { ingestStage } from '../../functions/ingest/ingest.ts';
import { checkoutDataset, diffDatasets } from './checkout.ts';
import { dataLog, dataQuarantine } from './datasets.ts';
import { checkSource, fetchSource } from './fetch.ts';
import { collectGarbage } from './garbage.ts';
import { importFolder } from './import.ts';
import { lineageOf } from './lineage.ts';
import { explainRow, releaseRow } from './quarantine.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const HEADER = 'symbol,date,open,high,low,close,volume';
const DAYS = [
  '02',
  '03',
  '04',
  '05',
  '08',
  '09',
  '10',
  '11',
  '12',
  '16',
  '17',
  '18',
  '19',
  '22',
  '23',
  '24',
  '25',
  '26',
  '29',
  '30',
  '31',
].map((day) => `2024-01-${day}`);

let home: string;
let folder: string;
let store: FilesystemObjectStore;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'drl-data-'));
  folder = join(home, 'mine');
  await mkdir(folder);
  store = new FilesystemObjectStore(join(home, 'store'));
});
afterEach(() => rm(home, { recursive: true }));

const rowsOf = (symbols: string[], from = 0) =>
  DAYS.flatMap((date, t) =>
    symbols.map((symbol, s) => `${symbol},${date},${10 + t},${12 + t},${9 + t},${11 + t},${from + 100 * t + s}`),
  );
const csv = (rows: string[], header = HEADER) => `${[header, ...rows].join('\n')}\n`;
const put = (name: string, content: string | Uint8Array) => writeFile(join(folder, name), content);
const run = (options: { calendar?: CalendarId; universe?: string } = {}) =>
  importFolder({ folder, universe: 'user', calendar: 'data', store, strategy: 'user', home, ...options });
const written = async () => [...(await store.list('')), ...(existsSync(join(home, 'universes')) ? ['universes'] : [])];

async function ingestDay(date: string) {
  const universe = universeSchema.parse(JSON.parse(await readFile(join(home, 'universes', 'user.json'), 'utf8')));
  const profile = loadSettings({ root }).profile;
  const marketData = createMarketData(universe.provider, { root, home });
  const settings = { universe, profile } as Settings;
  return ingestStage.run(
    { strategy: 'user', universe: 'user', date, profile: 'quick' },
    { settings, store, marketData },
  );
}

describe('drl data import', () => {
  test('stores a folder and makes a universe of it that runs', async () => {
    await put('bars.csv', csv(rowsOf(['AAA', 'BBB', 'CCC'])));
    const report = await run();
    expect(report).toMatchObject({
      universe: 'user',
      rows: 63,
      symbols: 3,
      quarantined: 0,
      firstDay: '2024-01-02',
      newestDay: '2024-01-31',
      skipped: [],
    });
    const output = await ingestDay('2024-01-31');
    expect(output).toMatchObject({ open: true, rows: 63, symbols: 3 });
    const { panel, facts } = await loadDataset(store, 'user', output.dataset!);
    expect(panel.symbols).toEqual(['AAA', 'BBB', 'CCC']);
    expect(facts.redistribution).toBe(false);
    expect(await ingestDay('2024-01-06')).toMatchObject({ open: false });
    await expect(ingestDay('2024-02-01')).rejects.toMatchObject({
      code: 'INGEST_NO_BAR',
      facts: { newestDay: '2024-01-31' },
    });
  });

  test('reads gz and Parquet, years in files of their own, names and sectors, and actions', async () => {
    await put('a.csv.gz', gzipSync(csv(rowsOf(['AAA']))));
    const rows = rowsOf(['BBB']).map((row) => row.split(','));
    const number = (c: number) => ({ type: 'DOUBLE' as const, data: Float64Array.from(rows, (row) => Number(row[c])) });
    await put(
      'b.parquet',
      writeTable({
        date: { type: 'STRING', data: rows.map((row) => row[1]) },
        symbol: { type: 'STRING', data: rows.map((row) => row[0]) },
        open: number(2),
        high: number(3),
        low: number(4),
        close: number(5),
        volume: number(6),
      }),
    );
    await put('universe.csv', 'symbol,name,type,sector\nAAA,"Aye, Inc.",stock,Health Care\nBBB,Bee fund,etf,\n');
    await put('actions.csv', 'symbol,date,dividend,split\nAAA,2024-01-08,0.5,1\n');
    const report = await run();
    expect(report.files.map(({ file, symbols }) => [file, symbols])).toEqual([
      ['a.csv.gz', 1],
      ['b.parquet', 1],
    ]);
    const dataset = (await ingestDay('2024-01-31')).dataset!;
    const { panel, instruments } = await loadDataset(store, 'user', dataset);
    const bars = await loadBars(store, 'user', dataset);
    expect(instruments).toMatchObject([
      { name: 'Aye, Inc.', kind: 'equity', group: 'health-care' },
      { name: 'Bee fund', kind: 'etf', group: 'etf' },
    ]);
    expect(bars.dividend?.some((dividend) => dividend === 0.5)).toBe(true);
    expect(panel.returns[4 * 2]).toBeCloseTo(15.5 / 14 - 1, 12);
  });

  test('makes days of bars of an hour, and keeps the hours', async () => {
    const hours = Array.from({ length: 7 }, (_, h) => h);
    const rows = DAYS.flatMap((day, d) =>
      ['AAA', 'BBB'].flatMap((symbol) =>
        hours.map((h) => {
          const close = 50 + d + h / 10;
          return `${symbol},${day} ${String(9 + h).padStart(2, '0')}:30:00-05:00,${close},${close + 1},${close - 1},${close},${d + 1}`;
        }),
      ),
    );
    await put('hours.csv', csv(rows));
    expect(await run({ calendar: 'XNYS' })).toMatchObject({
      rows: 2 * DAYS.length,
      quarantined: 0,
      newestDay: '2024-01-31',
    });
    const { dataset } = await ingestDay('2024-01-30');
    const bars = await loadBars(store, 'user', dataset!);
    const last = bars.date.length - 1;
    const d = DAYS.indexOf('2024-01-30');
    const { open, high, low, close, volume } = bars;
    expect([open, high, low, close, volume].map((column) => column[last])).toEqual(
      [50 + d, 51.6 + d, 49 + d, 50.6 + d, 7 * (d + 1)].map((value) => expect.closeTo(value, 9)),
    );
    const kept = await readTable(await getArtifactFile(store, 'user', dataset!, 'intraday.parquet'));
    expect(kept.time.length).toBe(2 * (d + 1) * 7);
    expect(kept.time[kept.time.length - 1]).toBe('2024-01-30T20:30Z');
  });

  test('takes no day of bars of an hour whose session was open when they were written', async () => {
    const rows = ['2024-01-29', '2024-01-30'].flatMap((day) =>
      [10, 11, 12, 13, 14, 15]
        .filter((hour) => day === '2024-01-29' || hour < 13)
        .map((hour) => `AAA,${day} ${hour}:30:00,10,11,9,10,${hour}`),
    );
    await put('hours.csv', csv(rows));
    await run({ calendar: 'XNYS' });
    expect(await ingestDay('2024-01-29')).toMatchObject({ open: true, rows: 1 });
    await expect(ingestDay('2024-01-30')).rejects.toMatchObject({
      code: 'INGEST_OPEN_SESSION',
      kind: 'badInput',
      facts: { date: '2024-01-30', last: '12:30', close: '16:00' },
    });
  });

  test('keeps a member whose symbol changes, by the symbol that the list has', async () => {
    const renamed = rowsOf(['AAA', 'BBB', 'CCC']).map((row) =>
      row.startsWith('BBB,') && row.split(',')[1] >= '2024-01-29' ? row.replace('BBB', 'NEW') : row,
    );
    const of = (symbol: string) => renamed.filter((row) => row.startsWith(symbol));
    for (const symbol of ['AAA', 'BBB', 'CCC', 'NEW']) await put(`${symbol}.csv`, csv(of(symbol)));
    await put('universe.csv', 'symbol\nAAA\nBBB\n');
    await put('actions.csv', 'symbol,date,dividend,split,new_symbol\nBBB,2024-01-29,,,NEW\n');
    expect((await run()).skipped).toMatchObject([{ file: 'CCC.csv' }]);
    const symbolsOn = async (day: string) =>
      (await loadDataset(store, 'user', (await ingestDay(day)).dataset!)).panel.symbols;
    expect(await symbolsOn('2024-01-26')).toEqual(['AAA', 'BBB']);
    expect(await symbolsOn('2024-01-31')).toEqual(['AAA', 'NEW']);
  });

  test('finds the files beside the bars in any case, and as Parquet', async () => {
    await put('BARS.CSV', csv(rowsOf(['AAA', 'BBB'])));
    await put('Membership.CSV', 'symbol,index,from,to\nAAA,X,2024-01-02,\n');
    const text = (...data: string[]) => ({ type: 'STRING' as const, data });
    const actions = { symbol: text('AAA'), date: { type: 'DATE' as const, data: ['2024-01-08'] } };
    const amounts = { dividend: { type: 'DOUBLE' as const, data: [0.5] }, split: text('') };
    await put('Actions.parquet', writeTable({ ...actions, ...amounts }));
    expect(await run()).toMatchObject({
      beside: ['Actions.parquet', 'Membership.CSV'],
      skipped: [],
      warnings: [expect.stringMatching(/does not name BBB, so/)],
    });
    const dataset = (await ingestDay('2024-01-31')).dataset!;
    const { instruments } = await loadDataset(store, 'user', dataset);
    const bars = await loadBars(store, 'user', dataset);
    expect(bars.dividend?.filter((dividend) => dividend !== 0)).toEqual(Float64Array.of(0.5));
    expect(instruments.map(({ membership }) => membership?.length)).toEqual([1, 0]);
  });

  test('says which symbols of the universe have no bar, and which it leaves out', async () => {
    await put('bars.csv', csv(rowsOf(['AAA', 'BBB', 'CCC'])));
    await put('universe.csv', 'symbol\nAAA\nBBBB\n');
    expect((await run()).warnings).toEqual([
      expect.stringMatching(/^no bar is of BBBB,/),
      expect.stringMatching(/does not name BBB, CCC, so their bars are left out/),
    ]);
  });

  test('says which series of figures no feature reads', async () => {
    await put('bars.csv', csv(rowsOf(['AAA'])));
    const figures = ['net_income', 'netIncome'].map((series) => `${series},AAA,2023-12-31,2024-01-10,5`);
    await put('fundamentals.csv', `series,symbol,eventDate,knownDate,value\n${figures.join('\n')}\n`);
    expect((await run()).warnings).toEqual([expect.stringMatching(/the series net_income of the file/)]);
    await put(
      'macro.csv',
      `series,eventDate,knownDate,value\nDFF,2023-12-31,2024-01-10,5\nDGS1O,2023-12-31,2024-01-10,5\n`,
    );
    await put('fundamentals.csv', 'series,symbol,eventDate,knownDate,value\nnetIncome,AA,2023-12-31,2024-01-10,5\n');
    await put('suppliers.csv', 'symbol,supplier,source\nAAA,BBB,mine\n');
    expect(await run()).toMatchObject({
      warnings: [
        expect.stringMatching(/the series DGS1O of the file of macro/),
        expect.stringMatching(/^no bar is of AA, of which the file of fundamentals/),
      ],
      skipped: [{ file: 'suppliers.csv', reason: expect.stringContaining('<universe>.suppliers.csv') }],
    });
  });

  test.each([
    ['instruments.json', '[{"symbol":"AAA"}]', { code: 'INSTRUMENTS_FILE', facts: { field: '0.name' } }],
    ['instruments.json', '[', { code: 'INSTRUMENTS_FILE', facts: { file: 'instruments.json' } }],
    ['more.parquet', 'symbol,date', { code: 'PARQUET_UNREADABLE', facts: { file: 'more.parquet' } }],
    [
      'membership.csv',
      'symbol,index,from,to\nQQQ,X,2024-01-02,\n',
      { code: 'MEMBERSHIP_WITHOUT_BARS', facts: { file: 'membership.csv' } },
    ],
  ])('refuses %s (%s) and names the place', async (name, content, expected) => {
    await put('bars.csv', csv(rowsOf(['AAA'])));
    await put(name, content);
    await expect(run()).rejects.toMatchObject({ kind: 'badInput', ...expected });
    expect(await written()).toEqual([]);
  });

  test('refuses two files that say the same, and a symbol twice', async () => {
    await put('bars.csv', csv(rowsOf(['AAA'])));
    await put('universe.csv', 'symbol,sector\nAAA,x\naaa,y\n');
    await expect(run()).rejects.toMatchObject({
      code: 'UNIVERSE_FIELD',
      facts: { file: 'universe.csv', line: 3, field: 'symbol', value: 'aaa', before: 2 },
    });
    await put('Universe.csv.gz', gzipSync('symbol\nAAA\n'));
    await expect(run()).rejects.toMatchObject({
      code: 'FOLDER_FILE_TWICE',
      facts: { field: 'universe', value: 'universe.csv', file: 'Universe.csv.gz' },
    });
    expect(await store.list('')).toEqual([]);
  });

  test('says of each other file why it was left out', async () => {
    await put('bars.csv', csv(rowsOf(['AAA', 'BBB'])));
    await put('again.csv', csv(rowsOf(['AAA']), HEADER));
    await put('rates.csv', 'series,date,value\nX,2024-01-01,1\n');
    await put('indices.csv', csv(rowsOf(['SPX'], 7)));
    await put('universe.csv', 'symbol\nAAA\nBBB\n');
    expect((await run()).skipped).toEqual([
      { file: 'again.csv', reason: expect.stringContaining('already in bars.csv') },
      { file: 'indices.csv', reason: 'none of its 1 symbols is in universe.csv' },
      { file: 'rates.csv', reason: expect.stringContaining('lacks the columns symbol, open') },
    ]);
  });

  test('is the same artifact for the same bytes', async () => {
    await put('bars.csv', csv(rowsOf(['AAA', 'BBB'])));
    const first = await run();
    const keys = await store.list('');
    expect((await run()).import).toEqual(first.import);
    expect(await store.list('')).toEqual(keys);
  });

  test('sets a few bad rows aside', async () => {
    await put(
      'bars.csv',
      csv([...rowsOf(['AAA', 'BBB', 'CCC']), 'AAA,2024-01-06,1,1,1,1,1', 'BBB,2024-01-31,nan,1,1,1,1']),
    );
    const report = await run();
    expect(report.reasons).toEqual({ NOT_A_NUMBER: 1, NOT_A_SESSION: 1 });
    await ingestDay('2024-01-31');
    const { rows } = await dataQuarantine(store, 'user');
    expect(rows.map(({ reason, file, line }) => [reason, file, line])).toEqual([
      ['NOT_A_NUMBER', 'bars.csv', 66],
      ['NOT_A_SESSION', 'bars.csv', 65],
    ]);
  });

  test('sets a bar of the future aside', async () => {
    await put('bars.csv', csv([...rowsOf(['AAA', 'BBB']), 'AAA,2999-01-02,1,1,1,1,1']));
    expect((await run()).reasons).toEqual({ FUTURE_DATE: 1 });
  });

  const few = rowsOf(['AAA']).slice(0, 9);
  const cases: [string, string, string | Uint8Array, string, Record<string, unknown>][] = [
    [
      'a missing column',
      'bars.csv',
      csv(
        few.map((row) => row.replace(/,[^,]*$/, '')),
        HEADER.replace(',volume', ''),
      ),
      'CSV_MISSING_COLUMN',
      { file: 'bars.csv', line: 1, field: 'volume' },
    ],
    [
      'a duplicate day',
      'bars.csv',
      csv([...few, few[8].replace(/\d+$/, '99999')]),
      'DATA_TOO_MANY_BAD_ROWS',
      { file: 'bars.csv', line: 10, field: 'date', value: '2024-01-12', reason: 'DUPLICATE_CONFLICT' },
    ],
    [
      'an identical duplicate day',
      'bars.csv',
      csv([...few, few[8]]),
      'DATA_TOO_MANY_BAD_ROWS',
      { line: 11, reason: 'DUPLICATE_IDENTICAL' },
    ],
    [
      'a NaN',
      'bars.csv',
      csv([...few, 'AAA,2024-01-16,1,1,1,NaN,5']),
      'DATA_TOO_MANY_BAD_ROWS',
      { file: 'bars.csv', line: 11, field: 'close', value: 'NaN', reason: 'NOT_A_NUMBER' },
    ],
    [
      'a negative price',
      'bars.csv',
      csv([...few, 'AAA,2024-01-16,20,21,19,-20,5']),
      'DATA_TOO_MANY_BAD_ROWS',
      { line: 11, field: 'close', value: '-20', reason: 'NOT_POSITIVE' },
    ],
    [
      'a high below the low',
      'bars.csv',
      csv([...few, 'AAA,2024-01-16,20,19,21,20,5']),
      'DATA_TOO_MANY_BAD_ROWS',
      { line: 11, field: 'high', reason: 'HIGH_BELOW_LOW' },
    ],
    [
      'a non-trading day',
      'bars.csv',
      csv([...few, 'AAA,2024-01-13,20,21,19,20,5']),
      'DATA_TOO_MANY_BAD_ROWS',
      { line: 11, field: 'date', value: '2024-01-13', reason: 'NOT_A_SESSION' },
    ],
    [
      'mixed time zones',
      'bars.csv',
      csv(['AAA,2024-01-02T00:00:00Z,1,1,1,1,5', 'AAA,2024-01-03T00:00:00-05:00,1,1,1,1,5']),
      'BARS_MIXED_TIME_ZONES',
      { file: 'bars.csv', line: 3, field: 'date' },
    ],
    ['an empty file', 'bars.csv', '', 'CSV_EMPTY', { file: 'bars.csv' }],
    ['a header without rows', 'bars.csv', `${HEADER}\n`, 'CSV_EMPTY', { file: 'bars.csv' }],
    ['a truncated gzip', 'bars.csv.gz', gzipSync(csv(few)).subarray(0, 100), 'GZIP_TRUNCATED', { file: 'bars.csv.gz' }],
    [
      'a truncated Parquet file',
      'bars.parquet',
      new TextEncoder().encode('PAR1 and no more'),
      'PARQUET_UNREADABLE',
      { file: 'bars.parquet' },
    ],
    ['no file at all', 'notes.txt', 'hello', 'FOLDER_WITHOUT_BARS', {}],
  ];
  test.each(cases)('refuses %s, and writes nothing', async (_, name, content, code, facts) => {
    await put(name, content);
    await expect(run()).rejects.toMatchObject({ code, kind: 'badInput', remedy: expect.any(String), facts });
    expect(await written()).toEqual([]);
  });

  test('refuses days that the named calendar does not have', async () => {
    await put('bars.csv', csv([...rowsOf(['AAA']).slice(0, 9), 'AAA,2024-01-15,20,21,19,20,5'])); // Martin Luther King day
    await expect(run({ calendar: 'XNYS' })).rejects.toMatchObject({
      code: 'DATA_TOO_MANY_BAD_ROWS',
      facts: { reason: 'NOT_A_SESSION', value: '2024-01-15' },
    });
    await expect(run({ calendar: '24x7' })).resolves.toMatchObject({ rows: 10 });
  });

  test('refuses a folder that is not there and an id that is none', async () => {
    await expect(
      importFolder({ folder: join(home, 'none'), universe: 'user', calendar: 'data', store, strategy: 'user', home }),
    ).rejects.toMatchObject({ code: 'FOLDER_MISSING' });
    await put('bars.csv', csv(rowsOf(['AAA'])));
    await expect(run({ universe: 'My Universe' })).rejects.toMatchObject({ code: 'IMPORT_UNIVERSE_ID' });
    expect(await written()).toEqual([]);
  });
});

describe('the quarantine', () => {
  const spike = (row: string): string =>
    row.startsWith('AAA,2024-01-17') ? 'AAA,2024-01-17,130,135,125,131,950' : row;
  const prepare = async () => {
    await put('bars.csv', csv([...rowsOf(['AAA', 'BBB', 'CCC']).map(spike), 'BBB,2024-01-06,1,1,1,1,1']));
    await run();
    await ingestDay('2024-01-30');
    const { rows } = await dataQuarantine(store, 'user');
    const idOf = (reason: string) => rows.find((row) => row.reason === reason)!.id;
    return { jump: idOf('PRICE_JUMP'), impossible: idOf('NOT_A_SESSION') };
  };
  const decision = { by: 'Ada', because: 'a takeover at 131, see the filing', at: '2024-02-01T10:00:00.000Z' };

  test('explains a row: the rule, the bars around it, what to do', async () => {
    const { jump, impossible } = await prepare();
    expect(await explainRow(store, 'user', jump.slice(0, 6))).toMatchObject({
      id: jump,
      row: { reason: 'PRICE_JUMP', symbol: 'AAA', date: '2024-01-17', value: '131 after 20' },
      rule: expect.stringContaining('factor of 4'),
      whatToDo: expect.stringContaining('release the row'),
      releasable: true,
      released: null,
      neighbours: [
        { date: '2024-01-11' },
        { date: '2024-01-12' },
        { date: '2024-01-16', close: 20 },
        { date: '2024-01-18' },
        { date: '2024-01-19' },
        { date: '2024-01-22' },
      ],
    });
    expect(await explainRow(store, 'user', impossible)).toMatchObject({ releasable: false });
    await expect(explainRow(store, 'user', 'ffff')).rejects.toMatchObject({ code: 'QUARANTINE_ROW' });
  });

  test('explains rows that contradict each other together, with the lines of all', async () => {
    await put('bars.csv', csv([...rowsOf(['AAA', 'BBB', 'CCC']), 'AAA,2024-01-17,20,22,19,21,900']));
    await run();
    await ingestDay('2024-01-30');
    const { rows } = await dataQuarantine(store, 'user');
    expect(rows.map(({ reason }) => reason)).toEqual(['DUPLICATE_CONFLICT', 'DUPLICATE_CONFLICT']);
    const { lines } = await explainRow(store, 'user', rows[0].id);
    expect(lines.map(({ line }) => line).sort()).toEqual(rows.map(({ line }) => line).sort());
    expect(lines[0].line).not.toBe(lines[1].line);
  });

  test('is that of the folder as it was imported last, however often its day was ingested', async () => {
    for (const wrong of [100, 101, 102, 103, 104]) {
      const bad = `AAA,2024-01-17,20,21,${wrong},20,900`;
      await put(
        'bars.csv',
        csv(rowsOf(['AAA', 'BBB', 'CCC']).map((row) => (row.includes('AAA,2024-01-17') ? bad : row))),
      );
      await run();
      const { dataset } = await ingestDay('2024-01-30');
      const found = await dataQuarantine(store, 'user');
      expect([found.dataset, found.rows[0].value]).toEqual([dataset, `21 < ${wrong}`]);
    }
  });

  test('lets a row go when somebody answers for it: the next ingest takes it in and says so', async () => {
    const { jump, impossible } = await prepare();
    const before = (await dataLog(store, 'user'))[0];
    await expect(releaseRow(store, 'user', jump, { at: decision.at })).rejects.toMatchObject({
      code: 'RELEASE_UNSIGNED',
    });
    await expect(releaseRow(store, 'user', impossible, decision)).rejects.toMatchObject({ code: 'RELEASE_IMPOSSIBLE' });
    expect((await store.list('user/releases/')).length).toBe(0);
    const { release } = await releaseRow(store, 'user', jump, decision);
    expect((await explainRow(store, 'user', jump)).released).toEqual(decision);
    const output = await ingestDay('2024-01-31');
    const { facts } = await loadDataset(store, 'user', output.dataset!);
    const bars = await loadBars(store, 'user', output.dataset!);
    // The bar after it is now the one that jumps, and waits for its own next bar.
    expect(facts).toMatchObject({ released: 1, quarantined: 2 });
    expect(bars.close[bars.date.findIndex((date, i) => date === '2024-01-17' && bars.symbol[i] === 'AAA')]).toBe(131);
    expect((await getManifest(store, 'user', output.dataset!)).inputs.releases).toEqual(release);
    expect((await dataLog(store, 'user'))[0]).toEqual(before);
  });

  test('keeps every release, each with the one before it; of two at once one is told to try again', async () => {
    const { jump } = await prepare();
    const first = await releaseRow(store, 'user', jump, decision);
    const again = await Promise.allSettled(
      ['Bo', 'Cy'].map((by) => releaseRow(store, 'user', jump, { ...decision, by })),
    );
    expect(again.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const { releases, head } = await loadReleases(store, 'user', 'user');
    expect(releases.map(({ by }) => by)).toEqual([expect.stringMatching(/Bo|Cy/), 'Ada']);
    expect((await getManifest(store, 'user', head!)).inputs.previous).toEqual(first.release);
  });
});

describe('looking at data', () => {
  const days = ['2024-01-30', '2024-01-31'];
  const prepare = async () => {
    await put('bars.csv', csv(rowsOf(['AAA', 'BBB'])));
    await run();
    for (const day of days) await ingestDay(day);
  };

  test('log, diff and checkout find the datasets by day or hash', async () => {
    await prepare();
    const log = await dataLog(store, 'user');
    expect(log.map(({ facts }) => facts.asOf)).toEqual(days);
    expect(log[0].sources).toMatchObject([{ file: 'bars.csv', origin: 'mine/bars.csv' }]);
    const [a, b] = log.map(({ ref }) => ref.hash);
    expect(await diffDatasets(store, 'user', a, b.slice(0, 12))).toEqual({
      onlyInA: [],
      onlyInB: [
        { symbol: 'AAA', date: '2024-01-31' },
        { symbol: 'BBB', date: '2024-01-31' },
      ],
      changed: [],
      values: { onlyInA: [], onlyInB: [] },
      instruments: { onlyInA: [], onlyInB: [], changed: [] },
      files: ['instruments.json'],
      partitions: { same: [], changed: ['2024'] },
    });
    const out = join(home, 'out');
    const { files } = await checkoutDataset(store, 'user', b, out);
    const part = join('bars', 'year=2024', 'part.parquet');
    expect(files).toEqual([part, 'instruments.json', 'quarantine.parquet'].map((name) => join(out, name)));
    const stored = await store.get(`user/datasets/${b}/bars/year=2024/part.parquet`);
    expect(Buffer.from(stored?.bytes ?? []).equals(await readFile(join(out, part)))).toBe(true);
    await expect(checkoutDataset(store, 'user', 'f'.repeat(64), out)).rejects.toMatchObject({
      code: 'DATASET_UNKNOWN',
    });
  });

  test('a folder into which a later dataset was checked out is refused: its years would be read with the earlier one', async () => {
    await prepare();
    const [{ ref }] = await dataLog(store, 'user');
    const out = join(home, 'out');
    await checkoutDataset(store, 'user', ref.hash, out);
    expect((await checkoutDataset(store, 'user', ref.hash, out)).files).toHaveLength(3);
    const later = join(out, 'bars', 'year=2025');
    await mkdir(later);
    await writeFile(join(later, 'part.parquet'), 'of a later dataset');
    await expect(checkoutDataset(store, 'user', ref.hash, out)).rejects.toMatchObject({
      code: 'CHECKOUT_NOT_EMPTY',
      kind: 'badInput',
      facts: { folder: out, first: 'bars/year=2025/part.parquet' },
    });
  });

  test('diff shows what is said otherwise of the instruments', async () => {
    await put('universe.csv', 'symbol,name,type,sector\nAAA,Aye,stock,Energy\nBBB,Bee,stock,Energy\n');
    await prepare();
    await put('universe.csv', 'symbol,name,type,sector\nAAA,Aye,stock,Utilities\nBBB,Bee,stock,Energy\n');
    await run();
    const [, before] = await dataLog(store, 'user');
    const after = (await ingestDay('2024-01-31')).dataset!;
    expect(await diffDatasets(store, 'user', before.ref.hash, after.hash)).toMatchObject({
      instruments: { onlyInA: [], onlyInB: [], changed: [{ symbol: 'AAA', fields: ['group', 'reference'] }] },
      files: ['instruments.json'],
      partitions: { changed: [] },
    });
  });

  test('a checkout into what is no folder is refused by its name', async () => {
    await prepare();
    const [{ ref }] = await dataLog(store, 'user');
    const file = join(folder, 'bars.csv');
    await expect(checkoutDataset(store, 'user', ref.hash, file)).rejects.toMatchObject({
      code: 'CHECKOUT_FOLDER',
      kind: 'badInput',
      facts: { folder: file, problem: 'ENOTDIR' },
    });
  });

  test('what was checked out can be imported again: partitions are entered', async () => {
    await prepare();
    const [, last] = await dataLog(store, 'user');
    const out = join(home, 'out');
    await checkoutDataset(store, 'user', last.ref.hash, out);
    await mkdir(join(out, 'more', 'symbol=CCC'), { recursive: true });
    const rows = rowsOf(['CCC']).map((row) => row.split(','));
    const number = (c: number) => ({ type: 'DOUBLE' as const, data: Float64Array.from(rows, (row) => Number(row[c])) });
    const columns = Object.fromEntries(
      HEADER.split(',')
        .slice(2)
        .map((name, c) => [name, number(c + 2)]),
    );
    const file = writeTable({ date: { type: 'DATE', data: rows.map((row) => row[1]) }, ...columns });
    await writeFile(join(out, 'more', 'symbol=CCC', 'part.parquet'), file);
    const report = await importFolder({
      folder: out,
      universe: 'again',
      calendar: 'data',
      store,
      strategy: 'user',
      home,
    });
    expect(report.files.map(({ file: name }) => name)).toEqual([
      'bars/year=2024/part.parquet',
      'more/symbol=CCC/part.parquet',
    ]);
    expect(report).toMatchObject({ rows: 3 * DAYS.length, symbols: 3, quarantined: 0 });
    const files = await createMarketData(
      universeSchema.parse(JSON.parse(await readFile(report.path, 'utf8'))).provider,
      { root, home },
    ).fetch('2024-01-31');
    expect(files.map(({ name }) => name)).toEqual(expect.arrayContaining(report.files.map(({ file: name }) => name)));
  });

  test('diff shows figures that one of the two does not have', async () => {
    const macro = (value: number) => `series,eventDate,knownDate,value\nGDP,2023-12-31,2024-01-25,${value}\n`;
    await put('macro.csv', macro(1));
    await prepare();
    await put('macro.csv', macro(2));
    await put('bars.csv', csv(rowsOf(['AAA', 'BBB']).filter((row) => !row.includes('2024-01-31'))));
    await run();
    const [before] = await dataLog(store, 'user');
    const again = (await ingestDay('2024-01-29')).dataset!;
    const gdp = { series: 'GDP', symbol: '', eventDate: '2023-12-31', knownDate: '2024-01-25' };
    expect((await diffDatasets(store, 'user', before.ref.hash, again.hash)).values).toEqual({
      onlyInA: [{ ...gdp, value: 1 }],
      onlyInB: [{ ...gdp, value: 2 }],
    });
  });

  const age = (path: string, days: number) => {
    const then = new Date(Date.now() - days * 86_400_000);
    return utimes(path, then, then);
  };

  test('gc lists what nothing rests on, and removes it only when told; what a decision rests on stays whole', async () => {
    await prepare();
    await ingestDay('2024-01-29');
    await ingestDay('2024-01-26');
    const [loose, running, decided, newest] = (await dataLog(store, 'user')).map(({ ref }) => ref);
    await mkdir(join(home, 'runs', 'user'), { recursive: true });
    await writeFile(
      join(home, 'runs', 'user', '2024-01-29.state.json'),
      JSON.stringify({ ingest: { dataset: running } }),
    );
    await putArtifact(store, 'user', { kind: 'decisions', files: {}, inputs: { dataset: decided } });
    const halfModel = `user/models/${'0'.repeat(64)}/policy.onnx`;
    await store.put(halfModel, Uint8Array.of(1));
    const jobs = join(home, 'jobs');
    for (const name of ['ppo-1', 'ppo-2']) await mkdir(join(jobs, name, 'checkpoints'), { recursive: true });
    for (const path of ['ppo-2', 'ppo-1', join('ppo-1', 'checkpoints')]) await age(join(jobs, path), 8);
    for (const [name, days] of [
      ['.tmp-a', 0.9],
      ['.tmp-b', 1.1],
    ] as const) {
      await writeFile(join(home, 'store', 'user', 'raw', name), 'half');
      await age(join(home, 'store', 'user', 'raw', name), days);
    }
    const gc = (remove: boolean) =>
      collectGarbage({ path: home, store: join(home, 'store'), universes: join(home, 'universes'), jobs }, remove);
    const { unreachable, unfinished, halfWritten } = await gc(false);
    expect(unfinished).toEqual(['ppo-1']);
    expect(halfWritten).toEqual(['user/raw/.tmp-b']);
    expect(unreachable).toEqual([`user/datasets/${loose.hash}`, `user/models/${'0'.repeat(64)}`]);
    expect(await store.exists(`user/datasets/${loose.hash}/manifest.json`)).toBe(true);
    await gc(true);
    expect((await dataLog(store, 'user')).map(({ ref }) => ref)).toEqual([running, decided, newest]);
    expect((await loadDataset(store, 'user', decided)).facts.asOf).toBe('2024-01-30');
    expect(await store.exists(halfModel)).toBe(false);
    expect(await readdir(jobs)).toEqual(['ppo-2']);
    const left = await readdir(join(home, 'store', 'user', 'raw'));
    expect(left.filter((name) => name.startsWith('.tmp-'))).toEqual(['.tmp-a']);
    expect(await ingestDay('2024-01-30')).toMatchObject({ dataset: decided });
  });

  test('gc that is killed while it removes an artifact leaves none that looks whole: the day, run again, stores it whole', async () => {
    await prepare();
    await ingestDay('2024-01-29');
    const [loose] = (await dataLog(store, 'user')).map(({ ref }) => ref);
    const places = { path: home, store: join(home, 'store'), universes: join(home, 'universes') };
    const killed: typeof rm = async (path, options) => {
      if (!options?.recursive) return rm(path, options);
      await rm(join(String(path), 'bars'), options);
      throw new Error('killed');
    };
    await expect(collectGarbage({ ...places, jobs: join(home, 'jobs') }, true, killed)).rejects.toThrow('killed');
    const { dataset } = await ingestDay('2024-01-29');
    expect(dataset).toEqual(loose);
    expect((await loadDataset(store, 'user', loose)).facts.asOf).toBe('2024-01-29');
  });

  test('gc keeps an import that a universe of several providers reads, and removes nothing where a file cannot be read', async () => {
    await put('bars.csv', csv(rowsOf(['AAA', 'BBB'])));
    const { import: imported, path } = await run();
    const universe = JSON.parse(await readFile(path, 'utf8')) as { provider: object };
    const providers = [universe.provider, { kind: 'bis', areas: ['US'], start: '2024-01-02' }];
    await writeFile(path, JSON.stringify({ ...universe, provider: { kind: 'several', providers } }));
    const places = { path: home, store: join(home, 'store'), universes: join(home, 'universes') };
    const gc = () => collectGarbage({ ...places, jobs: join(home, 'jobs') }, true);
    expect((await gc()).unreachable).toEqual([]);
    await rm(path);
    await writeFile(path, '{"provider":');
    await expect(gc()).rejects.toMatchObject({ code: 'GC_UNREADABLE', facts: { file: path } });
    expect(await store.exists(`user/raw/${imported.hash}/manifest.json`)).toBe(true);
    await rm(path);
    await store.put('user/pointers/features/user.json', Uint8Array.of(123));
    await expect(gc()).rejects.toMatchObject({
      code: 'POINTER_UNREADABLE',
      kind: 'refused',
      facts: { key: 'user/pointers/features/user.json' },
    });
    expect(await store.exists(`user/raw/${imported.hash}/manifest.json`)).toBe(true);
  });

  test('lineage is a pair of events a run, sources first, each made from what ran before it', async () => {
    await prepare();
    const { ref } = (await dataLog(store, 'user'))[0];
    const events = await lineageOf(store, 'user', ref, '2024-02-01T00:00:00.000Z');
    const pairs = ['fetch', 'ingest'].flatMap((job) => [`${job} START`, `${job} COMPLETE`]);
    expect(events.map(({ job, eventType }) => `${job.name} ${eventType}`)).toEqual(pairs);
    const [, fetched, , ingested] = events;
    expect(ingested.inputs[0].facets.version).toEqual(fetched.outputs[0].facets.version);
    expect(ingested.outputs[0].facets.version).toMatchObject({ datasetVersion: ref.hash });
    const { fields } = ingested.outputs[0].facets.schema as unknown as { fields: { name: string }[] };
    expect(fields.map(({ name }) => name)).toEqual(HEADER.split(','));
  });

  test('of a newer schema is refused, whoever looks', async () => {
    const facts = { schemaVersion: DATASET_SCHEMA + 1, shape: 'not known' };
    const ref = await putArtifact(store, 'user', { kind: 'datasets', files: {}, facts });
    const newer = { code: 'DATASET_NEWER_SCHEMA', kind: 'refused' };
    await expect(dataLog(store, 'user')).rejects.toMatchObject(newer);
    await expect(diffDatasets(store, 'user', ref.hash, ref.hash)).rejects.toMatchObject(newer);
  });

  test('quarantine of a day without a dataset names the newest', async () => {
    await prepare();
    await expect(dataQuarantine(store, 'user', '2020-01-02')).rejects.toMatchObject({
      code: 'DATA_NO_DATASET',
      facts: { newestDay: '2024-01-31' },
    });
    await expect(dataQuarantine(store, 'other')).rejects.toMatchObject({ code: 'DATA_NO_DATASET' });
    expect((await dataQuarantine(store, 'user', '2024-01-30')).rows).toEqual([]);
  });

  test('check reads a source without writing, fetch stores its bytes', async () => {
    const universe = universeSchema.parse(
      JSON.parse(await readFile(join(root, 'config/universes/fx-ecb.json'), 'utf8')),
    );
    const marketData = createMarketData(universe.provider, { root, home });
    expect(await checkSource(universe, marketData)).toMatchObject({
      rows: 106_890,
      symbols: 15,
      quarantined: 0,
      newestDay: '2026-10-30',
      files: [{ raw: null }, { raw: null }],
    });
    expect(await store.list('')).toEqual([]);
    const fetched = await fetchSource(universe, marketData, store, 'main');
    expect(await store.exists(`main/raw/${fetched.files[0].raw?.hash}/ecb_fx_reference_rates.csv.gz`)).toBe(true);
  });

  test('a stored artifact that no import made is no import', async () => {
    const ref = await putArtifact(store, 'user', { kind: 'raw', files: { 'x.csv': Uint8Array.of(1) } });
    const marketData = createMarketData({ kind: 'folder', path: `user/raw/${ref.hash}` }, { root, home });
    expect(await marketData.fetch('2024-01-31')).toEqual([]);
  });
});
