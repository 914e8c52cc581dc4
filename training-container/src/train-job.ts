import { join } from 'node:path';
import { canonicalJson } from '../../domain/lineage/canonical.ts';
import { STATE_COLUMNS } from '../../domain/policy/policy.ts';
import { createRandom } from '../../domain/simulation/random.ts';
import { JOB_OUTPUT, type LearnJobSpec } from '../../domain/training/job.ts';
import { readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import { cpuFeatures } from './cpu.ts';
import { readEnvironmentData, readJob, writeWhole } from './job-folder.ts';
import type { CurvePoint } from './learner.ts';
import { parameterCount } from './networks/parameters.ts';
import { baselineModel, policyModel, portfolioNetwork } from './networks/portfolio.ts';
import { PortfolioEnvironments } from './portfolio-environments.ts';
import { trainPpo } from './ppo.ts';

export interface JobProgress {
  readonly step: number;
  readonly total: number;
  readonly message: string;
}

/** Iterations between two checkpoints. */
const CHECKPOINT_EVERY = 16;

/** Run the job in `<folder>/input` and write `<folder>/output`. Resumes from `<folder>/checkpoints` when that is of the same job. */
export async function trainJob(folder: string, onProgress: (progress: JobProgress) => void): Promise<void> {
  const { spec, hash } = await readJob(folder);
  const common = { schema: 1, kind: spec.kind, jobHash: hash };
  if (spec.kind === 'baseline') {
    await writeOutput(folder, baselineModel(spec.columns.length + STATE_COLUMNS.length), {
      ...common,
      environmentSteps: 0,
      curve: [],
    });
    onProgress({ step: 1, total: 1, message: 'baseline written' });
    return;
  }
  const { training } = spec;
  if (training.algorithm !== 'ppo') throw new Error(`no learner ${training.algorithm}`);
  const shape = {
    assets: spec.symbols.length,
    features: spec.columns.length + STATE_COLUMNS.length,
    hidden: training.hidden,
    logStdInit: training.logStdInit,
  };
  const network = portfolioNetwork(shape);
  const { parameters, curve } = await trainPpo({
    network,
    environments: await environmentsOf(folder, spec),
    settings: training,
    seed: spec.seed,
    resume: await readCheckpoint(folder, hash),
    onIteration: async (point, checkpoint) => {
      onProgress({
        step: Math.min(point.global_step, spec.training.totalSteps),
        total: spec.training.totalSteps,
        message: messageOf(point),
      });
      if ((point.global_step / (training.environments * training.rolloutDays)) % CHECKPOINT_EVERY === 0)
        await writeCheckpoint(folder, hash, checkpoint());
    },
  });
  const environmentSteps = curve.at(-1)?.global_step ?? 0;
  const record = {
    ...common,
    seed: spec.seed,
    training: spec.training,
    parameters: parameterCount(network),
    environmentSteps,
    cpu: cpuFeatures(),
    curve,
  };
  await writeOutput(folder, policyModel(shape, parameters), record);
}

async function environmentsOf(folder: string, spec: LearnJobSpec): Promise<PortfolioEnvironments> {
  const data = await readEnvironmentData(folder, spec);
  const { from, to, episodeDays, maxStartDrawdown, training } = spec;
  const options = { from, to, episodeDays, reward: training.reward, extra: { maxStartDrawdown } };
  return new PortfolioEnvironments(data, options, training.environments, createRandom(spec.seed).fork(1));
}

async function writeOutput(folder: string, policy: Uint8Array, record: unknown): Promise<void> {
  await writeWhole(join(folder, 'output', JOB_OUTPUT.policy), policy);
  await writeWhole(join(folder, 'output', JOB_OUTPUT.record), canonicalJson(record));
}

const messageOf = (point: CurvePoint): string => {
  const show = (value: number | null | undefined): string =>
    value === null || value === undefined ? 'n/a' : value.toFixed(4);
  return `mean reward ${show(point['charts/mean_reward'])}, kl ${show(point['losses/approx_kl'])}, explained variance ${show(point['losses/explained_variance'])}`;
};
