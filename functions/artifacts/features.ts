import { z } from 'zod';
import { getArtifactJson, type ObjectStore } from '../../adapters/object-store/port.ts';
import type { Table, TableColumns } from '../../adapters/parquet/parquet.ts';
import { refused } from '../../domain/errors.ts';
import { FEATURES_TABLE, featureColumns } from '../../domain/features/feature-schema.ts';
import type { RiskGroupMembers } from '../../domain/features/groups.ts';
import {
  type FeatureSpec,
  type FeatureTensor,
  featureSpecSchema,
  type Normaliser,
  normaliserSchema,
} from '../../domain/features/spec.ts';
import { canonicalJson, hashOf } from '../../domain/lineage/canonical.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import { type Trial, trialSchema } from '../../domain/lineage/model.ts';
import { partitionFiles, putPartitioned, readPartitioned } from './partitions.ts';

/** Files of a features artifact beside its table. */
export const FEATURES_FILES = {
  spec: 'spec.json',
  /** `<trainFrom>..<trainTo>` -> normaliser. */
  normalisers: 'normalisers.json',
  groups: 'groups.json',
  trials: 'trials.json',
} as const;

/** Hubs, illiquid assets, neighbourhoods and communities by the as-of date of the graph snapshot that says so. */
export type FeatureRiskGroups = RiskGroupMembers;

export interface LoadedFeatures extends FeatureRiskGroups {
  tensor: FeatureTensor;
  spec: FeatureSpec;
  /** SHA-256 of the spec's canonical JSON. */
  specHash: string;
  normalisers: Record<string, Normaliser>;
  trials: Trial[];
}

/** Name of a training window's normaliser. */
export const normaliserKey = ({ trainFrom, trainTo }: Pick<Trial, 'trainFrom' | 'trainTo'>): string =>
  `${trainFrom}..${trainTo}`;

export async function writeFeatures(
  store: ObjectStore,
  strategy: string,
  inputs: { dataset: ArtifactRef; graph: ArtifactRef; embeddings: ArtifactRef },
  features: Omit<LoadedFeatures, 'specHash'>,
  facts: { universe: string; date: string; history?: string },
): Promise<ArtifactRef> {
  const json = (value: unknown): Uint8Array => new TextEncoder().encode(canonicalJson(value));
  const { tensor, spec, normalisers, hubs, illiquid, neighbourhoods, communities, trials } = features;
  return putPartitioned(store, strategy, featuresPointer(facts.universe), {
    kind: 'features',
    files: {
      ...featureFiles(tensor),
      [FEATURES_FILES.spec]: json(spec),
      [FEATURES_FILES.normalisers]: json(normalisers),
      [FEATURES_FILES.groups]: json({
        hubs,
        illiquid,
        ...(neighbourhoods && { neighbourhoods }),
        ...(communities && { communities }),
      }),
      [FEATURES_FILES.trials]: json(trials),
    },
    inputs,
    facts: {
      ...facts,
      featureSpecHash: hashOf(spec),
      sessions: tensor.dates.length,
      assets: tensor.symbols.length,
      columns: tensor.columns.length,
    },
  });
}

/** The pointer to the features of a universe that were written last. */
export const featuresPointer = (universe: string): string => `features/${universe}`;

/** What of a features artifact says whether it can be continued by a day. */
export const featuresFactsSchema = z.object({
  featureSpecHash: z.string(),
  sessions: z.number().int().positive(),
  /** `historyDigest` of all that the features rest on. */
  history: z.string(),
});

/** A features artifact, every file checked against its hash. */
export async function loadFeatures(store: ObjectStore, strategy: string, ref: ArtifactRef): Promise<LoadedFeatures> {
  if (ref.kind !== 'features') {
    throw refused('FEATURES_KIND', 'The artifact holds no features', { facts: { kind: ref.kind, hash: ref.hash } });
  }
  const [table, specJson, normalisers, trials, groups] = await Promise.all([
    readPartitioned(store, strategy, ref, FEATURES_TABLE),
    getArtifactJson<unknown>(store, strategy, ref, FEATURES_FILES.spec),
    getArtifactJson<unknown>(store, strategy, ref, FEATURES_FILES.normalisers),
    getArtifactJson<unknown>(store, strategy, ref, FEATURES_FILES.trials),
    loadRiskGroups(store, strategy, ref),
  ]);
  const spec = featureSpecSchema.parse(specJson);
  return {
    tensor: tensorOf(table, spec),
    spec,
    specHash: hashOf(spec),
    normalisers: z.record(z.string(), normaliserSchema).parse(normalisers),
    trials: z.array(trialSchema).parse(trials),
    ...groups,
  };
}

const members = z.record(z.string(), z.array(z.string()));
const namedMembers = z.record(z.string(), members).optional();

/** Only the risk groups of a features artifact: what the API needs without the tensor. */
export async function loadRiskGroups(
  store: ObjectStore,
  strategy: string,
  ref: ArtifactRef,
): Promise<FeatureRiskGroups> {
  const groups = await getArtifactJson<unknown>(store, strategy, ref, FEATURES_FILES.groups);
  return z
    .object({ hubs: members, illiquid: members, neighbourhoods: namedMembers, communities: namedMembers })
    .parse(groups);
}

/** The files of the table of features, by path in the artifact: rows by session, then asset. */
export function featureFiles(tensor: FeatureTensor): Record<string, Uint8Array> {
  const { dates, symbols, columns, values } = tensor;
  const assets = symbols.length;
  const width = columns.length;
  const rows = dates.length * assets;
  const column = (f: number): Float32Array => {
    const data = new Float32Array(rows);
    for (let row = 0; row < rows; row++) data[row] = values[row * width + f];
    return data;
  };
  const data: Record<string, TableColumns[string]['data']> = {
    date: Array.from({ length: rows }, (_, row) => dates[Math.floor(row / assets)]),
    symbol: Array.from({ length: rows }, (_, row) => symbols[row % assets]),
    ...Object.fromEntries(columns.map((name, f) => [name, column(f)])),
    anchorLogit: tensor.anchorLogit,
    anchorExposure: Float32Array.from({ length: rows }, (_, row) => tensor.anchorExposure[Math.floor(row / assets)]),
  };
  const table: TableColumns = {};
  for (const [name, type] of Object.entries(featureColumns(columns))) table[name] = { type, data: data[name] };
  return partitionFiles(FEATURES_TABLE, table);
}

function tensorOf(table: Table, spec: FeatureSpec): FeatureTensor {
  const columns = spec.columns.map(({ name }) => name);
  const [date, symbol] = [table.date as string[], table.symbol as string[]];
  const assets = date.length === 0 ? 0 : date.lastIndexOf(date[0]) + 1;
  const sessions = assets === 0 ? 0 : date.length / assets;
  const width = columns.length;
  const values = new Float32Array(date.length * width);
  columns.forEach((name, f) => {
    const data = table[name] as Float32Array;
    for (let row = 0; row < date.length; row++) values[row * width + f] = data[row];
  });
  const exposure = table.anchorExposure as Float32Array;
  return {
    dates: Array.from({ length: sessions }, (_, t) => date[t * assets]),
    symbols: symbol.slice(0, assets),
    columns,
    values,
    anchorLogit: table.anchorLogit as Float32Array,
    anchorExposure: Float32Array.from({ length: sessions }, (_, t) => exposure[t * assets]),
  };
}
