import { STATE_COLUMNS } from '../../domain/policy/policy.ts';
import { isLongShort, type Limits } from '../../domain/risk/limits.ts';
import type { TrainingSettings } from '../../domain/training/settings.ts';
import { trainDirect } from './direct.ts';
import type { Environments, LearnerOptions, LearnerResult } from './learner.ts';
import { softPortfolioNetwork } from './networks/critic.ts';
import { type ParameterSpec, parameterCount } from './networks/parameters.ts';
import { type PortfolioShape, policyModel, portfolioActor, portfolioNetwork } from './networks/portfolio.ts';
import { trainPpo } from './ppo.ts';
import { SAC_STEPS_PER_ITERATION, trainSac } from './sac.ts';

/** What a learner is called with, whatever its network. */
export type LearnOptions = Omit<LearnerOptions<unknown, unknown>, 'network' | 'settings'> & {
  environments: Environments;
};

/** A learner on a portfolio: its network's parameters, how to train it, and how its policy is served. */
export interface PortfolioLearner {
  readonly parameters: readonly ParameterSpec[];
  readonly parameterCount: number;
  /** Environment steps of one iteration. */
  readonly stepsPerIteration: number;
  train(options: LearnOptions): Promise<LearnerResult>;
  /** The served policy of a parameter vector, as ONNX. */
  policy(parameters: ArrayLike<number>): Uint8Array;
}

/** The learner that the settings name, for a universe of `assets` seen through `columns` features. */
export function learnerOf(
  settings: TrainingSettings,
  assets: number,
  columns: number,
  limits: Limits,
): PortfolioLearner {
  const { architecture, lookbackDays, hidden } = settings;
  const shape: PortfolioShape = {
    assets,
    features: columns * lookbackDays + STATE_COLUMNS.length,
    hidden,
    architecture,
    lookbackDays,
    longShortGross: isLongShort(limits) ? limits.maxGross : null,
    logStdInit: settings.algorithm === 'direct' ? 0 : settings.logStdInit,
  };
  if (settings.algorithm === 'ppo') {
    const network = portfolioNetwork(shape);
    return {
      ...served(shape, network.parameters),
      stepsPerIteration: settings.environments * settings.rolloutDays,
      train: (options) => trainPpo({ ...options, network, settings }),
    };
  }
  if (settings.algorithm === 'sac') {
    const network = softPortfolioNetwork(shape);
    return {
      ...served({ ...shape, head: 'squashed' }, [...network.actor.parameters, ...network.critics.parameters]),
      stepsPerIteration: settings.environments * SAC_STEPS_PER_ITERATION,
      train: (options) => trainSac({ ...options, network, settings }),
    };
  }
  const network = portfolioActor(shape);
  return {
    ...served(shape, network.parameters),
    stepsPerIteration: settings.environments * settings.segmentDays,
    train: (options) => trainDirect({ ...options, network, settings }),
  };
}

function served(
  shape: PortfolioShape,
  parameters: readonly ParameterSpec[],
): Pick<PortfolioLearner, 'parameters' | 'parameterCount' | 'policy'> {
  return { parameters, parameterCount: parameterCount({ parameters }), policy: (flat) => policyModel(shape, flat) };
}
