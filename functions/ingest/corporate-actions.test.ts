import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FilesystemObjectStore } from '../../adapters/object-store/filesystem.ts';
import { type Settings, universeSchema } from '../../config/schema.ts';
import { computeFeatures } from '../../domain/features/compute.ts';
import { defaultFeatureSpec } from '../../domain/features/default-spec.ts';
import { csvOf, type FixtureBar, fixtureBars } from '../../domain/market/bars-fixture.ts';
import { buildAssetGraph } from '../../graph/etl/build.ts';
import { loadDataset, loadLateBars } from '../artifacts/dataset.ts';
import { ingestStage } from './ingest.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const json = (path: string) => JSON.parse(readFileSync(join(root, path), 'utf8')) as object;
const universe = universeSchema.parse({
  ...json('config/universes/equity-sim.json'),
  id: 'mine',
  provider: { kind: 'folder', path: 'x' },
  calendar: 'XNYS',
  members: 'all',
});
const SESSIONS = 40;
const market = fixtureBars({ symbols: 4, sessions: SESSIONS, seed: 9 });
const DAYS = market.slice(0, SESSIONS).map(({ date }) => date);
const CHANGE = 36;
const SPEC = defaultFeatureSpec({
  hasVolume: false,
  embeddings: false,
  anchor: { volatilityDays: 10, targetVolatility: 0.08 },
});
const GRAPH = {
  universe: 'mine',
  windowDays: 20,
  threshold: 0.3,
  everySessions: 5,
  hasVolume: true,
  assumedSpreadBps: () => 2,
};

let folder: string;
let store: FilesystemObjectStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drl-actions-'));
  store = new FilesystemObjectStore(folder);
});
afterEach(() => rm(folder, { recursive: true }));

async function ingest(files: Record<string, string>, t: number) {
  const output = await ingestStage.run(
    { strategy: 'main', universe: 'mine', date: DAYS[t], profile: 'quick' },
    {
      settings: { universe, profile: { retrainEverySessions: 20 } } as Settings,
      store,
      marketData: {
        fetch: async () =>
          Object.entries(files).map(([name, text]) => ({
            name,
            bytes: new TextEncoder().encode(text),
            origin: `x/${name}`,
          })),
      },
    },
  );
  return { output, ...(await loadDataset(store, 'main', output.dataset!)) };
}

describe('a symbol that changes', () => {
  const bars = market.map((bar) =>
    bar.symbol === 'S001' && bar.date >= DAYS[CHANGE] ? { ...bar, symbol: 'NEW1' } : bar,
  );
  const files = {
    'bars.csv': csvOf(bars),
    'actions.csv': `symbol,date,dividend,split,new_symbol\nS001,${DAYS[CHANGE]},,,NEW1\n`,
    'universe.csv': 'symbol,name,sector\nS000,Zero,tools\nS001,One,food\nS002,Two,tools\nS003,Three,food\n',
    'membership.csv': `symbol,index,from,to\n${['S000', 'S001', 'S002', 'S003'].map((s) => `${s},I,${DAYS[0]},`).join('\n')}\n`,
    'fundamentals.csv': `series,symbol,eventDate,knownDate,value\nequity,S001,${DAYS[1]},${DAYS[2]},5\n`,
  };

  test('is one asset in dataset, features and graph, by the name of the day, and no revision of the past', async () => {
    const before = await ingest(files, CHANGE - 1);
    const after = await ingest(files, CHANGE);
    expect(before.panel.symbols).toEqual(['S000', 'S001', 'S002', 'S003']);
    expect(after.panel.symbols).toEqual(['NEW1', 'S000', 'S002', 'S003']);
    expect(after.output).toMatchObject({ revisions: 0, quarantined: 0, symbols: 4 });
    expect(after.panel.exits).toEqual([]);
    expect(after.instruments[0]).toMatchObject({
      name: 'One',
      group: 'food',
      firstDate: DAYS[0],
      formerly: [{ symbol: 'S001', until: DAYS[CHANGE] }],
      membership: [{ from: DAYS[0], to: null }],
    });
    expect([before.fundamentals?.symbol, after.fundamentals?.symbol]).toEqual([['S001'], ['NEW1']]);
    const tensors = [before, after].map(({ panel }) => computeFeatures(panel, SPEC));
    expect(tensors.map(({ symbols }) => symbols)).toEqual([before.panel.symbols, after.panel.symbols]);
    const row = (tensor: (typeof tensors)[number], t: number, a: number) =>
      tensor.values.slice((t * 4 + a) * tensor.columns.length, (t * 4 + a + 1) * tensor.columns.length);
    expect(row(tensors[1], CHANGE - 1, 0)).toEqual(row(tensors[0], CHANGE - 1, 1));
    const graphs = [before, after].map(({ panel, instruments }) => buildAssetGraph(panel, instruments, GRAPH));
    expect(graphs.map(({ assets }) => assets.map(({ symbol }) => symbol))).toEqual([
      before.panel.symbols,
      after.panel.symbols,
    ]);
    expect(graphs[1].snapshots[0].asOf).toBe(graphs[0].snapshots[0].asOf);
  });
});

describe('Alpaca’s answer', () => {
  const lines = (all: readonly FixtureBar[]) =>
    Object.fromEntries(
      Object.entries(Object.groupBy(all, ({ symbol }) => symbol)).map(([symbol, rows]) => [
        symbol,
        rows?.map(({ date, open: o, high: h, low: l, close: c, volume: v }) => ({
          t: `${date}T05:00:00Z`,
          o,
          h,
          l,
          c,
          v,
        })),
      ]),
    );
  const page = (corporate_actions: object) => JSON.stringify({ corporate_actions, next_page_token: null });

  test('gives a spin-off by the first close of its units, and a merger with cash by its day, the last dividend before it', async () => {
    const spun = 38;
    const all = market.flatMap((bar) => {
      const t = DAYS.indexOf(bar.date);
      if (bar.symbol === 'S003' && t < spun) return [];
      if (bar.symbol === 'S002' && t >= CHANGE) return [];
      return [bar];
    });
    const closeOf = (symbol: string, t: number) => market.find((b) => b.symbol === symbol && b.date === DAYS[t])!.close;
    const ratio = (0.03 * closeOf('S000', spun)) / closeOf('S003', spun);
    const files = {
      'alpaca-bars-1Day-0001.json': JSON.stringify({ bars: lines(all), next_page_token: null }),
      'alpaca-actions-0002.json': page({
        spin_offs: [
          {
            source_symbol: 'S000',
            source_rate: 1,
            new_symbol: 'S003',
            new_rate: ratio,
            ex_date: DAYS[spun],
            process_date: DAYS[spun],
          },
        ],
        cash_dividends: [{ symbol: 'S002', rate: 0.4, ex_date: DAYS[CHANGE], process_date: DAYS[CHANGE] }],
        stock_and_cash_mergers: [
          {
            acquirer_symbol: 'S001',
            acquirer_rate: 1,
            acquiree_symbol: 'S002',
            acquiree_rate: 2,
            cash_rate: 3,
            effective_date: DAYS[CHANGE],
            process_date: DAYS[CHANGE],
          },
        ],
      }),
    };
    const { panel, output } = await ingest(files, 39);
    expect(output.quarantined).toBe(0);
    expect(panel.symbols).toEqual(['S000', 'S001', 'S002', 'S003']);
    expect(panel.returns[spun * 4]).toBeCloseTo((1.03 * closeOf('S000', spun)) / closeOf('S000', spun - 1) - 1, 12);
    expect(panel.exits).toEqual([
      {
        t: CHANGE,
        asset: 2,
        successor: 1,
        finalReturn: expect.closeTo((0.5 * closeOf('S001', CHANGE) + 1.5 + 0.4) / closeOf('S002', CHANGE - 1) - 1, 12),
      },
    ]);
    expect((await ingest(files, CHANGE - 1)).panel.exits).toEqual([]);
  });
});

test('a bar that comes a day late is told to the book that had to do without it', async () => {
  const late = market.filter(({ symbol, date }) => symbol !== 'S001' || date !== DAYS[38]);
  await ingest({ 'bars.csv': csvOf(late) }, 38);
  const { output } = await ingest({ 'bars.csv': csvOf(market) }, 39);
  const since = (t: number) => loadLateBars(store, 'main', output.dataset!, DAYS[t]);
  expect(await since(38)).toEqual([{ symbol: 'S001', date: DAYS[38] }]);
  expect(await since(37)).toEqual([]);
  expect(await since(39)).toEqual([]);
});
