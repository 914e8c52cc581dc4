import { z } from 'zod';
import { getArtifactFile, getManifest } from '../../adapters/object-store/port.ts';
import { refused } from '../../domain/errors.ts';
import { sha256 } from '../../domain/lineage/canonical.ts';
import type { GateReport } from '../../domain/lineage/gate-report.ts';
import { type ArtifactRef, artifactRefSchema } from '../../domain/lineage/manifest.ts';
import { isLearned } from '../../domain/lineage/model.ts';
import { type Monitor, monitorSchema } from '../../domain/monitoring/monitor.ts';
import { DECISION_FILES, loadDecision } from '../artifacts/decision.ts';
import { loadRiskGroups } from '../artifacts/features.ts';
import { loadNavSeries } from '../artifacts/gate-report.ts';
import { type LoadedModel, loadModel } from '../artifacts/model.ts';
import {
  featuresOutput,
  monitorOutput,
  promoteOutput,
  reconcileOutput,
  registerOutput,
  runSchema,
  settleOutput,
} from '../contracts.ts';
import type { Ports } from '../ports.ts';
import { explainDecision } from './explain.ts';
import { graphExposures } from './graph-exposures.ts';
import type { Explanation, Material, NavSeries, OutOfSampleSeries } from './material.ts';
import { buildSummary, championName } from './summary.ts';

export const reportInput = runSchema.extend({
  ingest: z.object({ dataset: artifactRefSchema }),
  features: featuresOutput.pick({ features: true }),
  training: z.object({ register: registerOutput.optional() }).optional(),
  promotion: z.object({ promote: promoteOutput }),
  decide: z.object({ decision: artifactRefSchema }),
  settle: settleOutput,
  reconcile: reconcileOutput,
  monitor: monitorOutput,
});
export type ReportInput = z.infer<typeof reportInput>;
export const reportNeeds = ['settings', 'store', 'ledger', 'exactRuntime'] as const;
export type ReportPorts = Pick<Ports, (typeof reportNeeds)[number]>;

/** Load and check everything that a report shows. */
export async function loadMaterial(event: ReportInput, ports: ReportPorts): Promise<Material> {
  const { strategy, date } = event;
  const { store, settings } = ports;
  const championRef = event.promotion.promote.champion;
  const [decision, champion, challenger, monitor, groups] = await Promise.all([
    loadDecision(store, strategy, event.decide.decision),
    loadModel(store, strategy, championRef),
    loadChallenger(event, ports),
    loadMonitor(event, ports),
    loadRiskGroups(store, strategy, event.features.features),
  ]);
  const report = gateReportOf(champion);
  const summary = buildSummary({
    date,
    universe: event.universe,
    datasetHash: event.ingest.dataset.hash,
    champion: { modelHash: championRef.hash, report },
    challenger: challenger && { modelHash: challenger.hash, report: challenger.report },
    decision: { hash: event.decide.decision.hash, document: decision },
    settlement: event.settle,
    differences: event.reconcile.differences,
    alerts: event.monitor.alerts,
  });
  return {
    date,
    universe: settings.universe,
    gates: settings.config.gates,
    summary,
    decision: { hash: event.decide.decision.hash, document: decision },
    champion: { hash: championRef.hash, model: champion.model, report },
    challenger,
    promotion: event.promotion.promote,
    settlement: event.settle,
    monitor,
    explanation: await explain(event, champion, decision.observationHash, ports),
    exposures: graphExposures(decision.weightsBps, groups, decision.limits ?? champion.model.limits, date),
    outOfSample: await loadSeries(
      event,
      challenger?.hash ?? championRef.hash,
      champion.model.name,
      challenger?.report.name ?? null,
      ports,
    ),
    hashes: await hashesOf(event, challenger?.hash ?? null, ports),
  };
}

const gateReportOf = (loaded: LoadedModel): GateReport => {
  if (loaded.gateReport) return loaded.gateReport;
  throw refused('MODEL_FILE', 'The model folder has no gate report', {
    facts: { model: loaded.ref.hash },
    remedy: 'Register the model again (drl run training).',
  });
};

/** The model on its way up; else the one trained in this run; else the last one trained, unless it is the champion by now. */
async function loadChallenger(event: ReportInput, ports: ReportPorts): Promise<Material['challenger']> {
  const { strategy, date, promotion, training } = event;
  const champion = promotion.promote.champion.hash;
  const trained = training?.register?.models.find((model) => model.role === 'challenger')?.model.hash;
  const last = async () => {
    const models = (await ports.ledger.models(strategy)).filter((row) => isLearned(row.kind) && row.date <= date);
    return models.sort((a, b) => a.version - b.version).at(-1)?.modelHash;
  };
  const hash = promotion.promote.challenger?.hash ?? trained ?? (await last());
  if (!hash || hash === champion) return null;
  return { hash, report: gateReportOf(await loadModel(ports.store, strategy, { kind: 'models', hash })) };
}

async function loadMonitor({ strategy, monitor }: ReportInput, { store }: ReportPorts): Promise<Monitor> {
  const bytes = await getArtifactFile(store, strategy, monitor.monitor, 'monitor.json');
  return monitorSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
}

/** Ask the champion again about exactly what it saw, with one feature less each time. */
async function explain(
  event: ReportInput,
  champion: LoadedModel,
  observationHash: string,
  ports: ReportPorts,
): Promise<Explanation> {
  const bytes = await getArtifactFile(ports.store, event.strategy, event.decide.decision, DECISION_FILES.observation);
  if (sha256(bytes) !== observationHash) {
    throw refused('REPORT_OBSERVATION', 'The stored observation is not the one that the decision names', {
      facts: { decision: event.decide.decision.hash, observationHash, actual: sha256(bytes) },
      remedy: 'Check the decision: drl verify <decision>.',
    });
  }
  const observation = new Float32Array(bytes.byteLength / 4);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < observation.length; i++) observation[i] = view.getFloat32(i * 4, true);
  const policy = await ports.exactRuntime.load(champion.policy);
  try {
    return await explainDecision(policy, champion.model, observation);
  } finally {
    await policy.close();
  }
}

/** The out-of-sample days of the gate report that judged this model, when it kept them. */
async function loadSeries(
  event: ReportInput,
  model: string,
  champion: string,
  challenger: string | null,
  { store }: ReportPorts,
): Promise<OutOfSampleSeries | null> {
  const { strategy } = event;
  const { gateReport } = (await getManifest(store, strategy, { kind: 'models', hash: model })).inputs;
  const series = gateReport ? await loadNavSeries(store, strategy, gateReport) : null;
  if (!series) return null;
  const roleOf = (name: string): NavSeries['role'] =>
    name === challenger ? 'challenger' : championName(name, champion) === champion ? 'champion' : 'baseline';
  return {
    dates: series.dates,
    series: Object.entries(series.nav).map(([name, nav]) => ({
      name: championName(name, champion),
      role: roleOf(name),
      nav,
    })),
  };
}

async function hashesOf(
  event: ReportInput,
  challenger: string | null,
  { store, ledger }: ReportPorts,
): Promise<Material['hashes']> {
  const { strategy } = event;
  const hashes: [string, string | undefined][] = [
    ['dataset', event.ingest.dataset.hash],
    ['features', event.features.features.hash],
  ];
  const features = await getManifest(store, strategy, event.features.features);
  hashes.push(['graph', features.inputs.graph?.hash], ['embeddings', features.inputs.embeddings?.hash]);
  const champion = event.promotion.promote.champion.hash;
  const rows = await Promise.all([champion, challenger].map((hash) => (hash ? ledger.model(strategy, hash) : null)));
  hashes.push(['champion', champion], ['champion gate report', rows[0]?.gateReport]);
  hashes.push(['challenger', challenger ?? undefined], ['challenger gate report', rows[1]?.gateReport]);
  hashes.push(
    ['decision', event.decide.decision.hash],
    ['settlement', event.settle.settlement?.hash],
    ['reconciliation', event.reconcile.reconciliation.hash],
    ['monitor', event.monitor.monitor.hash],
    ['transaction', event.settle.transaction ?? undefined],
  );
  return hashes.flatMap(([name, hash]) => (hash ? [{ name, hash }] : []));
}

/** The artifacts that the report names as its inputs. */
export function inputsOf(event: ReportInput, challenger: string | null): Record<string, ArtifactRef> {
  return {
    dataset: event.ingest.dataset,
    features: event.features.features,
    champion: event.promotion.promote.champion,
    ...(challenger ? { challenger: { kind: 'models' as const, hash: challenger } } : {}),
    decision: event.decide.decision,
    ...(event.settle.settlement ? { settlement: event.settle.settlement } : {}),
    reconciliation: event.reconcile.reconciliation,
    monitor: event.monitor.monitor,
  };
}
