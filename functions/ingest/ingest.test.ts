import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createEcbFileProvider } from '../../adapters/market-data/ecb-file.ts';
import { createEquitySimProvider } from '../../adapters/market-data/equity-sim.ts';
import type { MarketDataProvider } from '../../adapters/market-data/port.ts';
import { FilesystemObjectStore } from '../../adapters/object-store/filesystem.ts';
import { getArtifactFile, getManifest, movePointer } from '../../adapters/object-store/port.ts';
import { loadSettings } from '../../config/load.ts';
import { type Profile, type Settings, type UniverseConfig, universeSchema } from '../../config/schema.ts';
import { sha256 } from '../../domain/lineage/canonical.ts';
import { loadBars, loadDataset, loadQuarantine } from '../artifacts/dataset.ts';
import { runStage } from '../middleware/stage.ts';
import { ingestStage, LAST_TRAINING } from './ingest.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const json = (path: string) => JSON.parse(readFileSync(join(root, path), 'utf8')) as unknown;
const universeOf = (id: string): UniverseConfig => universeSchema.parse(json(`config/universes/${id}.json`));
const profile: Profile = loadSettings({ root }).profile;
const REFERENCE = 'data/fx_currencies.csv';

let folder: string;
let store: FilesystemObjectStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drl-ingest-'));
  store = new FilesystemObjectStore(folder);
});
afterEach(() => rm(folder, { recursive: true }));

const settingsOf = (universe: UniverseConfig): Settings => ({ universe, profile }) as Settings;
const ingest = (universe: UniverseConfig, date: string, marketData: MarketDataProvider) =>
  ingestStage.run(
    { strategy: 'main', universe: universe.id, date, profile: 'quick' },
    { settings: settingsOf(universe), store, marketData },
  );

/** The first `rows` fixings of the bundled file up to `last`, as a small file of the same form. */
const history = readFileSync(join(root, 'data/ecb_fx_reference_rates.csv.gz'));
const fx = universeOf('fx-ecb');
const bundled = createEcbFileProvider({ root, path: 'data/ecb_fx_reference_rates.csv.gz', reference: REFERENCE });

const SMALL = `Date,USD,JPY,GBP,
2024-01-05,1.1,160,0.86,
2024-01-04,1.11,159,0.861,
2024-01-03,1.12,158,0.862,
2024-01-02,1.1,157,0.863,
`;
const smallUniverse = universeSchema.parse({ ...fx, members: ['EUR', 'GBP', 'JPY'] });
const filesOf = (csv: string | Uint8Array, name = 'hist.csv'): MarketDataProvider => ({
  fetch: async () => [
    { name, bytes: typeof csv === 'string' ? new TextEncoder().encode(csv) : csv, origin: `test/${name}` },
    { name: 'fx_currencies.csv', bytes: new Uint8Array(await readFile(join(root, REFERENCE))), origin: REFERENCE },
  ],
});

/** The fixings up to 2003: a file that is quick to read. */
const early = filesOf(
  gunzipSync(history)
    .toString()
    .split('\n')
    .filter((line, i) => i === 0 || line < '2003-06')
    .join('\n'),
);

describe('the bundled data', () => {
  test('becomes a dataset of what was known on the day, with the source bytes unchanged', async () => {
    const output = await ingest(fx, '2008-10-15', bundled);
    expect(output).toMatchObject({ open: true, symbols: 15, quarantined: 0, trainingDue: true });
    const ref = output.dataset!;
    const { panel, instruments, facts, fundamentals, macro } = await loadDataset(store, 'main', ref);
    expect(facts).toMatchObject({
      universe: 'fx-ecb',
      asOf: '2008-10-15',
      calendar: 'TARGET',
      interval: '1d',
      redistribution: true,
      sourceLine: 'Source: ECB statistics',
      rows: output.rows,
      firstDate: '1999-01-04',
    });
    expect(panel.dates.at(-1)).toBe('2008-10-15');
    expect(panel.symbols).toEqual(fx.members);
    expect(instruments.every(({ lastDate }) => lastDate === '2008-10-15')).toBe(true);
    expect([fundamentals, macro]).toEqual([null, null]);
    const { inputs } = await getManifest(store, 'main', ref);
    const raw = await getArtifactFile(store, 'main', inputs.raw_0, 'ecb_fx_reference_rates.csv.gz');
    expect(sha256(raw)).toBe(sha256(history));
  });

  test('gives the same dataset from the same bytes', async () => {
    const first = await ingest(fx, '2003-05-02', early);
    const other = new FilesystemObjectStore(join(folder, 'other'));
    const second = await ingestStage.run(
      { strategy: 'main', universe: 'fx-ecb', date: '2003-05-02', profile: 'quick' },
      { settings: settingsOf(fx), store: other, marketData: early },
    );
    expect(second).toEqual(first);
  });

  test('is answered from memory the second time', async () => {
    const event = { strategy: 'main', universe: 'fx-ecb', date: '2003-05-02', profile: 'quick' };
    let fetches = 0;
    const counted: MarketDataProvider = { fetch: (date) => early.fetch(date).finally(() => fetches++) };
    const run = () => runStage(ingestStage, event, { settings: settingsOf(fx), store, marketData: counted });
    const first = await run();
    expect([first.status, fetches]).toEqual(['done', 1]);
    expect(await run()).toEqual({ status: 'unchanged', output: first.output });
    expect(fetches).toBe(1);
  });
});

describe('the calendar', () => {
  test.each([
    ['2026-10-31', 'a Saturday'],
    ['2026-12-25', 'Christmas, beyond the data'],
    ['2010-04-02', 'Good Friday'],
  ])('closes %s (%s): nothing is fetched, nothing is written', async (date) => {
    const output = await ingest(fx, date, { fetch: () => Promise.reject(new Error('not to be asked')) });
    expect(output).toMatchObject({
      open: false,
      dataset: null,
      trainingDue: false,
      reason: `${date} is not a session of calendar TARGET`,
    });
    expect(await store.list('main/')).toEqual([]);
  });

  test('has no bar for a session beyond the data: the newest day is named', async () => {
    const date = '2003-06-02';
    await expect(ingest(fx, date, early)).rejects.toMatchObject({
      code: 'INGEST_NO_BAR',
      kind: 'badInput',
      facts: { date, newestDay: '2003-05-30', oldestDay: '1999-01-04' },
    });
    expect(await store.list('main/')).toEqual([]);
  });

  test('of the data closes a day on which few symbols have a bar', async () => {
    const days = ['06', '07', '08', '11', '12', '13', '14', '15', '18', '19', '20'].map((day) => `2023-12-${day}`);
    const rows = [...days, '2024-01-02', '2024-01-03', '2024-01-05'].flatMap((date, t) =>
      ['A', 'B', 'C'].map((symbol, s) => `${symbol},${date},1,1,1,1,${3 * t + s}`),
    );
    const csv = ['symbol,date,open,high,low,close,volume', ...rows, 'B,2024-01-04,1,1,1,1,99'].join('\n');
    const universe = universeSchema.parse({
      ...fx,
      id: 'mine',
      provider: { kind: 'folder', path: 'x' },
      calendar: 'data',
      members: 'all',
    });
    const provider: MarketDataProvider = {
      fetch: async () => [{ name: 'bars.csv', bytes: new TextEncoder().encode(csv), origin: 'x/bars.csv' }],
    };
    const output = await ingest(universe, '2024-01-04', provider);
    expect(output).toMatchObject({ open: false, reason: '2024-01-04 is not a session of calendar data' });
    await expect(ingest(universe, '2024-01-08', provider)).rejects.toMatchObject({
      code: 'INGEST_NO_BAR',
      facts: { newestDay: '2024-01-05' },
    });
  });
});

describe('the contracts', () => {
  const long = (bad: string) => {
    const days = Array.from(
      { length: 60 },
      (_, i) => `2023-${String(1 + Math.floor(i / 20)).padStart(2, '0')}-${String(1 + (i % 20)).padStart(2, '0')}`,
    );
    const sessions = days.filter((day) => ![0, 6].includes(new Date(day).getUTCDay()) && day !== '2023-01-01');
    return `${SMALL}${bad}${sessions
      .reverse()
      .map((day) => `${day},1.1,150,0.88,`)
      .join('\n')}\n`;
  };

  test('refuse a cap on a group that is there but for a letter, and take one on a group that may come', async () => {
    const capped = (groupOverrides: Record<string, number>) =>
      ingest({ ...smallUniverse, limits: { ...fx.limits, groupOverrides } }, '2024-01-05', filesOf(SMALL));
    await expect(capped({ 'developed-aisa': 0.1 })).rejects.toMatchObject({
      code: 'CONFIG_GROUP',
      facts: { field: 'limits.groupOverrides.developed-aisa', value: 0.1, nearest: 'developed-asia' },
    });
    await expect(capped({ 'emerging-asia': 0.1 })).resolves.toMatchObject({ open: true });
  });

  test('set a bad rate aside with its reason, and nothing takes its place', async () => {
    const output = await ingest(smallUniverse, '2024-01-05', filesOf(long('2023-12-29,1.1,-3,0.87,\n')));
    expect(output).toMatchObject({ open: true, quarantined: 1, symbols: 3 });
    expect(await loadQuarantine(store, 'main', output.dataset!)).toEqual([
      {
        reason: 'NOT_POSITIVE',
        file: 'hist.csv',
        line: 6,
        symbol: 'JPY',
        date: '2023-12-29',
        field: 'JPY',
        value: '-3',
      },
    ]);
    const { panel } = await loadDataset(store, 'main', output.dataset!);
    const t = panel.dates.indexOf('2023-12-29');
    const [gbp, jpy] = [panel.symbols.indexOf('GBP'), panel.symbols.indexOf('JPY')];
    expect(panel.tradable[t * 3 + gbp]).toBe(1);
    expect(panel.tradable[t * 3 + jpy]).toBe(0);
    expect(panel.close[t * 3 + jpy]).toBeNaN();
  });

  test.each<[string, MarketDataProvider, string]>([
    ['too many bad rates', filesOf(SMALL.replaceAll('15', '-15')), 'DATA_TOO_MANY_BAD_ROWS'],
    [
      'a date of the day before the fixing',
      filesOf(SMALL.replace('2024-01-05,1.1,160,0.86', '2024-01-05,1.1,N/A,N/A')),
      'INGEST_PARTIAL_DAY',
    ],
    ['an empty file', filesOf(''), 'CSV_EMPTY'],
    ['a page of another kind', filesOf('<html>busy</html>'), 'ECB_FORMAT'],
    ['a truncated gzip', filesOf(gzipSync(SMALL).subarray(0, 60), 'hist.csv.gz'), 'GZIP_TRUNCATED'],
  ])('stop the line at %s, and nothing is written', async (_, provider, code) => {
    await expect(ingest(smallUniverse, '2024-01-05', provider)).rejects.toMatchObject({ code, kind: 'badInput' });
    expect(await store.list('main/')).toEqual([]);
  });

  test('need the reference table', async () => {
    const provider: MarketDataProvider = {
      fetch: async () => [{ name: 'hist.csv', bytes: new TextEncoder().encode(SMALL), origin: 'x' }],
    };
    await expect(ingest(smallUniverse, '2024-01-05', provider)).rejects.toMatchObject({ code: 'ECB_FILES' });
  });

  test('need members that the data have', async () => {
    const universe = universeSchema.parse({ ...fx, members: ['XXX'] });
    await expect(ingest(universe, '2024-01-05', filesOf(SMALL))).rejects.toMatchObject({ code: 'INGEST_NO_BAR' });
  });

  test('a run for another universe than the settings is refused', async () => {
    const run = ingestStage.run(
      { strategy: 'main', universe: 'other', date: '2024-01-05', profile: 'quick' },
      { settings: settingsOf(fx), store, marketData: bundled },
    );
    await expect(run).rejects.toMatchObject({ code: 'UNIVERSE_MISMATCH' });
  });
});

describe('training', () => {
  const due = async (date: string) => {
    const { trainingDue, reason } = await ingest(smallUniverse, date, filesOf(SMALL));
    return [trainingDue, reason];
  };

  test('is due without a model, on its own session again, and after enough sessions', async () => {
    expect(await due('2024-01-03')).toEqual([true, 'no model has been trained yet']);
    await movePointer(store, 'main', LAST_TRAINING, { date: '2024-01-03' }, null);
    expect((await due('2024-01-03'))[0]).toBe(true);
    expect(await due('2024-01-05')).toEqual([
      false,
      `2 sessions since the last training on 2024-01-03; due after ${profile.retrainEverySessions}`,
    ]);
  });

  test('is due again after the configured number of sessions', async () => {
    await movePointer(store, 'main', LAST_TRAINING, { date: '2003-01-02' }, null);
    const sixtyTwo = await ingest(fx, '2003-03-31', early);
    const sixtyThree = await ingest(fx, '2003-04-01', early);
    expect([sixtyTwo.trainingDue, sixtyThree.trainingDue]).toEqual([false, true]);
    expect(sixtyThree.reason).toContain('63 sessions since');
  });
});

describe('simulated equities', () => {
  test('have actions in their returns, and only the reports that were known', async () => {
    const options = { seed: 13, assets: 12, sessions: 300, start: '2006-01-03' };
    const universe = universeSchema.parse({
      ...universeOf('equity-sim'),
      provider: { kind: 'equity-sim', ...options },
    });
    const output = await ingest(universe, '2007-03-01', createEquitySimProvider(options));
    expect(output).toMatchObject({ open: true, quarantined: 0 });
    const { fundamentals, macro, panel, instruments } = await loadDataset(store, 'main', output.dataset!);
    const bars = await loadBars(store, 'main', output.dataset!);
    expect(bars.dividend?.some((dividend) => dividend > 0)).toBe(true);
    expect(panel.groups).toContain('broad-market');
    expect(instruments.find(({ symbol }) => symbol === 'TEC01')?.reference.etfs).toContain('XTEC');
    for (const table of [fundamentals!, macro!]) {
      expect(table.value.length).toBeGreaterThan(100);
      expect(table.knownDate.every((date) => date <= '2007-03-01')).toBe(true);
    }
    expect(new Set(fundamentals!.series)).toEqual(
      new Set(['revenue', 'netIncome', 'operatingCashFlow', 'totalAssets', 'equity', 'sharesOutstanding']),
    );
    expect(new Set(macro!.series)).toEqual(new Set(['DFF', 'DGS10', 'CPIAUCSL', 'UNRATE']));
  });
});
