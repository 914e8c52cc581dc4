import { getManifest, type ObjectStore } from '../../adapters/object-store/port.ts';
import type { ArtifactKind, ArtifactRef } from '../../domain/lineage/manifest.ts';
import { type RunEvent, runEventOf } from '../../domain/lineage/openlineage.ts';
import { BAR_SCHEMA } from '../../domain/market/bar-schema.ts';

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

/** The OpenLineage events of everything that an artifact rests on, sources first, each run once. */
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
    const columns = ref.kind === 'datasets' ? Object.entries(BAR_SCHEMA).map(([name, type]) => ({ name, type })) : [];
    events.push(runEventOf(manifest, ref, { job: JOBS[ref.kind] ?? ref.kind, eventTime, columns }));
  };
  await visit(root);
  return events;
}
