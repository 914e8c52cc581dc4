import { join } from 'node:path';
import type { EnvironmentData } from '../../domain/environment/environment.ts';
import { ProductError } from '../../domain/errors.ts';
import { canonicalJson, sha256 } from '../../domain/lineage/canonical.ts';
import { STATE_COLUMNS } from '../../domain/policy/policy.ts';
import { JOB_OUTPUT, type LearnJobSpec } from '../../domain/training/job.ts';
import { encodeNpy } from '../../domain/training/npy.ts';
import type { Population } from '../../domain/training/population.ts';
import type { TrainingSettings } from '../../domain/training/settings.ts';
import { Keeper } from './checkpoint.ts';
import { courseOf, courseSteps, seenAssets } from './course.ts';
import { cpuFeatures } from './cpu.ts';
import { readEnvironmentData, readInitial, readJob, writeWhole } from './job-folder.ts';
import { learnerOf, type PortfolioLearner } from './learn.ts';
import type { CurvePoint, LearnerCheckpoint } from './learner.ts';
import { baselineModel } from './networks/portfolio.ts';
import { PhasedEnvironments } from './phases.ts';
import {
  type MemberRecord,
  type PopulationState,
  packPopulation,
  scoreOf,
  splitWindow,
  startPopulation,
  trainPopulation,
  unpackPopulation,
} from './population.ts';
import { Snapshots } from './snapshots.ts';

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
  const run = await Run.open(folder, spec, hash, hooks);
  const { settings, parameters, curve, population } = spec.training.population
    ? await run.population(spec.training.population)
    : await run.single();
  const learner = run.learnerOf(settings);
  await writeOutput(
    folder,
    learner.policy(parameters),
    {
      ...common,
      seed: spec.seed,
      training: settings,
      parameters: learner.parameterCount,
      environmentSteps: run.stepsTaken(curve),
      cpu: cpuFeatures(),
      course: run.course(),
      snapshots: population ? [] : await run.snapshots(curve),
      ...(population ? { population } : {}),
      curve,
    },
    parameters,
  );
}

/** What a job ends in. */
interface Trained {
  settings: TrainingSettings;
  parameters: Float64Array;
  curve: readonly CurvePoint[];
  /** The member that won, and how every member came about. */
  population?: { winner: number; lineage: MemberRecord[] };
}

/** One job being run: its market, its checkpoints, and whom to tell. */
class Run {
  readonly #folder: string;
  readonly #spec: LearnJobSpec;
  readonly #data: EnvironmentData;
  readonly #initial: Float64Array | null;
  readonly #keeper: Keeper;
  readonly #hooks: JobHooks;
  readonly #snapshots: Snapshots;

  private constructor(
    folder: string,
    spec: LearnJobSpec,
    data: EnvironmentData,
    initial: Float64Array | null,
    keeper: Keeper,
    hooks: JobHooks,
  ) {
    this.#folder = folder;
    this.#spec = spec;
    this.#data = data;
    this.#initial = initial;
    this.#keeper = keeper;
    this.#hooks = hooks;
    this.#snapshots = new Snapshots(this.#folder, this.learnerOf(spec.training), spec.training.snapshotEvery);
  }

  static async open(folder: string, spec: LearnJobSpec, hash: string, hooks: JobHooks): Promise<Run> {
    const { parameters, parameterCount } = learnerOf(spec.training, seenAssets(spec), spec.columns.length, spec.limits);
    const keeper = new Keeper(folder, {
      jobHash: hash,
      algorithm: spec.training.algorithm,
      network: sha256(canonicalJson(parameters)),
      features: sha256(canonicalJson(spec.columns)),
    });
    const data = await readEnvironmentData(folder, spec);
    return new Run(folder, spec, data, await readInitial(folder, spec, parameterCount), keeper, hooks);
  }

  learnerOf(settings: TrainingSettings): PortfolioLearner {
    return learnerOf(
      { ...settings, totalSteps: courseSteps(this.#spec) },
      seenAssets(this.#spec),
      this.#spec.columns.length,
      this.#spec.limits,
    );
  }

  /** Name and environment steps of every phase. */
  course(): { name: string; steps: number }[] {
    return courseOf(this.#data, this.#spec).map(({ name, steps }) => ({ name, steps }));
  }

  stepsTaken(curve: readonly CurvePoint[]): number {
    return (curve.at(-1)?.global_step ?? 0) * (this.#spec.training.population?.members ?? 1);
  }

  snapshots(curve: readonly CurvePoint[]): Promise<{ step: number; file: string; sha256: string }[]> {
    return this.#snapshots.list(curve);
  }

  async single(): Promise<Trained> {
    const { training: settings, seed } = this.#spec;
    const learner = this.learnerOf(settings);
    const total = courseSteps(this.#spec);
    const { parameters, curve } = await learner.train({
      environments: new PhasedEnvironments(courseOf(this.#data, this.#spec)),
      seed,
      initial: this.#initial,
      resume: await this.#wholeCheckpoint(),
      onIteration: async (point, checkpoint, live) => {
        const { global_step: step } = point;
        this.#hooks.onProgress({ step: Math.min(step, total), total, message: messageOf(point), point });
        const iteration = step / learner.stepsPerIteration;
        await this.#snapshots.take(iteration, step, live);
        if (this.#hooks.interrupted?.() && step < total) {
          await this.#keeper.keep(checkpoint());
          throw interrupted(step, total);
        }
        await this.#keeper.keepWhenDue(iteration, checkpoint);
        return undefined;
      },
    });
    return { settings, parameters, curve };
  }

  async population(population: Population): Promise<Trained> {
    const { training, seed, from, to } = this.#spec;
    if (training.snapshotEvery !== null)
      this.#hooks.onWarning?.('A population keeps no snapshots: its record holds every member', {
        snapshotEvery: training.snapshotEvery,
      });
    const kept = await this.#lastCheckpoint();
    const state = kept ? unpackPopulation(kept) : startPopulation(training, population, seed);
    const { learnTo, judgeFrom } = splitWindow(from, to);
    const steps = courseSteps(this.#spec);
    const total = steps * population.members;
    const { settings, checkpoint, member, lineage } = await trainPopulation({
      settings: training,
      population,
      state,
      steps,
      score: (own, parameters) => scoreOf(this.learnerOf(own).policy(parameters), this.#data, judgeFrom, to),
      onTurn: (now) => this.#keeper.keep(packPopulation(now)),
      turn: async (own, index, before, end) => {
        const spec = { ...this.#spec, training: own, to: learnTo };
        const episodeDays = Math.min(spec.episodeDays, learnTo - from - 1);
        let last = before;
        if (before && (before.curve.at(-1)?.global_step ?? 0) >= end) return before;
        await this.learnerOf(own).train({
          environments: new PhasedEnvironments(courseOf(this.#data, { ...spec, episodeDays })),
          seed: seed * population.members + index,
          initial: this.#initial,
          resume: before,
          onIteration: async (point, take) => {
            const { global_step: step } = point;
            const done = membersDone(state, population, steps) + step - stepsBefore(state, population, steps);
            const message = `generation ${state.generation + 1} of ${population.generations}, member ${index + 1} of ${population.members}, ${messageOf(point)}`;
            this.#hooks.onProgress({ step: Math.min(done, total), total, message, point });
            const ended = step >= end;
            const told = this.#hooks.interrupted?.() ?? false;
            if (!ended && !told) return undefined;
            last = take();
            if (told) {
              state.members[index].checkpoint = last;
              await this.#keeper.keep(packPopulation(state));
              throw interrupted(done, total);
            }
            return false;
          },
        });
        return last as LearnerCheckpoint;
      },
    });
    const { parameters } = checkpoint.arrays;
    return {
      settings,
      parameters: Float64Array.from(parameters),
      curve: checkpoint.curve,
      population: { winner: member, lineage },
    };
  }

  /** The last checkpoint, where the snapshots from before it are there too; without them only a new start ends in the same bytes. */
  async #wholeCheckpoint(): Promise<LearnerCheckpoint | null> {
    const checkpoint = await this.#lastCheckpoint();
    if (!checkpoint) return null;
    const lost = await this.#snapshots.lost(checkpoint.curve);
    if (lost.length === 0) return checkpoint;
    this.#hooks.onWarning?.('Snapshots from before the checkpoint are gone: training starts anew', { files: lost });
    return null;
  }

  #lastCheckpoint(): Promise<LearnerCheckpoint | null> {
    return this.#keeper.last((file) => this.#hooks.onWarning?.('A damaged checkpoint was passed over', { file }));
  }
}

/** Environment steps that a member has behind it at the start of the present generation. */
const stepsBefore = ({ generation }: PopulationState, { generations }: Population, steps: number): number =>
  Math.round((steps * generation) / generations);

/** Environment steps of all members together before the present turn. */
function membersDone(state: PopulationState, population: Population, steps: number): number {
  const before = stepsBefore(state, population, steps);
  const after = stepsBefore({ ...state, generation: state.generation + 1 }, population, steps);
  return population.members * before + state.next * (after - before);
}

const interrupted = (step: number, total: number): ProductError =>
  new ProductError('TRAIN_INTERRUPTED', 'Training was told to end, and keeps what it has learned in a checkpoint', {
    facts: { step, total },
    remedy: 'Start the trainer again on the same folder: it goes on to the same bytes.',
  });

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
