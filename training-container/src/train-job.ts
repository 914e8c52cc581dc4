import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ProductError } from '../../domain/errors.ts';
import { canonicalJson, sha256 } from '../../domain/lineage/canonical.ts';
import { STATE_COLUMNS } from '../../domain/policy/policy.ts';
import { createRandom } from '../../domain/simulation/random.ts';
import { JOB_OUTPUT, type LearnJobSpec } from '../../domain/training/job.ts';
import { encodeNpy } from '../../domain/training/npy.ts';
import { type CheckpointOwner, readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import { cpuFeatures, usableCores } from './cpu.ts';
import { readEnvironmentData, readInitial, readJob, writeWhole } from './job-folder.ts';
import { learnerOf, type PortfolioLearner } from './learn.ts';
import type { CurvePoint, LearnerCheckpoint } from './learner.ts';
import { baselineModel } from './networks/portfolio.ts';
import { PortfolioEnvironments } from './portfolio-environments.ts';

export interface JobProgress {
  readonly step: number;
  readonly total: number;
  readonly message: string;
  /** The curve's newest point. */
  readonly point?: CurvePoint;
}

export interface JobHooks {
  onProgress(progress: JobProgress): void;
  onWarning?(message: string, facts: Record<string, unknown>): void;
  /** True once the process has been told to end: training stops after the iteration that it is in. */
  interrupted?(): boolean;
}

/** A checkpoint is written after this many iterations, or this long after the last one, whichever comes first. */
const CHECKPOINT_EVERY = 16;
const CHECKPOINT_EVERY_MS = 30_000;

/**
 * Run the job in `<folder>/input` and write `<folder>/output`. Resumes from `<folder>/checkpoints`.
 * @throws TRAIN_INTERRUPTED when it was told to end: what was learned is in the checkpoint.
 */
export async function trainJob(folder: string, hooks: JobHooks): Promise<void> {
  const { spec, hash } = await readJob(folder);
  const common = { schema: 1, kind: spec.kind, jobHash: hash };
  if (spec.kind === 'baseline') {
    await writeOutput(folder, baselineModel(spec.columns.length + STATE_COLUMNS.length), {
      ...common,
      environmentSteps: 0,
      curve: [],
    });
    hooks.onProgress({ step: 1, total: 1, message: 'baseline written' });
    return;
  }
  const learner = learnerOf(spec.training, spec.symbols.length, spec.columns.length);
  const training = { ...spec.training, workers: cappedWorkers(spec, hooks) };
  const snapshots = new Snapshots(folder, learner, spec.training.snapshotEvery);
  const keeper = new Keeper(folder, {
    jobHash: hash,
    algorithm: training.algorithm,
    network: sha256(canonicalJson(learner.parameters)),
    features: sha256(canonicalJson(spec.columns)),
  });
  const { parameters, curve } = await learnerOf(training, spec.symbols.length, spec.columns.length).train({
    environments: await environmentsOf(folder, spec),
    seed: spec.seed,
    initial: await readInitial(folder, spec, learner.parameterCount),
    resume: await keeper.last((file) => hooks.onWarning?.('A damaged checkpoint was passed over', { file })),
    onIteration: async (point, checkpoint, live) => {
      const total = training.totalSteps;
      hooks.onProgress({ step: Math.min(point.global_step, total), total, message: messageOf(point), point });
      const iteration = point.global_step / learner.stepsPerIteration;
      await snapshots.take(iteration, point.global_step, live);
      const ending = point.global_step >= total;
      if (hooks.interrupted?.() && !ending) {
        await keeper.keep(checkpoint());
        throw interrupted(point.global_step, total);
      }
      await keeper.keepWhenDue(iteration, checkpoint);
      return undefined;
    },
  });
  await writeOutput(
    folder,
    learner.policy(parameters),
    {
      ...common,
      seed: spec.seed,
      training: spec.training,
      parameters: learner.parameterCount,
      environmentSteps: curve.at(-1)?.global_step ?? 0,
      cpu: cpuFeatures(),
      snapshots: await snapshots.list(curve),
      curve,
    },
    parameters,
  );
}

async function environmentsOf(folder: string, spec: LearnJobSpec): Promise<PortfolioEnvironments> {
  const data = await readEnvironmentData(folder, spec);
  const { from, to, episodeDays, maxStartDrawdown, training } = spec;
  const options = { from, to, episodeDays, reward: training.reward, extra: { maxStartDrawdown } };
  return new PortfolioEnvironments(data, options, training.environments, createRandom(spec.seed).fork(1));
}

/** More threads than cores only slow each other down; the result does not depend on their number. */
function cappedWorkers({ training }: LearnJobSpec, hooks: JobHooks): number {
  const cores = usableCores();
  if (training.workers > cores)
    hooks.onWarning?.('More workers than cores: the cores set the number', { workers: training.workers, cores });
  return Math.min(training.workers, cores);
}

const interrupted = (step: number, total: number): ProductError =>
  new ProductError('TRAIN_INTERRUPTED', 'Training was told to end, and keeps what it has learned in a checkpoint', {
    facts: { step, total },
    remedy: 'Start the trainer again on the same folder: it goes on to the same bytes.',
  });

/** Writes checkpoints when they are due. */
class Keeper {
  readonly #folder: string;
  readonly #owner: CheckpointOwner;
  #keptMs = performance.now();

  constructor(folder: string, owner: CheckpointOwner) {
    this.#folder = folder;
    this.#owner = owner;
  }

  last(onDamaged: (file: string) => void): Promise<LearnerCheckpoint | null> {
    return readCheckpoint(this.#folder, this.#owner, onDamaged);
  }

  async keepWhenDue(iteration: number, checkpoint: () => LearnerCheckpoint): Promise<void> {
    if (iteration % CHECKPOINT_EVERY === 0 || performance.now() - this.#keptMs >= CHECKPOINT_EVERY_MS)
      await this.keep(checkpoint());
  }

  async keep(checkpoint: LearnerCheckpoint): Promise<void> {
    await writeCheckpoint(this.#folder, this.#owner, checkpoint);
    this.#keptMs = performance.now();
  }
}

/** Policies on the way, every `every` iterations: `output/snapshots/<step>.onnx`. */
class Snapshots {
  readonly #folder: string;
  readonly #learner: PortfolioLearner;
  readonly #every: number | null;

  constructor(folder: string, learner: PortfolioLearner, every: number | null) {
    this.#folder = join(folder, 'output');
    this.#learner = learner;
    this.#every = every;
  }

  async take(iteration: number, step: number, parameters: Float64Array): Promise<void> {
    if (this.#every !== null && iteration % this.#every === 0)
      await writeWhole(join(this.#folder, JOB_OUTPUT.snapshot(step)), this.#learner.policy(parameters));
  }

  /** File and hash of each; those from before a resumption are in the folder already. */
  async list(curve: readonly CurvePoint[]): Promise<{ step: number; file: string; sha256: string }[]> {
    const every = this.#every;
    if (every === null) return [];
    const steps = curve
      .map((point) => point.global_step)
      .filter((step) => (step / this.#learner.stepsPerIteration) % every === 0);
    return Promise.all(
      steps.map(async (step) => {
        const file = JOB_OUTPUT.snapshot(step);
        return { step, file, sha256: sha256(await readFile(join(this.#folder, file))) };
      }),
    );
  }
}

async function writeOutput(
  folder: string,
  policy: Uint8Array,
  record: unknown,
  parameters?: Float64Array,
): Promise<void> {
  await writeWhole(join(folder, 'output', JOB_OUTPUT.policy), policy);
  if (parameters)
    await writeWhole(
      join(folder, 'output', JOB_OUTPUT.parameters),
      encodeNpy({ shape: [parameters.length], data: parameters }),
    );
  await writeWhole(join(folder, 'output', JOB_OUTPUT.record), canonicalJson(record));
}

const messageOf = (point: CurvePoint): string => {
  const named = [
    ['mean reward', 'charts/mean_reward'],
    ['kl', 'losses/approx_kl'],
    ['explained variance', 'losses/explained_variance'],
    ['alpha', 'losses/alpha'],
    ['gradient norm', 'losses/grad_norm'],
  ] as const;
  return named
    .flatMap(([name, key]) => (typeof point[key] === 'number' ? [`${name} ${point[key].toFixed(4)}`] : []))
    .slice(0, 3)
    .join(', ');
};
