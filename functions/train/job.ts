import { badInput } from '../../domain/errors.ts';
import { CATALOGUE } from '../../domain/features/catalogue.ts';
import type { RiskGroupsHistory } from '../../domain/features/groups.ts';
import type { FeatureTensor, Normaliser } from '../../domain/features/spec.ts';
import { canonicalJson, sha256 } from '../../domain/lineage/canonical.ts';
import { isLearned, type Trial } from '../../domain/lineage/model.ts';
import { type MarketPanel, panelUntil } from '../../domain/market/panel.ts';
import { STATE_COLUMNS } from '../../domain/policy/policy.ts';
import type { Costs } from '../../domain/portfolio/costs.ts';
import type { Limits } from '../../domain/risk/limits.ts';
import type { NamedMask } from '../../domain/risk/overlapping.ts';
import {
  INITIAL_PARAMETERS,
  type LearnJobSpec,
  type TrainingJobSpec,
  trainingJobSchema,
} from '../../domain/training/job.ts';
import { encodeNpy } from '../../domain/training/npy.ts';
import type { TrainingSettings } from '../../domain/training/settings.ts';

/** The normaliser of a trial's policy: a learner that looks back sees more days at once; the baseline sees the day alone. */
export const sightOf = (fitted: Normaliser, { kind }: Trial, { lookbackDays }: TrainingSettings): Normaliser =>
  isLearned(kind) && lookbackDays > 1 ? { ...fitted, lookbackDays } : fitted;

export interface TrainingJobInputs {
  readonly tensor: FeatureTensor;
  readonly normaliser: Normaliser;
  readonly panel: MarketPanel;
  readonly groups: RiskGroupsHistory | null;
  readonly limits: Limits;
  readonly costs: Costs;
  readonly training: TrainingSettings;
  readonly trial: Trial;
  /** Parameters to begin with, [P]; null or absent: random ones. */
  readonly initial?: Float64Array | null;
}

/** Decisions in one episode: a year, or what the window has room for. */
const EPISODE_DAYS = 252;

/**
 * The `input/` folder of the trainer (training-container/README.md), by file name. Everything after `trial.trainTo` is cut
 * off, so that the trainer cannot see the purge, the embargo or the test window. The learning control is the same call
 * with the arrays of a market whose optimum is known.
 * @throws TRAIN_WINDOW when the window is not in the data; TRAIN_MISALIGNED when panel and tensor differ.
 */
export function buildTrainingJob(inputs: TrainingJobInputs): Record<string, Uint8Array> {
  const { tensor, trial } = inputs;
  const columns = [...tensor.columns];
  if (trial.kind === 'baseline')
    return jobFiles({ schema: 1, kind: 'baseline', columns, stateColumns: [...STATE_COLUMNS] }, {});
  checkAligned(inputs);
  const { from, end } = windowOf(inputs);
  const { initial = null } = inputs;
  const arrays = arraysUntil(inputs, end);
  const start = initial && encodeNpy({ shape: [initial.length], data: initial });
  const hashes = Object.fromEntries(Object.entries(arrays).map(([name, bytes]) => [name, sha256(bytes)]));
  const lapsing = columns.filter((name) => CATALOGUE[name]?.mayLapse);
  const spec = {
    ...learnSpec(inputs, from, end),
    columns,
    ...(lapsing.length > 0 && { lapsing }),
    arrays: hashes,
    initial: start && sha256(start),
  };
  return jobFiles(spec, start ? { ...arrays, [INITIAL_PARAMETERS]: start } : arrays);
}

function jobFiles(spec: TrainingJobSpec, arrays: Record<string, Uint8Array>): Record<string, Uint8Array> {
  return { 'job.json': new TextEncoder().encode(canonicalJson(trainingJobSchema.parse(spec))), ...arrays };
}

function learnSpec(
  { panel, normaliser, groups, limits, costs, training, trial }: TrainingJobInputs,
  from: number,
  end: number,
): Omit<LearnJobSpec, 'columns' | 'arrays' | 'initial'> {
  const until = panelUntil(panel, end);
  const lastDate = until.dates[end - 1];
  const known = groups ? groups.dates.filter((date) => date <= lastDate).length : 0;
  const bits = (mask: Uint8Array): (0 | 1)[] => Array.from(mask, (bit) => (bit ? 1 : 0));
  const masks = (history: readonly Uint8Array[]): (0 | 1)[][] => history.slice(0, known).map(bits);
  const named = (list: readonly NamedMask[]) => list.map(({ name, members }) => ({ name, members: bits(members) }));
  const capped = limits.maxNeighbourhoodWeight !== undefined || limits.maxCommunityWeight !== undefined;
  return {
    schema: 1,
    kind: 'learn',
    stateColumns: [...STATE_COLUMNS],
    seed: trial.window * 10_000 + trial.seed,
    dates: [...until.dates],
    symbols: [...until.symbols],
    groups: [...until.groups],
    exits: until.exits.map(({ t, asset, successor, finalReturn }) => ({ t, asset, successor, finalReturn })),
    from,
    to: end - 1,
    episodeDays: Math.min(EPISODE_DAYS, end - 1 - from - 1),
    maxStartDrawdown: limits.drawdown.budget / 2,
    normaliser: sightOf(normaliser, trial, training),
    limits,
    costs,
    riskGroups: groups && {
      dates: groups.dates.slice(0, known),
      hubs: masks(groups.hubs),
      illiquid: masks(groups.illiquid),
      ...(capped &&
        groups.overlapping && {
          overlapping: groups.overlapping.slice(0, known).map(({ neighbourhoods, communities }) => {
            return { neighbourhoods: named(neighbourhoods), communities: named(communities) };
          }),
        }),
    },
    training,
  };
}

function arraysUntil({ tensor, panel }: TrainingJobInputs, end: number): Record<string, Uint8Array> {
  const assets = panel.symbols.length;
  const features = tensor.columns.length;
  const until = panelUntil(panel, end);
  return {
    'features.npy': encodeNpy({
      shape: [end, assets, features],
      data: tensor.values.subarray(0, end * assets * features),
    }),
    'anchor_logit.npy': encodeNpy({ shape: [end, assets], data: tensor.anchorLogit.subarray(0, end * assets) }),
    'anchor_exposure.npy': encodeNpy({ shape: [end], data: tensor.anchorExposure.subarray(0, end) }),
    'close.npy': encodeNpy({ shape: [end, assets], data: until.close }),
    'returns.npy': encodeNpy({ shape: [end, assets], data: until.returns }),
    'volume.npy': encodeNpy({ shape: [end, assets], data: until.volume }),
    'tradable.npy': encodeNpy({ shape: [end, assets], data: until.tradable }),
    'listed.npy': encodeNpy({ shape: [end, assets], data: until.listed }),
  };
}

function windowOf({ panel, trial }: TrainingJobInputs): { from: number; end: number } {
  const from = panel.dates.indexOf(trial.trainFrom);
  const end = panel.dates.indexOf(trial.trainTo) + 1;
  if (from >= 0 && end > from + 2) return { from, end };
  throw badInput('TRAIN_WINDOW', 'The training window is not in the data, or too short to train on', {
    facts: { trainFrom: trial.trainFrom, trainTo: trial.trainTo, dataFrom: panel.dates[0], dataTo: panel.dates.at(-1) },
    remedy: 'Plan the trials from the sessions of this dataset.',
  });
}

function checkAligned({ panel, tensor, groups }: TrainingJobInputs): void {
  const sameSessions =
    panel.dates.length === tensor.dates.length && panel.dates.every((date, t) => date === tensor.dates[t]);
  const symbols = panel.symbols.join();
  if (sameSessions && symbols === tensor.symbols.join() && (!groups || symbols === groups.symbols.join())) return;
  throw badInput('TRAIN_MISALIGNED', 'Features, groups and market are not of the same sessions and assets', {
    facts: { panel: [panel.dates.length, panel.symbols.length], tensor: [tensor.dates.length, tensor.symbols.length] },
    remedy: 'Run the features stage again on this dataset.',
  });
}
