import { readFileSync } from 'node:fs';
import { beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type MarketData, modelPolicy, runBacktest } from '../../domain/backtest/backtest.ts';
import { computeFeatures } from '../../domain/features/compute.ts';
import { featureSpec } from '../../domain/features/default-spec.ts';
import type { EmbeddingHistory } from '../../domain/features/embedding-history.ts';
import { fitNormaliser } from '../../domain/features/normaliser.ts';
import { selectFeatures } from '../../domain/features/select.ts';
import { hashOf } from '../../domain/lineage/canonical.ts';
import type { BarTable } from '../../domain/market/bar.ts';
import { buildPanel } from '../../domain/market/build-panel.ts';
import { type PointInTimeTable, pointInTimeTable } from '../../domain/market/point-in-time.ts';
import type { Policy } from '../../domain/policy/policy.ts';
import type { PortfolioBook } from '../../domain/portfolio/book.ts';
import { limitsSchema } from '../../domain/risk/limits.ts';
import { simulateEquityMarket } from '../../domain/simulation/equity-market.ts';
import { type EmbeddingOptions, embedSnapshot, type SnapshotEmbedding } from '../../graph/embeddings/embed-snapshot.ts';
import { relationsOf } from '../../graph/embeddings/snapshot-graph.ts';
import type { SupplierLink } from '../../graph/etl/asset-graph.ts';
import { buildAssetGraph } from '../../graph/etl/build.ts';
import { barRanges } from '../../graph/etl/microstructure.ts';
import { available, featureInputs } from './inputs.ts';

const universe = JSON.parse(readFileSync(new URL('../../config/universes/equity-sim.json', import.meta.url), 'utf8'));
const market = simulateEquityMarket({ seed: 5, assets: 8, sessions: 420, start: '2015-01-05' });
/** Decisions begin here; the normaliser is fitted on the sessions before. */
const [FITTED, FROM] = [270, 300];
const SYMBOLS = market.instruments.map(({ symbol }) => symbol);

type World = Pick<typeof market, 'bars' | 'instruments' | 'fundamentals' | 'macro'> & { suppliers: SupplierLink[] };
const stated = (supplier: string, validFrom: string): SupplierLink => ({
  symbol: SYMBOLS[0],
  supplier,
  weight: 1,
  validFrom,
  validTo: '9999-12-31',
  source: 'test',
});
const world: World = { ...market, suppliers: [stated(SYMBOLS[1], market.sessions[0])] };

const options: EmbeddingOptions = {
  algorithm: 'node2vec',
  dimensions: 4,
  walks: 2,
  walkLength: 8,
  window: 2,
  epochs: 1,
  p: 1,
  q: 1,
  negatives: 2,
  seed: 1,
};

/** Reads every feature: each tilts its asset. */
const tilts: Policy = {
  act(observations, batch, assets, width) {
    const actions = new Float32Array(batch * (assets + 1));
    for (let a = 0; a < assets; a++) {
      for (let f = 0; f < width; f++) actions[a] += ((f % 3) - 1) * 0.1 * observations[a * width + f];
    }
    return actions;
  },
};

async function embeddingsOf(graph: ReturnType<typeof buildAssetGraph>, symbols: readonly string[]) {
  const all: SnapshotEmbedding[] = [];
  for (const snapshot of graph.snapshots) all.push(await embedSnapshot(graph, snapshot, options, all.at(-1) ?? null));
  const { dimensions } = options;
  const vectors = new Float32Array(all.length * symbols.length * dimensions).fill(Number.NaN);
  all.forEach((one, s) => {
    one.symbols.forEach((symbol, i) => {
      const own = one.vectors.subarray(i * dimensions, (i + 1) * dimensions);
      vectors.set(own, (s * symbols.length + symbols.indexOf(symbol)) * dimensions);
    });
  });
  const history: EmbeddingHistory = { dates: all.map(({ asOf }) => asOf), symbols, dimensions, vectors };
  return { all, history };
}

/** All that is computed from a world: snapshots with their relations, vectors, and by session what is decided and what is held. */
async function computed(given: World) {
  const panel = buildPanel(given.bars, given.instruments, market.sessions[market.sessions.length - 1]);
  const graph = buildAssetGraph(panel, given.instruments, {
    universe: 'test',
    windowDays: 126,
    threshold: 0.2,
    everySessions: 42,
    hasVolume: true,
    assumedSpreadBps: () => 5,
    ranges: barRanges(panel),
    macro: given.macro,
    relations: { suppliers: given.suppliers, holdings: [] },
  });
  const embeddings = await embeddingsOf(graph, panel.symbols);
  const inputs = featureInputs(given, { graph } as Parameters<typeof featureInputs>[1], embeddings.history);
  const names = selectFeatures(['policyRate', 'default', 'graph', 'ranks'], available(inputs, true));
  const tensor = computeFeatures(panel, featureSpec(names), inputs);
  const policy = modelPolicy('tilts', tilts, tensor, fitNormaliser(tensor, panel.dates[FITTED], panel.dates[FROM - 1]));
  const decisions: number[][] = [];
  const held: number[][] = [];
  const decide = (t: number, ...rest: [PortfolioBook, MarketData]) => {
    const weights = policy.decide(t, ...rest) as Float64Array;
    decisions.push(Array.from(weights));
    held.push(Array.from(rest[0].held));
    return weights;
  };
  const data = { panel, groups: null, limits: limitsSchema.parse(universe.limits), costs: universe.costs };
  await runBacktest(data, { ...policy, decide }, FROM, panel.dates.length - 1);
  const snapshots = graph.snapshots.map((snapshot) => ({
    asOf: snapshot.asOf,
    content: hashOf({ snapshot, relations: relationsOf(graph, snapshot) }),
  }));
  const vectors = embeddings.all.map(({ asOf, symbols, vectors: own }) => ({ asOf, symbols, own: Array.from(own) }));
  return { snapshots, vectors, decisions, held };
}
type Computed = Awaited<ReturnType<typeof computed>>;

const until = ({ snapshots, vectors, decisions, held }: Computed, t: number): Computed => ({
  snapshots: snapshots.filter(({ asOf }) => asOf <= market.sessions[t]),
  vectors: vectors.filter(({ asOf }) => asOf <= market.sessions[t]),
  decisions: decisions.slice(0, t + 1 - FROM),
  held: held.slice(0, t + 1 - FROM),
});

const published = (table: PointInTimeTable, date: string, size: number): PointInTimeTable =>
  pointInTimeTable({ ...table, value: table.value.map((x, row) => (table.knownDate[row] > date ? x * size : x)) });

/** Each way of changing what is known after `date`, and nothing before. */
const CHANGES: Record<string, (date: string, size: number) => World> = {
  bars: (date, size) => {
    const later = (values: Float64Array) =>
      values.map((x, row) => (world.bars.date[row] > date ? x * (row % 3 === 0 ? size : 1) : x));
    const { open, high, low, close, volume } = world.bars;
    const bars: BarTable = {
      ...world.bars,
      open: later(open),
      high: later(high),
      low: later(low),
      close: later(close),
      volume: later(volume),
    };
    return { ...world, bars };
  },
  fundamentals: (date, size) => ({ ...world, fundamentals: published(world.fundamentals, date, size) }),
  macro: (date, size) => ({ ...world, macro: published(world.macro, date, size) }),
  relations: (date) => ({
    ...world,
    suppliers: [
      ...world.suppliers,
      ...SYMBOLS.slice(0, 7).map((symbol) => stated(symbol, market.sessions[market.sessions.indexOf(date) + 1])),
    ],
  }),
  membership: (date) => ({
    ...world,
    instruments: world.instruments.map((one, i) => {
      const to = market.sessions[market.sessions.indexOf(date) + 1];
      return i % 3 === 0 ? { ...one, membership: [{ from: market.sessions[0], to }] } : one;
    }),
  }),
};

let before: Computed;
beforeAll(async () => {
  before = await computed(world);
});

/** What must be seen to change later, or the property could not fail. */
const FELT: Record<keyof typeof CHANGES, (keyof Computed)[]> = {
  bars: ['snapshots', 'vectors', 'decisions', 'held'],
  fundamentals: ['decisions', 'held'],
  macro: ['snapshots', 'decisions'],
  relations: ['snapshots', 'vectors', 'decisions'],
  membership: ['snapshots', 'vectors', 'decisions', 'held'],
};

const session = fc.integer({ min: FROM + 2, max: 370 });
const size = fc.double({ min: 1.2, max: 3, noNaN: true });

test.each(Object.keys(CHANGES))(
  '%s known after t leave every snapshot, vector and decision up to t as they were, to the bit',
  async (kind) => {
    const felt = new Set<keyof Computed>();
    await fc.assert(
      fc.asyncProperty(session, size, async (t, by) => {
        const after = await computed(CHANGES[kind](market.sessions[t], by));
        expect(hashOf(until(after, t))).toBe(hashOf(until(before, t)));
        for (const part of FELT[kind]) if (hashOf(after[part]) !== hashOf(before[part])) felt.add(part);
      }),
      { numRuns: 3 },
    );
    expect([...felt]).toEqual(FELT[kind]);
  },
);
