import { putArtifact } from '../../adapters/object-store/port.ts';
import { modelPolicy, runBacktest } from '../../domain/backtest/backtest.ts';
import { figuresOf } from '../../domain/backtest/figures.ts';
import { riskGroupsHistory } from '../../domain/features/groups.ts';
import { observationWidth } from '../../domain/features/observation.ts';
import { canonicalJson, hashOf } from '../../domain/lineage/canonical.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import { MODEL_FILES, type Model, modelSchema } from '../../domain/lineage/model.ts';
import { cashPolicy } from '../../domain/policy/cash.ts';
import { verdictOf } from '../../domain/validation/gates.ts';
import { runRiskGates } from '../../domain/validation/run-risk-gates.ts';
import { loadDataset } from '../artifacts/dataset.ts';
import { reproducible } from '../artifacts/decision.ts';
import { loadFeatures } from '../artifacts/features.ts';
import { putGateReport } from '../artifacts/gate-report.ts';
import { firstUsableSession } from '../artifacts/history.ts';
import { loadModel } from '../artifacts/model.ts';
import { registerModel } from '../artifacts/register-model.ts';
import type { PromoteInput, PromotePorts } from './types.ts';

/**
 * The model of last resort, for a day on which even the baseline breaks a risk gate: all cash, in the same folder form as every
 * other model, judged by the same risk gates, registered.
 * @param baseline the rejected model whose feature spec, limits and costs it takes over.
 */
export async function registerCash(
  event: PromoteInput,
  baseline: ArtifactRef,
  ports: PromotePorts,
): Promise<ArtifactRef> {
  const { strategy, universe, date } = event;
  const { store } = ports;
  const { model: template } = await loadModel(store, strategy, baseline);
  const model: Model = modelSchema.parse({ ...template, name: 'all cash', kind: 'cash', training: {} });
  const policy = cashPolicy(observationWidth(model.featureSpec, model.normaliser));
  const text = (value: unknown): Uint8Array => new TextEncoder().encode(canonicalJson(value));
  const { dataset, features } = model;
  const candidate = await putArtifact(store, strategy, {
    kind: 'candidates',
    files: {
      [MODEL_FILES.policy]: policy,
      [MODEL_FILES.model]: text(model),
      [MODEL_FILES.record]: text({ schema: 1, kind: 'cash', environmentSteps: 0 }),
    },
    inputs: { dataset, features },
    facts: { name: model.name, kind: model.kind, universe },
  });
  const { gates, figures, from, to } = await judge(event, model, candidate, policy, ports);
  const report = await putGateReport(
    store,
    strategy,
    {
      schema: 1,
      gatesHash: hashOf(ports.settings.config.gates),
      date,
      candidate,
      name: model.name,
      kind: 'cash',
      ...verdictOf(gates),
      gates,
      outOfSample: { [model.name]: figures },
      outOfSampleFrom: from,
      outOfSampleTo: to,
      trials: 0,
      perTrial: [],
      notes: ['Even the baseline breaks a risk gate, so the book is all cash until a model passes.'],
    },
    { dataset, features },
  );
  return (await registerModel(event, candidate, report, ports)).model;
}

async function judge(
  event: PromoteInput,
  model: Model,
  candidate: ArtifactRef,
  onnx: Uint8Array,
  { store, exactRuntime, settings }: PromotePorts,
) {
  const { strategy, universe, date, ingest } = event;
  const [{ panel }, features] = await Promise.all([
    loadDataset(store, strategy, ingest.dataset),
    loadFeatures(store, strategy, event.features.features),
  ]);
  const sources = { dataset: ingest.dataset, features: event.features.features, challenger: null, previous: null };
  const same = await reproducible(store, exactRuntime, { strategy, universe, date, champion: candidate, ...sources });
  const policy = await exactRuntime.load(onnx);
  try {
    const groups = riskGroupsHistory(panel.symbols, features);
    const market = { panel, groups, limits: model.limits, costs: model.costs };
    const target = modelPolicy(model.name, policy, features.tensor, model.normaliser);
    const from = firstUsableSession(features.tensor, panel);
    const last = panel.dates.length - 1;
    const gates = await runRiskGates(market, target, from, settings.config.gates.risk, same);
    const figures = figuresOf(await runBacktest(market, target, from, last));
    return { gates, figures, from: panel.dates[from], to: panel.dates[last] };
  } finally {
    await policy.close();
  }
}
