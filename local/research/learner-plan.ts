import { availableParallelism } from 'node:os';
import type { Settings } from '../../config/schema.ts';
import { badInput } from '../../domain/errors.ts';
import type { Trial } from '../../domain/lineage/model.ts';
import { ALGORITHMS, type Algorithm } from '../../domain/training/settings.ts';
import { assign, type CommonOptions, count, wholeNumbers } from '../commands/args.ts';
import type { Installation } from '../installation.ts';
import { readSettings } from '../settings.ts';
import { parseAlgorithm, type TrainingDay, trialsOf } from '../training.ts';

export interface LearnerOptions extends CommonOptions {
  date?: string;
  hours?: string;
  seeds?: string;
  algorithms?: string;
  windows?: string;
  parallel?: string;
  set?: string[];
  warmStart?: boolean;
  out?: string;
}

/** One learner of the study: its settings, and its trials by seed, then window. */
export interface StudiedLearner {
  readonly algorithm: Algorithm;
  readonly settings: Settings;
  readonly trials: readonly Trial[];
}

export interface LearnerPlan {
  readonly learners: readonly StudiedLearner[];
  readonly seeds: number;
  /** Time after which no further seed is begun; null: none. */
  readonly hours: number | null;
  /** Trials that train at once. */
  readonly parallel: number;
}

/** What the command line asks for, checked before anything is computed; the plan of a day is made of it. */
export function learnerPlan(installation: Installation, options: LearnerOptions): (day: TrainingDay) => LearnerPlan {
  const algorithms = [...new Set((options.algorithms ?? ALGORITHMS.join(',')).split(','))].map((word) =>
    parseAlgorithm(word, '--algorithms'),
  );
  const said = settingsSaid(options.set ?? [], algorithms);
  const windows = options.windows === undefined ? null : wholeNumbers(options.windows, '--windows');
  const seeds = atLeastOne(options.seeds, '--seeds') ?? installation.settings.profile.seeds;
  const learners = algorithms.map((algorithm) => {
    const read = readSettings(options, installation.home, { training: { ...said[algorithm], algorithm } });
    const warmStart = options.warmStart ?? read.profile.warmStart;
    return { algorithm, settings: { ...read, profile: { ...read.profile, warmStart } } };
  });
  const parallel = atLeastOne(options.parallel, '--parallel') ?? availableParallelism();
  const hours = hoursOf(options.hours);
  return (day) => ({
    learners: learners.map(({ algorithm, settings }) => ({
      algorithm,
      settings,
      trials: trialsOf(day, settings, algorithm, windows, seeds),
    })),
    seeds,
    hours,
    parallel,
  });
}

/** `ppo.learningRate=0.001` by learner. */
function settingsSaid(assignments: readonly string[], algorithms: readonly Algorithm[]) {
  const said: Partial<Record<Algorithm, Record<string, unknown>>> = {};
  for (const assignment of assignments) {
    const [word, ...rest] = assignment.split('.');
    const algorithm = algorithms.find((known) => known === word);
    if (!algorithm || rest.length === 0)
      throw badInput('USAGE_SET', 'A setting of a study is written learner.name=value', {
        facts: { option: '--set', value: assignment, learners: algorithms },
        remedy: 'For example --set ppo.totalSteps=65536 --set direct.learningRate=0.001',
      });
    said[algorithm] ??= {};
    assign(said[algorithm], rest.join('.'));
  }
  return said;
}

const atLeastOne = (text: string | undefined, option: string): number | null =>
  text === undefined ? null : count(text, option);

function hoursOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const hours = Number(text);
  if (text !== '' && hours > 0 && Number.isFinite(hours)) return hours;
  throw badInput('USAGE_HOURS', 'A time above 0 is asked for, in hours', {
    facts: { option: '--hours', value: text },
    remedy: 'For example --hours 0.5',
  });
}
