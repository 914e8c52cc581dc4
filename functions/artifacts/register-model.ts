import { getArtifactFile, getManifest, putArtifact } from '../../adapters/object-store/port.ts';
import type { GateReport } from '../../domain/lineage/gate-report.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import { MODEL_FILES } from '../../domain/lineage/model.ts';
import type { Run } from '../contracts.ts';
import type { Ports } from '../ports.ts';
import { loadGateReport } from './gate-report.ts';
import { loadModel } from './model.ts';

type RegisterPorts = Pick<Ports, 'store' | 'ledger' | 'tracker'>;

/** Write the model folder of a candidate and its gate report, and record it. Registering again changes nothing. */
export async function registerModel(
  { strategy, universe, date }: Pick<Run, 'strategy' | 'universe' | 'date'>,
  candidate: ArtifactRef,
  gateReport: ArtifactRef,
  ports: RegisterPorts,
): Promise<{ model: ArtifactRef; name: string }> {
  const { store, ledger } = ports;
  const { model: facts } = await loadModel(store, strategy, candidate);
  const report = await loadGateReport(store, strategy, gateReport);
  const { files } = await getManifest(store, strategy, candidate);
  const contents: Record<string, Uint8Array> = {};
  for (const name of Object.keys(files)) contents[name] = await getArtifactFile(store, strategy, candidate, name);
  contents[MODEL_FILES.gateReport] = await getArtifactFile(store, strategy, gateReport, MODEL_FILES.gateReport);
  const { name, kind, dataset, features } = facts;
  const model = await putArtifact(store, strategy, {
    kind: 'models',
    files: contents,
    inputs: { candidate, gateReport, dataset, features },
    facts: { name, kind, universe, verdict: report.verdict },
  });
  await ledger.registerModel({
    strategy,
    modelHash: model.hash,
    name,
    kind,
    date,
    verdict: report.verdict,
    gateReport: gateReport.hash,
    candidate: candidate.hash,
    dataset: dataset.hash,
  });
  await track(strategy, universe, date, model, report, ports);
  return { model, name };
}

async function track(
  strategy: string,
  universe: string,
  date: string,
  model: ArtifactRef,
  report: GateReport,
  { tracker }: RegisterPorts,
) {
  const figures = report.outOfSample[report.name] ?? {};
  const values = [
    ...Object.entries(figures).map(([name, value]) => [`outOfSample/${name}`, value] as const),
    ...report.gates.map(({ gate, group, value }) => [`gates/${group}/${gate}`, value] as const),
  ];
  await tracker.logRun({
    id: model.hash,
    experiment: `${strategy}-${universe}`,
    name: report.name,
    params: {
      kind: report.kind,
      date,
      candidate: report.candidate.hash,
      gatesHash: report.gatesHash,
      trials: report.trials,
    },
    metrics: Object.fromEntries(
      values.flatMap(([name, value]) => (value === null ? [] : [[name, [{ step: 0, value }]]])),
    ),
    tags: { verdict: report.verdict, strategy, universe },
  });
}
