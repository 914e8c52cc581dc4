import { getArtifactFile, getManifest, type ObjectStore } from '../../adapters/object-store/port.ts';
import type { PolicyRuntime } from '../../adapters/policy-runtime/port.ts';
import {
  type ComputedDecision,
  computeDecision,
  type DecidingModel,
  littleEndian,
} from '../../domain/backtest/decide.ts';
import { refused } from '../../domain/errors.ts';
import { riskGroupsHistory } from '../../domain/features/groups.ts';
import { canonicalJson, hashOf, sha256 } from '../../domain/lineage/canonical.ts';
import { type Decision, decisionSchema } from '../../domain/lineage/decision.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import { lastingNames } from '../../domain/market/instrument.ts';
import type { Limits } from '../../domain/risk/limits.ts';
import { loadDataset, loadLateBars } from './dataset.ts';
import { loadFeatures } from './features.ts';
import { loadModel } from './model.ts';

/** Files of a decision folder. */
export const DECISION_FILES = { decision: 'decision.json', observation: 'observation.f32' } as const;

/** What a decision is computed from, by name. */
export interface DecisionSources {
  strategy: string;
  universe: string;
  date: string;
  champion: ArtifactRef;
  challenger: { model: ArtifactRef; alpha: number } | null;
  dataset: ArtifactRef;
  features: ArtifactRef;
  previous: ArtifactRef | null;
  /** Limits beside those of the champion: the tighter of each holds. @default the champion's alone */
  limits?: Limits;
}

/** `decision.json` of a decision folder, hash-checked. */
export async function loadDecision(store: ObjectStore, strategy: string, ref: ArtifactRef): Promise<Decision> {
  const bytes = await getArtifactFile(store, strategy, ref, DECISION_FILES.decision);
  return decisionSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
}

/** Load everything that the sources name, every byte hash-checked, and compute the decision. */
export async function decideFrom(
  store: ObjectStore,
  runtime: PolicyRuntime,
  sources: DecisionSources,
): Promise<ComputedDecision> {
  const { strategy, champion, challenger, previous } = sources;
  const [{ panel, instruments }, features] = await Promise.all([
    loadDataset(store, strategy, sources.dataset),
    loadFeatures(store, strategy, sources.features),
  ]);
  const opened: { close(): Promise<void> }[] = [];
  const load = async (ref: ArtifactRef): Promise<DecidingModel> => {
    const { model, policy } = await loadModel(store, strategy, ref);
    const loaded = await runtime.load(policy);
    opened.push(loaded);
    return { hash: ref.hash, model, policy: loaded };
  };
  try {
    const before = previous && { hash: previous.hash, decision: await loadDecision(store, strategy, previous) };
    return await computeDecision({
      ...sources,
      champion: await load(champion),
      challenger: challenger && { deciding: await load(challenger.model), alpha: challenger.alpha },
      featureSpecHash: features.specHash,
      panel,
      ledgerNames: lastingNames(instruments),
      symbolsTaken: new Map(
        instruments.flatMap(({ symbol, formerly = [] }) => formerly.slice(-1).map(({ until }) => [symbol, until])),
      ),
      tensor: features.tensor,
      groups: riskGroupsHistory(panel.symbols, features),
      lateBars: before ? await loadLateBars(store, strategy, sources.dataset, before.decision.date) : [],
      previous: before,
    });
  } finally {
    for (const policy of opened) await policy.close();
  }
}

/**
 * Whether a decision has the same hash when it is computed a second time, every artifact read from the store and checked anew;
 * action, projection and basis points included.
 */
export async function reproducible(
  store: ObjectStore,
  runtime: PolicyRuntime,
  sources: DecisionSources,
): Promise<boolean> {
  const once = async (): Promise<string> => {
    const { decision, observation } = await decideFrom(store, runtime, sources);
    return hashOf({ decision, observation: sha256(littleEndian(observation)) });
  };
  const first = await once();
  return (await once()) === first;
}

export interface Recomputed {
  stored: Decision;
  /** Fields of decision.json that differ; empty when the decision is recomputed bit for bit. */
  differences: string[];
  /** Largest difference between a weight that the stored policy wanted and the one computed now. */
  weightError: number;
}

/** Compute a stored decision again from the artifacts that its manifest names, and compare it bit for bit. */
export async function recomputeDecision(
  store: ObjectStore,
  runtime: PolicyRuntime,
  strategy: string,
  ref: ArtifactRef,
): Promise<Recomputed> {
  const { inputs } = await getManifest(store, strategy, ref);
  const stored = await loadDecision(store, strategy, ref);
  const { champion, challenger, dataset, features, previous } = inputs;
  if (!champion || !dataset || !features) {
    throw refused('DECISION_INPUTS', 'The decision does not name what it was computed from', {
      facts: { decision: ref.hash, inputs: Object.keys(inputs) },
    });
  }
  const { decision, observation } = await decideFrom(store, runtime, {
    strategy,
    universe: stored.universe,
    date: stored.date,
    champion,
    challenger: challenger ? { model: challenger, alpha: stored.challenger?.alpha ?? 0 } : null,
    dataset,
    features,
    previous: previous ?? null,
    ...(stored.limits && { limits: stored.limits }),
  });
  const fields = Object.keys({ ...stored, ...decision }) as (keyof Decision)[];
  const differences: string[] = fields.filter(
    (field) => canonicalJson(stored[field]) !== canonicalJson(decision[field]),
  );
  const observed = await getArtifactFile(store, strategy, ref, DECISION_FILES.observation);
  if (!Buffer.from(observed).equals(littleEndian(observation))) differences.push(DECISION_FILES.observation);
  const now = decision.steps.policy;
  const weightError = Object.entries(stored.steps.policy).reduce(
    (worst, [asset, weight]) => Math.max(worst, Math.abs(weight - (now[asset] ?? Number.NaN))),
    0,
  );
  return { stored, differences, weightError };
}
