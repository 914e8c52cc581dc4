import { LadybugGraphStore } from '../adapters/graph-store/ladybug.ts';
import { createNeo4jGraphStore } from '../adapters/graph-store/neo4j.ts';
import { missingForNeo4j, startNeo4j } from '../adapters/graph-store/neo4j-server.ts';
import type { GraphStore } from '../adapters/graph-store/port.ts';
import { fixturePanel } from '../domain/features/fixture-panel.ts';
import type { Instrument } from '../domain/market/instrument.ts';
import { panelUntil } from '../domain/market/panel.ts';
import { type AssetGraph, OPEN_END } from '../graph/etl/asset-graph.ts';
import { buildAssetGraph, type GraphOptions } from '../graph/etl/build.ts';
import { readAssetGraph } from '../graph/etl/read-back.ts';
import { graphSize } from '../graph/etl/size.ts';
import { syncGraph } from '../graph/etl/sync.ts';
import { writeRows } from '../graph/etl/write-rows.ts';
import { MERGE_ASSETS, MERGE_CORRELATED } from '../graph/queries/load.ts';
import { report } from './report.ts';

/** As many sessions as 27 years have; the size of the two universes that the product ships with. */
const UNIVERSES = [
  { assets: 15, sessions: 6900 },
  { assets: 48, sessions: 4700 },
];
/** Relationships of the load that shows the engine alone, without our reading of what is there. */
const BULK = { assets: 400, relationships: 100_000 };
const WINDOW = 252;

const options: GraphOptions = {
  universe: 'bench',
  windowDays: WINDOW,
  threshold: 0.3,
  everySessions: 63,
  hasVolume: true,
  assumedSpreadBps: () => 2,
};

function panelOf({ assets, sessions }: (typeof UNIVERSES)[number]) {
  const panel = fixturePanel({ seed: 1, sessions, assets });
  const instruments = panel.symbols.map(
    (symbol, a): Instrument => ({
      symbol,
      name: symbol,
      kind: 'equity',
      group: panel.groups[a],
      firstDate: panel.dates[0],
      lastDate: panel.dates[sessions - 1],
      events: [],
      reference: {},
    }),
  );
  return { panel, instruments };
}

const seconds = async (work: () => Promise<unknown>): Promise<number> => {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
};

/** Nodes and relationships that a load writes: layers of the newest snapshots alone. */
function loaded(graph: AssetGraph): number {
  const snapshots = graph.snapshots.map((s, i) =>
    i < graph.snapshots.length - 4 ? { ...s, layers: [], exposures: [] } : s,
  );
  const { nodes, relationships } = graphSize({ ...graph, snapshots });
  return nodes + relationships;
}

async function measure(engine: string, open: () => Promise<GraphStore>): Promise<void> {
  for (const size of UNIVERSES) {
    const name = `${size.assets} assets`;
    const { panel, instruments } = panelOf(size);
    const graph = buildAssetGraph(panel, instruments, options);
    const before = buildAssetGraph(panelUntil(panel, size.sessions - 63), instruments, options);
    const store = await open();
    await store.applySchema();
    await store.clear();
    const first = await seconds(() => syncGraph(store, before, WINDOW));
    await report('graph-etl', `${engine}, ${name}: load`, 'nodes and edges/s', 1, async () => loaded(before) / first);
    await report('graph-etl', `${engine}, ${name}: first load`, 's', 1, async () => first);
    await report('graph-etl', `${engine}, ${name}: one more day`, 's', 1, () =>
      seconds(() => syncGraph(store, graph, WINDOW)),
    );
    await report('graph-etl', `${engine}, ${name}: read back`, 's', 1, () =>
      seconds(() => readAssetGraph(store, 'bench', WINDOW)),
    );
    await store.close();
  }
  const store = await open();
  await store.applySchema();
  await store.clear();
  await report(
    'graph-etl',
    `${engine}: 100k relationships`,
    'edges/s',
    1,
    async () => BULK.relationships / (await bulk(store)),
  );
  await report(
    'graph-etl',
    `${engine}: the same again`,
    'edges/s',
    1,
    async () => BULK.relationships / (await bulk(store)),
  );
  await store.close();
}

function bulk(store: GraphStore): Promise<number> {
  const assets = Array.from({ length: BULK.assets }, (_, i) => {
    return {
      id: `bulk|${i}`,
      universe: 'bulk',
      symbol: `S${i}`,
      name: '',
      kind: 'equity',
      firstDate: '',
      lastDate: '',
    };
  });
  const edges = Array.from({ length: BULK.relationships }, (_, k) => ({
    source: `bulk|${k % BULK.assets}`,
    target: `bulk|${(k + 1 + Math.floor(k / BULK.assets)) % BULK.assets}`,
    validFrom: '2020-01-01',
    validTo: OPEN_END,
    layer: 'main',
    strength: 400_000 + (k % 1000),
    sessions: WINDOW,
    lastDate: '2020-01-01',
  }));
  return seconds(async () => {
    await writeRows(store, MERGE_ASSETS, assets);
    await writeRows(store, MERGE_CORRELATED, edges);
  });
}

for (const size of UNIVERSES) {
  const { panel, instruments } = panelOf(size);
  await report('graph-etl', `build, ${size.assets} assets`, 's', 1, () =>
    seconds(async () => buildAssetGraph(panel, instruments, options)),
  );
}
await measure('Ladybug', async () => new LadybugGraphStore());
if (process.argv.includes('--peers')) {
  const missing = await missingForNeo4j();
  if (missing) process.stderr.write(`skipped: Neo4j (${missing})\n`);
  else {
    const server = await startNeo4j();
    await measure('Neo4j', async () => createNeo4jGraphStore({ url: server.url, user: '', password: '' }));
    await server.stop();
  }
}
