import { z } from 'zod';
import { getArtifactFile, getArtifactJson, getManifest, putArtifact } from '../../adapters/object-store/port.ts';
import { type GateReport, gateReportSchema } from '../../domain/lineage/gate-report.ts';
import { type ArtifactRef, artifactRefSchema } from '../../domain/lineage/manifest.ts';
import { MODEL_FILES } from '../../domain/lineage/model.ts';
import { currentChampion } from '../artifacts/champion.ts';
import { loadModel } from '../artifacts/model.ts';
import { advancePointer } from '../artifacts/pointer.ts';
import { runSchema, validateOutput } from '../contracts.ts';
import { defineStage } from '../middleware/stage.ts';
import type { Ports } from '../ports.ts';

const input = runSchema.extend({
  ingest: z.object({ dataset: artifactRefSchema }),
  features: z.object({ features: artifactRefSchema }),
  validate: validateOutput,
});
type RegisterInput = z.infer<typeof input>;
export type RegisterPorts = Pick<Ports, 'store' | 'ledger' | 'tracker'>;

/**
 * Gate report and candidate become a model version: in the store, the ledger and the tracker. The challenger is registered
 * whether it was accepted or not; the baseline only while there is no champion, to become model 0.
 */
export const registerStage = defineStage({
  name: 'register',
  input,
  needs: ['store', 'ledger', 'tracker'],
  isFinal: () => true,
  async run(event, ports) {
    const hasChampion = (await currentChampion(ports.ledger, event.strategy)) !== null;
    const models = [];
    for (const report of event.validate.reports) {
      if (report.role === 'baseline' && hasChampion) continue;
      const { model, name } = await registerModel(event, report.candidate, report.gateReport, ports);
      models.push({ role: report.role, model, name, verdict: report.verdict });
      if (report.role === 'challenger') {
        await advancePointer(ports.store, event.strategy, 'challenger/last', { model, date: event.date });
      }
    }
    await advancePointer(ports.store, event.strategy, 'training/last', { date: event.date });
    return { models };
  },
});

/** Write the model folder of a candidate and its gate report, and record it. Registering again changes nothing. */
export async function registerModel(
  { strategy, universe, date }: Pick<RegisterInput, 'strategy' | 'universe' | 'date'>,
  candidate: ArtifactRef,
  gateReport: ArtifactRef,
  ports: RegisterPorts,
): Promise<{ model: ArtifactRef; name: string }> {
  const { store, ledger } = ports;
  const { model: facts } = await loadModel(store, strategy, candidate);
  const report = gateReportSchema.parse(await getArtifactJson(store, strategy, gateReport, MODEL_FILES.gateReport));
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
