import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PortfolioChain } from '../adapters/chain/port.ts';
import { createPgliteLedger } from '../adapters/ledger/pglite.ts';
import type { Ledger } from '../adapters/ledger/port.ts';
import { FilesystemObjectStore } from '../adapters/object-store/filesystem.ts';
import { putArtifact } from '../adapters/object-store/port.ts';
import { ObjectStoreTracker } from '../adapters/tracking/object-store.ts';
import { loadSettings } from '../config/load.ts';
import type { Settings } from '../config/schema.ts';
import { fitNormaliser } from '../domain/features/normaliser.ts';
import type { FeatureTensor } from '../domain/features/spec.ts';
import { canonicalJson, hashOf } from '../domain/lineage/canonical.ts';
import type { ArtifactRef } from '../domain/lineage/manifest.ts';
import { MODEL_FILES, type Model, modelSchema, type Trial } from '../domain/lineage/model.ts';
import type { BarTable } from '../domain/market/bar.ts';
import type { KnownOptimum } from '../domain/simulation/known-optimum.ts';
import { knownOptimumTensor } from '../domain/simulation/known-optimum-tensor.ts';
import { barFiles, DATASET_FILES, quarantineTable } from '../functions/artifacts/dataset.ts';
import { normaliserKey, writeFeatures } from '../functions/artifacts/features.ts';

export const UNIVERSE = 'known-optimum';

interface Parts {
  folder: string;
  ledger: Ledger;
  settings: Settings;
  market: KnownOptimum;
  features: ReturnType<typeof knownOptimumTensor>;
  strategy: string;
}

/**
 * A store, a ledger and the artifacts of a market whose best policy is known, day by day: what the lifecycle stages
 * (validate, register, promote, decide) read, made without the stages before them.
 */
export class KnownMarketHome {
  readonly strategy: string;
  readonly market: Parts['market'];
  readonly tensor: FeatureTensor;
  readonly spec: Parts['features']['spec'];
  readonly specHash: string;
  readonly store: FilesystemObjectStore;
  readonly ledger: Ledger;
  readonly tracker: ObjectStoreTracker;
  readonly settings: Settings;
  readonly #parts: Parts;

  private constructor(parts: Parts) {
    this.#parts = parts;
    this.strategy = parts.strategy;
    this.market = parts.market;
    ({ tensor: this.tensor, spec: this.spec } = parts.features);
    this.specHash = hashOf(this.spec);
    this.store = new FilesystemObjectStore(join(parts.folder, 'store'));
    this.ledger = parts.ledger;
    this.tracker = new ObjectStoreTracker(this.store, parts.strategy);
    this.settings = parts.settings;
  }

  static async open(
    market: KnownOptimum,
    change: (settings: Settings) => Settings = (same) => same,
  ): Promise<KnownMarketHome> {
    const folder = await mkdtemp(join(tmpdir(), 'drl-known-market-'));
    const settings = change(loadSettings({ root: new URL('..', import.meta.url).pathname }));
    const features = knownOptimumTensor(market);
    return new KnownMarketHome({
      folder,
      ledger: await createPgliteLedger(null),
      settings,
      market,
      features,
      strategy: 'main',
    });
  }

  /** The same market and ledger for another strategy, which shares nothing with this one. */
  as(strategy: string): KnownMarketHome {
    return new KnownMarketHome({ ...this.#parts, strategy });
  }

  async close(): Promise<void> {
    await this.ledger.close();
    await rm(this.#parts.folder, { recursive: true, force: true });
  }

  get dates(): readonly string[] {
    return this.market.panel.dates;
  }

  /** The stage input of session `t`: dataset and features as known at its close. */
  async day(t: number, trials: Trial[] = []) {
    const dataset = await this.#dataset(t);
    const features = await this.#features(t, dataset, trials);
    const run = { strategy: this.strategy, universe: UNIVERSE, date: this.dates[t], profile: 'quick' as const };
    return { ...run, ingest: { dataset }, features: { features } };
  }

  /** A candidate folder around an ONNX policy. */
  async candidate(
    day: { ingest: { dataset: ArtifactRef }; features: { features: ArtifactRef } },
    facts: { name: string; kind: Model['kind']; trial: Trial; onnx: Uint8Array; limits?: Model['limits'] },
  ): Promise<ArtifactRef> {
    const { name, kind, trial, onnx } = facts;
    const model = modelSchema.parse({
      schema: 1,
      name,
      kind,
      universe: UNIVERSE,
      symbols: [...this.market.panel.symbols],
      featureSpec: this.spec,
      featureSpecHash: this.specHash,
      normaliser: fitNormaliser(this.tensor, trial.trainFrom, trial.trainTo),
      limits: facts.limits ?? this.market.limits,
      costs: this.market.costs,
      trial,
      training: {},
      dataset: day.ingest.dataset,
      features: day.features.features,
      codeVersion: 'test',
    } satisfies Model);
    const text = (value: unknown): Uint8Array => new TextEncoder().encode(canonicalJson(value));
    return putArtifact(this.store, this.strategy, {
      kind: 'candidates',
      files: {
        [MODEL_FILES.policy]: onnx,
        [MODEL_FILES.model]: text(model),
        [MODEL_FILES.record]: text({ schema: 1 }),
      },
      inputs: { dataset: day.ingest.dataset, features: day.features.features },
      facts: { name, kind },
    });
  }

  async #dataset(t: number): Promise<ArtifactRef> {
    const asOf = this.dates[t];
    const { bars, instruments } = this.market;
    const rows = (t + 1) * instruments.length;
    const until = Object.fromEntries(
      Object.entries(bars).map(([name, column]) => [name, column.slice(0, rows)]),
    ) as unknown as BarTable;
    const known = instruments.map((instrument) => ({ ...instrument, lastDate: asOf }));
    return putArtifact(this.store, this.strategy, {
      kind: 'datasets',
      files: {
        ...barFiles(until),
        [DATASET_FILES.instruments]: new TextEncoder().encode(canonicalJson(known)),
        [DATASET_FILES.quarantine]: quarantineTable([]),
      },
      facts: {
        universe: UNIVERSE,
        asOf,
        calendar: 'XNYS',
        interval: '1d',
        numeraire: 'USD',
        licence: 'simulated',
        redistribution: true,
        sourceLine: 'Simulated',
        rows,
        symbols: instruments.length,
        quarantined: 0,
        firstDate: this.dates[0],
      },
    });
  }

  async #features(t: number, dataset: ArtifactRef, trials: Trial[]): Promise<ArtifactRef> {
    const { dates, symbols, columns, values, anchorLogit, anchorExposure } = this.tensor;
    const rows = (t + 1) * symbols.length;
    const tensor: FeatureTensor = {
      dates: dates.slice(0, t + 1),
      symbols,
      columns,
      values: values.slice(0, rows * columns.length),
      anchorLogit: anchorLogit.slice(0, rows),
      anchorExposure: anchorExposure.slice(0, t + 1),
    };
    const graph = await putArtifact(this.store, this.strategy, { kind: 'graphs', files: {}, inputs: { dataset } });
    const embeddings = await putArtifact(this.store, this.strategy, {
      kind: 'embeddings',
      files: {},
      inputs: { graph },
    });
    const normalisers = Object.fromEntries(
      trials.map((trial) => [normaliserKey(trial), fitNormaliser(tensor, trial.trainFrom, trial.trainTo)]),
    );
    return writeFeatures(
      this.store,
      this.strategy,
      { dataset, graph, embeddings },
      { tensor, spec: this.spec, normalisers, hubs: {}, illiquid: {}, trials },
      { universe: UNIVERSE, date: dates[t] },
    );
  }
}

/** A chain that only approves models: what the lifecycle asks of it. The contract's own tests are elsewhere. */
export class ApprovalChain {
  readonly approved: string[] = [];
  address: string | null;

  constructor(address: string | null) {
    this.address = address;
  }

  get port(): PortfolioChain {
    const approved = this.approved;
    return {
      contract: async () => this.address,
      isModelApproved: async (hash: string) => approved.includes(hash),
      approveModel: async (hash: string) => (approved.includes(hash) ? null : `tx ${approved.push(hash)}`),
    } as unknown as PortfolioChain;
  }
}
