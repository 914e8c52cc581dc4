import type { MarketData, TargetPolicy } from '../../domain/backtest/backtest.ts';
import { refused } from '../../domain/errors.ts';
import { riskGroupsHistory } from '../../domain/features/groups.ts';
import type { FeatureTensor } from '../../domain/features/spec.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import { isLearned } from '../../domain/lineage/model.ts';
import { currentChampion } from '../artifacts/champion.ts';
import { loadDataset } from '../artifacts/dataset.ts';
import { loadFeatures } from '../artifacts/features.ts';
import { firstUsableSession } from '../artifacts/history.ts';
import { loadModel } from '../artifacts/model.ts';
import { policyOf, type TrainedTrial } from './out-of-sample.ts';
import type { ValidateInput, ValidatePorts } from './types.ts';

/** A candidate of this training. */
export type Candidate = TrainedTrial & { ref: ArtifactRef };

/** What decides now, to be compared with: the champion, or model 0 where there is none (or it cannot see today's features). */
export interface StandingChampion {
  name: string;
  target: TargetPolicy;
  note: string;
}

/** What every judgement needs: the market, the features, the candidates with their policies loaded. */
export interface Evidence {
  data: MarketData;
  tensor: FeatureTensor;
  /** The first session on which a policy can do more than hold cash. */
  firstSession: number;
  baseline: Candidate;
  /** Candidates of the challenger's learner, by window, then seed. */
  trained: Candidate[];
  /** Those of the other learner, in the same order: never challengers. */
  peers: Candidate[];
  champion: StandingChampion;
}

/** Load it all; what is opened goes to `opened`, for the caller to close. */
export async function gather(
  event: ValidateInput,
  ports: ValidatePorts,
  opened: { close(): Promise<void> }[],
): Promise<Evidence> {
  const { strategy } = event;
  const { store, onnxRuntime, ledger } = ports;
  const [{ panel }, features, standing] = await Promise.all([
    loadDataset(store, strategy, event.ingest.dataset),
    loadFeatures(store, strategy, event.features.features),
    currentChampion(ledger, strategy),
  ]);
  const open = async (ref: ArtifactRef): Promise<Candidate> => {
    const loaded = await loadModel(store, strategy, ref);
    const policy = await onnxRuntime.load(loaded.policy);
    opened.push(policy);
    return { ref, loaded, policy, trial: loaded.model.trial };
  };
  const candidates: Candidate[] = [];
  for (const { candidate } of event.train) candidates.push(await open(candidate));
  const baseline = candidates.find(({ trial }) => trial.kind === 'baseline');
  if (!baseline) {
    throw refused('VALIDATE_NO_BASELINE', 'The training has no baseline among its candidates', {
      facts: { candidates: event.train.map(({ name }) => name) },
      remedy: 'Run the training of this day again: the baseline is the first trial of its plan.',
    });
  }
  const learned = candidates
    .filter(({ trial }) => isLearned(trial.kind))
    .sort((a, b) => a.trial.window - b.trial.window || a.trial.seed - b.trial.seed);
  const { algorithm } = ports.settings.profile.training;
  const groups = riskGroupsHistory(panel.symbols, features);
  const { limits, costs } = baseline.loaded.model;
  return {
    data: { panel, groups, limits, costs },
    tensor: features.tensor,
    firstSession: firstUsableSession(features.tensor, panel),
    baseline,
    trained: learned.filter(({ trial }) => trial.kind === algorithm),
    peers: learned.filter(({ trial }) => trial.kind !== algorithm),
    champion: standingChampion(standing && (await open(standing.ref)), baseline, features.specHash, features.tensor),
  };
}

function standingChampion(
  standing: Candidate | null,
  baseline: Candidate,
  specHash: string,
  tensor: FeatureTensor,
): StandingChampion {
  const byBaseline = (note: string): StandingChampion => ({
    name: `${baseline.loaded.model.name} (as champion)`,
    target: policyOf(baseline, tensor),
    note,
  });
  if (!standing) return byBaseline('There is no champion yet: the challenger is compared with model 0.');
  const { model } = standing.loaded;
  if (model.featureSpecHash !== specHash) {
    return byBaseline(
      `The champion ${model.name} was trained on another feature spec and cannot be run on today's features: the challenger is compared with model 0.`,
    );
  }
  const note = isLearned(model.kind)
    ? `The champion ${model.name} was trained up to ${model.trial.trainTo}: where the out-of-sample days lie before that it has seen them, which only makes the comparison harder for the challenger.`
    : `The champion is ${model.name}.`;
  return { name: `${model.name} (champion)`, target: policyOf(standing, tensor), note };
}
