import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { LadybugGraphStore } from '../../adapters/graph-store/ladybug.ts';
import { FilesystemObjectStore } from '../../adapters/object-store/filesystem.ts';
import {
  artifactPrefix,
  getArtifactJson,
  getPointer,
  movePointer,
  putArtifact,
} from '../../adapters/object-store/port.ts';
import { loadSettings } from '../../config/load.ts';
import type { Settings } from '../../config/schema.ts';
import { riskGroupsAt, riskGroupsHistory } from '../../domain/features/groups.ts';
import { fitNormaliser } from '../../domain/features/normaliser.ts';
import { hashOf } from '../../domain/lineage/canonical.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import { simulateEquityMarket } from '../../domain/simulation/equity-market.ts';
import { HUBS_AS_OF } from '../../graph/queries/as-of.ts';
import { barFiles, DATASET_FILES, type DatasetFacts, loadDataset, quarantineTable } from '../artifacts/dataset.ts';
import { loadEmbeddings } from '../artifacts/embeddings.ts';
import { FEATURES_FILES, featuresPointer, loadFeatures } from '../artifacts/features.ts';
import { GRAPH_FILES, loadGraph } from '../artifacts/graph.ts';
import { embeddingsStage } from '../embeddings/embeddings.ts';
import { graphStage } from '../graph/graph.ts';
import { featuresStage } from './features.ts';
import { featureInputs } from './inputs.ts';
import { updatedFeatures } from './previous.ts';

const STRATEGY = 'test';
const market = simulateEquityMarket({ seed: 21, assets: 10, sessions: 560, start: '2015-01-05' });
const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

function settingsOf(): Settings {
  const settings = loadSettings({ root: process.cwd(), universe: 'equity-sim', profile: 'quick' });
  const embeddings = { ...settings.profile.embeddings, dimensions: 8, walks: 4, walkLength: 15 };
  const suppliers = {
    file: 'test.suppliers.csv',
    text: 'symbol,supplier,from,source\nTEC01,TEC02,2016-02-01,test\nTEC01,ACME,2016-02-01,test\n',
  };
  return {
    ...settings,
    relations: { suppliers, holdings: null },
    profile: { ...settings.profile, testDays: 60, embeddings },
  };
}

/** The simulated market as the ingest stage would store it on `asOf`. */
function putDataset(store: FilesystemObjectStore, asOf: string): Promise<ArtifactRef> {
  const facts: DatasetFacts = {
    universe: 'equity-sim',
    asOf,
    calendar: 'XNYS',
    interval: '1d',
    numeraire: 'USD',
    licence: 'test',
    redistribution: true,
    sourceLine: 'test',
    rows: market.bars.date.length,
    symbols: market.instruments.length,
    quarantined: 0,
    firstDate: market.sessions[0],
  };
  return putArtifact(store, STRATEGY, {
    kind: 'datasets',
    files: {
      ...barFiles(market.bars),
      [DATASET_FILES.instruments]: encode(market.instruments),
      [DATASET_FILES.quarantine]: quarantineTable([]),
    },
    facts,
  });
}

describe('graph -> embeddings -> features', () => {
  const settings = settingsOf();
  const graphs: LadybugGraphStore[] = [];
  let folder: string;
  let store: FilesystemObjectStore;
  const progress = () => undefined;
  const openGraph = () => {
    const graph = new LadybugGraphStore();
    graphs.push(graph);
    return graph;
  };

  async function line(date: string, graph: LadybugGraphStore, graphForEmbeddings = graph) {
    const run = { strategy: STRATEGY, universe: 'equity-sim', date, profile: 'quick' as const };
    const ingest = { dataset: await putDataset(store, date) };
    const built = await graphStage.run({ ...run, ingest }, { settings, store, graph, progress });
    const embedded = await embeddingsStage.run(
      { ...run, graph: built },
      { settings, store, graph: graphForEmbeddings, progress },
    );
    const features = await featuresStage.run(
      { ...run, ingest, graph: built, embeddings: embedded },
      { settings, store, progress },
    );
    return { run, ingest, built, embedded, features };
  }

  let date: string;
  let first: Awaited<ReturnType<typeof line>>;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'features-'));
    store = new FilesystemObjectStore(folder);
    date = market.sessions[558];
    first = await line(date, openGraph());
  });
  afterAll(async () => {
    for (const graph of graphs) await graph.close();
    await rm(folder, { recursive: true, force: true });
  });

  test('outputs count what the artifacts hold', async () => {
    const { graph, facts } = await loadGraph(store, STRATEGY, first.built.graph);
    expect(facts).toMatchObject({
      nodes: first.built.nodes,
      relationships: first.built.relationships,
      windowDays: 252,
    });
    expect(facts.setAside).toBe(1);
    const stated = { validFrom: '2016-02-01', validTo: '9999-12-31', weight: 1, source: 'test' };
    expect(graph.suppliers).toContainEqual({ symbol: 'TEC01', supplier: 'TEC02', ...stated });
    const setAside = await getArtifactJson(store, STRATEGY, first.built.graph, GRAPH_FILES.setAside);
    expect(setAside).toEqual([
      { file: 'test.suppliers.csv', line: 3, symbol: 'ACME', reason: 'the supplier is no asset of the universe' },
    ]);
    expect(graph.snapshots.length).toBe(Math.floor((559 - 1 - 252) / 63) + 1);
    const vectors = graph.snapshots.reduce((sum, { members }) => sum + members.length, 0);
    expect(first.embedded).toMatchObject({ vectors, dimensions: 8 });
    expect(first.features.columns).toBe(27);
    expect(first.features.trials[0].kind).toBe('baseline');
  });

  test('features come back bit for bit, with their spec, plan and groups', async () => {
    const loaded = await loadFeatures(store, STRATEGY, first.features.features);
    expect(loaded.specHash).toBe(first.features.featureSpecHash);
    expect(loaded.specHash).toBe(hashOf(loaded.spec));
    expect(loaded.trials).toEqual(first.features.trials);
    expect(loaded.tensor.dates).toHaveLength(559);
    expect(loaded.tensor.values).toHaveLength(559 * loaded.tensor.symbols.length * 27);
    const usable = loaded.tensor.anchorLogit.filter(Number.isFinite).length;
    expect(usable).toBeGreaterThan(200 * 6);
    const { groups } = await loadGraph(store, STRATEGY, first.built.graph);
    const { hubs, illiquid, neighbourhoods, communities } = loaded;
    expect({ hubs, illiquid, neighbourhoods, communities }).toEqual(groups);
    expect(Object.values(groups.communities).every((named) => Object.keys(named).length > 0)).toBe(true);
  });

  test('each training window has a normaliser that was fitted on it alone', async () => {
    const { tensor, normalisers, trials } = await loadFeatures(store, STRATEGY, first.features.features);
    const windows = new Set(trials.map(({ trainFrom, trainTo }) => `${trainFrom}..${trainTo}`));
    expect(new Set(Object.keys(normalisers))).toEqual(windows);
    for (const { trainFrom, trainTo } of trials) {
      expect(normalisers[`${trainFrom}..${trainTo}`]).toEqual(fitNormaliser(tensor, trainFrom, trainTo));
    }
  });

  test('risk groups by date are what Cypher answers for that date', async () => {
    const { tensor, hubs, illiquid } = await loadFeatures(store, STRATEGY, first.features.features);
    const history = riskGroupsHistory(tensor.symbols, { hubs, illiquid });
    for (const asOf of Object.keys(hubs)) {
      const parameters = { universe: 'equity-sim', asOf, count: hubs[asOf].length };
      const rows = await graphs[0].read<{ symbol: string }>({ text: HUBS_AS_OF, parameters });
      const mask = riskGroupsAt(history, asOf).hubs;
      expect(tensor.symbols.filter((_, a) => mask[a] === 1)).toEqual(rows.map(({ symbol }) => symbol).sort());
    }
  });

  test('the same day again, in a new process with empty graph stores, has the same hashes', async () => {
    const again = await line(date, openGraph(), openGraph());
    expect([again.built.graph, again.embedded.embeddings, again.features.features]).toEqual([
      first.built.graph,
      first.embedded.embeddings,
      first.features.features,
    ]);
  });

  test('one day more computed alone gives the hash of the day computed whole; a revised past is computed whole', async () => {
    const next = market.sessions[559];
    const run = { strategy: STRATEGY, universe: 'equity-sim', date: next, profile: 'quick' as const };
    const graph = openGraph();
    const ingest = { dataset: await putDataset(store, next) };
    const built = await graphStage.run({ ...run, ingest }, { settings, store, graph, progress });
    const embedded = await embeddingsStage.run({ ...run, graph: built }, { settings, store, graph, progress });
    const given = { ...run, ingest, graph: built, embeddings: embedded };
    const pointer = featuresPointer('equity-sim');
    const point = async (ref: ArtifactRef) => {
      const found = await getPointer(store, STRATEGY, pointer);
      await movePointer(store, STRATEGY, pointer, ref, found?.etag ?? null);
    };
    const { panel } = await loadDataset(store, STRATEGY, ingest.dataset);
    const { spec } = await loadFeatures(store, STRATEGY, first.features.features);
    const inputs = featureInputs(
      { fundamentals: null, macro: null },
      await loadGraph(store, STRATEGY, built.graph),
      await loadEmbeddings(store, STRATEGY, embedded.embeddings),
    );
    const close = panel.close.map((x, i) => (i === 40 ? x * 1.01 : x));
    const update = (of: typeof panel) => updatedFeatures(store, STRATEGY, 'equity-sim', { panel: of, spec, inputs });

    await point(first.features.features);
    expect((await update(panel))?.dates).toHaveLength(560);
    expect(await update({ ...panel, close })).toBeNull();
    const alone = await featuresStage.run(given, { settings, store, progress });
    await point(built.graph);
    expect(await update(panel)).toBeNull();
    const whole = await featuresStage.run(given, { settings, store, progress });
    expect(alone.features).toEqual(whole.features);
  });

  test('a universe names its features; an unknown one is refused with the nearest, too few with what there are', async () => {
    const of = (...features: string[]) => ({ ...settings, universe: { ...settings.universe, features } });
    const given = { ...first.run, ingest: first.ingest, graph: first.built, embeddings: first.embedded };
    const chosen = await featuresStage.run(given, { settings: of('momentum', 'trend', 'pageRank'), store, progress });
    expect(chosen.columns).toBe(14);
    await expect(featuresStage.run(given, { settings: of('momentun63'), store, progress })).rejects.toMatchObject({
      code: 'FEATURES_UNKNOWN_COLUMN',
      facts: {
        field: 'features',
        value: 'momentun63',
        nearest: 'momentum63',
        families: expect.arrayContaining(['regime']),
      },
    });
    await expect(featuresStage.run(given, { settings: of('trend', 'carry'), store, progress })).rejects.toMatchObject({
      code: 'FEATURES_TOO_FEW',
      kind: 'badInput',
      facts: { field: 'features', value: expect.arrayContaining(['drawdown252', 'carry']), least: 12 },
    });
  });

  test('the next day leaves every past value as it was', async () => {
    const next = await line(market.sessions[559], graphs[0]);
    const [before, after] = await Promise.all(
      [first, next].map(({ features }) => loadFeatures(store, STRATEGY, features.features)),
    );
    expect(after.tensor.dates).toHaveLength(560);
    expect(
      Buffer.compare(bytes(after.tensor.values.slice(0, before.tensor.values.length)), bytes(before.tensor.values)),
    ).toBe(0);
    const [older, newer] = await Promise.all(
      [first, next].map(({ embedded }) => loadEmbeddings(store, STRATEGY, embedded.embeddings)),
    );
    expect(newer.dates.slice(0, older.dates.length)).toEqual(older.dates);
  });

  test('a graph artifact of a newer or an older schema is refused', async () => {
    for (const [facts, code] of [
      [{ schema: 99 }, 'GRAPH_SCHEMA_NEWER'],
      [{}, 'GRAPH_SCHEMA_OLDER'],
    ] as const) {
      const other = await putArtifact(store, STRATEGY, { kind: 'graphs', files: { 'assets.json': encode({}) }, facts });
      await expect(loadGraph(store, STRATEGY, other)).rejects.toMatchObject({ code, kind: 'refused' });
    }
  });

  test('a changed byte is refused', async () => {
    const ref = first.features.features;
    const path = join(folder, artifactPrefix(STRATEGY, ref), FEATURES_FILES.groups);
    await writeFile(path, '{"hubs":{},"illiquid":{}}');
    await expect(loadFeatures(store, STRATEGY, ref)).rejects.toMatchObject({ code: 'OBJECT_HASH_MISMATCH' });
    await expect(loadFeatures(store, STRATEGY, first.built.graph)).rejects.toMatchObject({ code: 'FEATURES_KIND' });
  });
});

const bytes = (values: Float32Array): Uint8Array => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
