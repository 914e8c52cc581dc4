import { getArtifactFile, getManifest, type ObjectStore } from '../../adapters/object-store/port.ts';
import { tableColumns } from '../../adapters/parquet/parquet.ts';
import type { ArtifactKind, ArtifactRef } from '../../domain/lineage/manifest.ts';
import { type RunEvent, runEventsOf } from '../../domain/lineage/openlineage.ts';
import { BAR_SCHEMA, BARS_TABLE } from '../../domain/market/bar-schema.ts';
import { partitionYear } from '../../functions/artifacts/partitions.ts';

/** Which job leaves which kind of artifact; kinds that only people write have the name of the kind. */
const JOBS: Partial<Record<ArtifactKind, string>> = {
  raw: 'fetch',
  datasets: 'ingest',
  graphs: 'graph',
  embeddings: 'embeddings',
  features: 'features',
  candidates: 'train',
  'gate-reports': 'validate',
  models: 'register',
  backtests: 'backtest',
  decisions: 'decide',
  settlements: 'settle',
  reconciliations: 'reconcile',
  monitors: 'monitor',
  reports: 'report',
};

/** The OpenLineage events of everything that an artifact rests on, sources first, each run once: that it started, that it is complete. */
export async function lineageOf(
  store: ObjectStore,
  strategy: string,
  root: ArtifactRef,
  eventTime: string,
): Promise<RunEvent[]> {
  const seen = new Set<string>();
  const events: RunEvent[] = [];
  const visit = async (ref: ArtifactRef): Promise<void> => {
    if (seen.has(ref.hash)) return;
    seen.add(ref.hash);
    const manifest = await getManifest(store, strategy, ref);
    for (const input of Object.values(manifest.inputs)) await visit(input);
    const columns = await barColumns(store, strategy, ref, Object.keys(manifest.files));
    events.push(...runEventsOf(manifest, ref, { job: JOBS[ref.kind] ?? ref.kind, eventTime, columns }));
  };
  await visit(root);
  return events;
}

/** The columns of a dataset's bars as its files have them: without corporate actions there are two fewer. */
async function barColumns(store: ObjectStore, strategy: string, ref: ArtifactRef, files: readonly string[]) {
  const part = files.find((name) => ref.kind === 'datasets' && partitionYear(BARS_TABLE, name) !== null);
  if (part === undefined) return [];
  const names = tableColumns(await getArtifactFile(store, strategy, ref, part));
  return Object.entries(BAR_SCHEMA)
    .filter(([name]) => names.includes(name))
    .map(([name, type]) => ({ name, type }));
}
