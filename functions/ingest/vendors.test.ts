import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createMarketData } from '../../adapters/market-data/create.ts';
import type { MarketDataProvider } from '../../adapters/market-data/port.ts';
import { startVendorServer, VENDOR_KEYS, type VendorServer } from '../../adapters/market-data/vendor-server.ts';
import { FilesystemObjectStore } from '../../adapters/object-store/filesystem.ts';
import { getArtifactFile, getManifest } from '../../adapters/object-store/port.ts';
import { readTable } from '../../adapters/parquet/parquet.ts';
import { loadSettings } from '../../config/load.ts';
import { type Settings, type UniverseConfig, universeSchema } from '../../config/schema.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import type { PointInTimeTable } from '../../domain/market/point-in-time.ts';
import { loadBars, loadDataset } from '../artifacts/dataset.ts';
import { ingestStage } from './ingest.ts';
import { revisionsOf } from './revisions.ts';
import { alpacaBars } from './vendor-files.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const profile = loadSettings({ root }).profile;
const base = JSON.parse(readFileSync(join(root, 'config/universes/equity-sim.json'), 'utf8')) as object;
const NOW = Date.parse('2024-01-03T22:00:00Z');
let vendors: VendorServer;
let folder: string;
let store: FilesystemObjectStore;

beforeAll(async () => {
  vendors = await startVendorServer('2024-01-03');
});
afterAll(() => vendors.close());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drl-vendors-'));
  store = new FilesystemObjectStore(folder);
  vendors.mischief = () => null;
  vendors.revise = () => 1;
  vendors.renamed = null;
});
afterEach(() => rm(folder, { recursive: true }));

const universeOf = (alpaca: object = {}): UniverseConfig => {
  const http = { baseUrl: vendors.base, minIntervalMs: 0, timeoutMs: 5_000 };
  const providers = [
    { kind: 'alpaca', symbols: ['AAA', 'BBB', 'CCC'], start: '2023-11-15', ...http, ...alpaca },
    { kind: 'sec', companies: { AAA: 1 }, ...http },
    { kind: 'fred', start: '2023-01-01', series: [{ id: 'UNRATE', frequency: 'monthly' }], ...http },
    {
      kind: 'fred',
      start: '2023-01-01',
      series: [{ id: 'CPIAUCSL', frequency: 'monthly', known: 'vintages' }],
      ...http,
    },
    { kind: 'bis', areas: ['US', 'XM'], start: '2023-01-01', ...http },
  ];
  return universeSchema.parse({
    ...base,
    id: 'live',
    calendar: 'XNYS',
    members: 'all',
    provider: { kind: 'several', providers },
  });
};
const marketDataOf = ({ provider }: UniverseConfig): MarketDataProvider =>
  createMarketData(provider, {
    root,
    home: folder,
    keys: async () => VENDOR_KEYS,
    clock: { now: () => NOW, sleep: async () => undefined },
  });
const ingest = (date: string, universe = universeOf(), marketData = marketDataOf(universe)) =>
  ingestStage.run(
    { strategy: 'main', universe: 'live', date, profile: 'quick' },
    { settings: { universe, profile } as Settings, store, marketData },
  );
const rowsOf = (table: PointInTimeTable | null, series: string) =>
  [...(table?.value.keys() ?? [])]
    .filter((row) => table?.series[row] === series)
    .map((row) => [table?.symbol[row], table?.eventDate[row], table?.knownDate[row], table?.value[row]]);

describe('several vendors', () => {
  test('become one dataset, each value with the day from which it was known', async () => {
    const output = await ingest('2024-01-03');
    expect(output).toMatchObject({ open: true, symbols: 3, quarantined: 0, revisions: 0 });
    const { fundamentals, macro, panel } = await loadDataset(store, 'main', output.dataset!);
    const bars = await loadBars(store, 'main', output.dataset!);
    expect(panel.dates.slice(-3)).toEqual(['2023-12-29', '2024-01-02', '2024-01-03']);
    expect(bars.close.every((close) => close > 0)).toBe(true);
    expect(rowsOf(fundamentals, 'netIncome')).toEqual([
      ['AAA', '2022-03-31', '2022-05-05', 100],
      ['AAA', '2022-06-30', '2022-08-04', 200],
      ['AAA', '2022-09-30', '2022-11-03', 300],
      ['AAA', '2022-12-31', '2023-02-16', 400],
      ['AAA', '2022-03-31', '2023-05-05', 101],
    ]);
    expect(rowsOf(fundamentals, 'equity')).toEqual([
      ['AAA', '2022-03-31', '2022-05-05', 4000],
      ['AAA', '2022-06-30', '2022-08-04', 4005],
    ]);
    expect(rowsOf(macro, 'UNRATE')).toEqual([
      ['', '2023-01-31', '2023-03-03', 3.4],
      ['', '2023-02-28', '2023-03-31', 3.5],
      ['', '2023-04-30', '2023-05-31', 3.7],
    ]);
    expect(rowsOf(macro, 'CPIAUCSL').slice(0, 2)).toEqual([
      ['', '2023-01-31', '2023-02-13', 3.4],
      ['', '2023-01-31', '2023-03-15', 3.5],
    ]);
    expect(rowsOf(macro, 'policyRate')).toEqual([
      ['EUR', '2023-01-30', '2023-01-31', 5.25],
      ['USD', '2023-01-30', '2023-01-31', 4.25],
      ['EUR', '2023-02-01', '2023-02-02', 5.5],
      ['USD', '2023-02-01', '2023-02-02', 4.5],
    ]);
    const { facts, inputs } = await getManifest(store, 'main', output.dataset!);
    const raws = await Promise.all(Object.values(inputs).map((ref) => getManifest(store, 'main', ref)));
    for (const key of Object.values(VENDOR_KEYS)) {
      const shown = decodeURIComponent(JSON.stringify([facts, ...raws]).replaceAll('+', ' '));
      expect(shown).not.toContain(key.replaceAll('+', ' '));
    }
  });

  test.each(['AAA', 'ZED'])('a change of symbol breaks no history of what is configured as %s', async (name) => {
    vendors.renamed = { from: 'AAA', to: 'ZED', date: '2023-12-15' };
    const universe = universeOf({ symbols: [name, 'BBB', 'CCC'] });
    const [, sec] = (universe.provider as Extract<UniverseConfig['provider'], { kind: 'several' }>).providers;
    if (sec.kind === 'sec') sec.companies = { [name]: 1 };
    const contentOf = async (date: string) => {
      const { dataset, quarantined, revisions } = await ingest(date, universe);
      const bars = await loadBars(store, 'main', dataset!);
      const { fundamentals } = await loadDataset(store, 'main', dataset!);
      const [first] = bars.symbol;
      const days = bars.symbol.filter((symbol) => symbol === first).length * 3;
      return {
        symbols: [...new Set([...bars.symbol, ...fundamentals!.symbol])].sort(),
        isWhole: days === bars.symbol.length,
        quarantined,
        revisions,
      };
    };
    const whole = { isWhole: true, quarantined: 0, revisions: 0 };
    expect(await contentOf('2023-12-14')).toEqual({ symbols: ['AAA', 'BBB', 'CCC'], ...whole });
    expect(await contentOf('2023-12-15')).toEqual({ symbols: ['BBB', 'CCC', 'ZED'], ...whole });
    expect(await contentOf('2024-01-03')).toEqual({ symbols: ['BBB', 'CCC', 'ZED'], ...whole });
  });

  test('intraday bars are rolled up within the hours of the exchange, and kept', async () => {
    const universe = universeOf({ timeframe: '30Min', symbols: ['AAA', 'BBB'] });
    const { dataset } = await ingest('2023-12-29', universe);
    const bars = await loadBars(store, 'main', dataset!);
    const dayOf = (date: string) => {
      const row = bars.date.indexOf(date);
      return { open: bars.open[row], close: bars.close[row], volume: bars.volume[row] };
    };
    const halfHours = await readTable(await getArtifactFile(store, 'main', dataset!, 'intraday.parquet'));
    const close = (time: string) => (halfHours.close as Float64Array)[(halfHours.time as string[]).indexOf(time)];
    // 9:30 to 15:30 on a full day (15:00 is the last bar to begin: 8:30 + 7 h), 9:30 to 12:30 on the day after Thanksgiving.
    expect(dayOf('2023-11-22')).toEqual({
      open: close('2023-11-22T14:30Z'),
      close: close('2023-11-22T20:30Z'),
      volume: 1001 + 1002 + 1003 + 1004 + 1005 + 1006 + 1007,
    });
    expect(dayOf('2023-11-24')).toEqual({
      open: close('2023-11-24T14:30Z'),
      close: close('2023-11-24T17:30Z'),
      volume: 1001 + 1002 + 1003 + 1004,
    });
    expect(new Set(halfHours.interval as string[])).toEqual(new Set(['30m']));
    expect((halfHours.time as string[]).at(-1)?.slice(0, 10)).toBe('2023-12-29');
  });
});

test('an action that comes on two pages happened once', () => {
  const bytes = new Uint8Array(readFileSync(join(root, 'domain/market/alpaca-actions-fixture.json')));
  const page = (n: number) => ({ name: `alpaca-actions-000${n}.json`, bytes, origin: 'x' });
  const once = alpacaBars([page(1)], { calendar: 'XNYS' });
  expect(once.actions.some(({ dividend }) => dividend > 0)).toBe(true);
  expect(alpacaBars([page(1), page(2)], { calendar: 'XNYS' })).toEqual(once);
});

describe('a vendor that lies about dates', () => {
  test("with yesterday's data again has no bar for the day", async () => {
    vendors.mischief = (path) => (path.startsWith('/v2/') ? 'yesterday' : null);
    await expect(ingest('2024-01-03')).rejects.toMatchObject({
      code: 'INGEST_NO_BAR',
      facts: { newestDay: '2024-01-02' },
    });
    expect(await store.list('main/')).toEqual([]);
  });

  test("with yesterday's prices under today's date is refused", async () => {
    const header = 'symbol,date,open,high,low,close,volume\n';
    const days = ['2024-01-02', '2024-01-03'].flatMap((date, i) =>
      ['A', 'B', 'C'].map((s) => `${s},${date},1,2,1,1.5,${i + 1}`),
    );
    const marketData = {
      fetch: async () => [{ name: 'bars.csv', bytes: new TextEncoder().encode(header + days.join('\n')), origin: 'x' }],
    };
    await expect(ingest('2024-01-03', universeOf(), marketData)).rejects.toMatchObject({ code: 'INGEST_STALE_DAY' });
    expect(await store.list('main/')).toEqual([]);
  });

  test('with a bar of a day to come is refused', async () => {
    vendors.mischief = (path) => (path.startsWith('/v2/') ? 'future' : null);
    await expect(ingest('2024-01-03')).rejects.toMatchObject({ code: 'FEED_DATES', kind: 'badInput' });
    expect(await store.list('main/')).toEqual([]);
  });
});

describe('a vendor that revises its history', () => {
  const revisionsIn = async (ref: ArtifactRef) =>
    revisionsOf(await readTable(await getArtifactFile(store, 'main', ref, 'revisions.parquet')));

  test('is found out: both values and the day are kept, and carried on', async () => {
    const first = await ingest('2023-12-28');
    vendors.revise = (symbol, date) => (symbol === 'BBB' && date === '2023-12-27' ? 1.1 : 1);
    const second = await ingest('2023-12-29');
    expect([first.revisions, second.revisions]).toEqual([0, 4]);
    const rows = await revisionsIn(second.dataset!);
    expect(rows.map(({ field }) => field)).toEqual(['open', 'high', 'low', 'close']);
    const bars = await loadBars(store, 'main', first.dataset!);
    const row = bars.date.findIndex((date, i) => date === '2023-12-27' && bars.symbol[i] === 'BBB');
    expect(rows[3]).toMatchObject({
      knownDate: '2023-12-29',
      symbol: 'BBB',
      date: '2023-12-27',
      before: bars.close[row],
    });
    expect(rows[3].after / rows[3].before).toBeCloseTo(1.1, 3);
    const third = await ingest('2024-01-02');
    expect(third.revisions).toBe(0);
    expect(await revisionsIn(third.dataset!)).toEqual(rows);
    expect((await ingest('2024-01-02')).dataset).toEqual(third.dataset);
  });

  test('is found out on a day that is run after later ones, and hides nothing from the day after those', async () => {
    const first = await ingest('2023-12-27');
    await ingest('2024-01-02');
    vendors.revise = (symbol, date) => (symbol === 'BBB' && date === '2023-12-27' ? 1.1 : 1);
    const between = await ingest('2023-12-28');
    expect(between.revisions).toBe(4);
    expect((await getManifest(store, 'main', between.dataset!)).inputs.previous).toEqual(first.dataset);
    expect((await ingest('2023-12-28')).dataset).toEqual(between.dataset);
    vendors.revise = (symbol, date) => (symbol === 'CCC' && date === '2023-12-29' ? 1.1 : 1);
    const last = await ingest('2024-01-03');
    expect((await revisionsIn(last.dataset!)).map(({ symbol, date }) => [symbol, date])).toEqual(
      Array(4).fill(['CCC', '2023-12-29']),
    );
  });

  test('is found out on a day that is run again, too, against the day before', async () => {
    const first = await ingest('2023-12-28');
    const second = await ingest('2023-12-29');
    vendors.revise = (symbol, date) => (symbol === 'BBB' && date === '2023-12-27' ? 1.1 : 1);
    const again = await ingest('2023-12-29');
    expect([second.revisions, again.revisions]).toEqual([0, 4]);
    expect((await getManifest(store, 'main', again.dataset!)).inputs.previous).toEqual(first.dataset);
    expect((await ingest('2023-12-29')).dataset).toEqual(again.dataset);
    vendors.revise = () => 1;
    expect((await ingest('2023-12-29')).dataset).toEqual(second.dataset);
    expect((await ingest('2023-12-29')).dataset).toEqual(second.dataset);
  });

  test('gives the same dataset when the day is run again', async () => {
    await ingest('2023-12-28');
    vendors.revise = (symbol) => (symbol === 'BBB' ? 1.1 : 1);
    const { dataset } = await ingest('2023-12-29');
    expect((await ingest('2023-12-29')).dataset).toEqual(dataset);
  });
});
