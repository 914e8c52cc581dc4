import { modelPolicy, runBacktest } from '../../domain/backtest/backtest.ts';
import { returnsBetween } from '../../domain/backtest/figures.ts';
import type { EnvironmentData } from '../../domain/environment/environment.ts';
import { sharpe } from '../../domain/metrics/sharpe.ts';
import { createExactPolicy } from '../../domain/policy/exact/exact.ts';
import { createRandom, type Random } from '../../domain/simulation/random.ts';
import type { Population } from '../../domain/training/population.ts';
import type { TrainingSettings } from '../../domain/training/settings.ts';
import type { LearnerCheckpoint } from './learner.ts';

/** Hyper-parameters that members of a population may differ in, by their path in the settings. */
const EXPLORED = [
  'learningRate',
  'qLearningRate',
  'entCoef',
  'clipCoef',
  'lambdaOffset',
  'reward.lambdaVolatility',
  'reward.lambdaTurnover',
  'reward.lambdaDrawdown',
] as const;
export type Hyperparameters = Readonly<Record<string, number>>;

/** A weight that is 0 cannot be scaled: explored, it becomes this, or stays 0. */
const FROM_NOTHING = 1e-3;

/** Share of the training window, its end, that members are compared on; the rest they learn from. */
const HELD_OUT = 0.2;
/** A decision earns until two sessions after it. */
const DECISION_LAG = 2;

/** One member after one generation: what the trial log keeps. */
export interface MemberRecord {
  readonly generation: number;
  readonly member: number;
  readonly hyperparameters: Hyperparameters;
  /** Annual net Sharpe ratio on the held-out end of the training window; null: its returns are constant. */
  readonly score: number | null;
  /** The member whose parameters and hyper-parameters it took over at the barrier after this generation; null: it kept its own. */
  readonly copied: number | null;
}

/** A population between two turns; JSON but for the arrays of the checkpoints. */
export interface PopulationState {
  generation: number;
  /** Whose turn is next in this generation. */
  next: number;
  members: { hyperparameters: Hyperparameters; checkpoint: LearnerCheckpoint | null; score: number | null }[];
  lineage: MemberRecord[];
  random: ReturnType<Random['state']>;
}

/** How one member learns: it goes on from `checkpoint` until `step` environment steps, and answers with the checkpoint there. */
export type Turn = (
  settings: TrainingSettings,
  member: number,
  checkpoint: LearnerCheckpoint | null,
  step: number,
) => Promise<LearnerCheckpoint>;

/** Sessions that members learn from, and those that they are compared on. */
export function splitWindow(from: number, to: number): { learnTo: number; judgeFrom: number } {
  const judgeFrom = to - Math.floor(HELD_OUT * (to - from));
  return { learnTo: judgeFrom - DECISION_LAG, judgeFrom };
}

/** Net Sharpe ratio of a served policy over sessions, by the exact runtime. */
export async function scoreOf(
  onnx: Uint8Array,
  data: EnvironmentData,
  from: number,
  to: number,
): Promise<number | null> {
  const policy = modelPolicy('member', createExactPolicy(onnx), data.tensor, data.normaliser);
  return sharpe(returnsBetween(await runBacktest(data, policy, from, to)));
}

/** At the start: the first member has the settings as they are, the others are explored from them twice. */
export function startPopulation(
  settings: TrainingSettings,
  { members, perturb }: Population,
  seed: number,
): PopulationState {
  const random = createRandom(seed).fork(77);
  const base = hyperparametersOf(settings);
  const explored = (): Hyperparameters => explore(explore(base, perturb, random), perturb, random);
  return {
    generation: 0,
    next: 0,
    members: Array.from({ length: members }, (_, i) => ({
      hyperparameters: i === 0 ? base : explored(),
      checkpoint: null,
      score: null,
    })),
    lineage: [],
    random: random.state(),
  };
}

/**
 * Population-based training (Jaderberg et al. 2017) with a barrier per generation: every member learns for the same number of steps and is scored;
 * then the worst take over a random one of the best, parameters and all, with its hyper-parameters perturbed. `onTurn` is called after every
 * turn: what it keeps, a later call goes on from. Returns the best member of the last generation.
 */
export async function trainPopulation(options: {
  settings: TrainingSettings;
  population: Population;
  state: PopulationState;
  /** Environment steps of one member. */
  steps: number;
  turn: Turn;
  score(settings: TrainingSettings, parameters: ArrayLike<number>): Promise<number | null>;
  onTurn(state: PopulationState): Promise<void>;
}): Promise<{ settings: TrainingSettings; checkpoint: LearnerCheckpoint; member: number; lineage: MemberRecord[] }> {
  const { settings, population, state, steps } = options;
  const settingsOf = (i: number): TrainingSettings => withHyperparameters(settings, state.members[i].hyperparameters);
  while (state.generation < population.generations) {
    const end = Math.round((steps * (state.generation + 1)) / population.generations);
    while (state.next < population.members) {
      const member = state.members[state.next];
      const own = settingsOf(state.next);
      member.checkpoint = await options.turn(own, state.next, member.checkpoint, end);
      member.score = await options.score(own, member.checkpoint.arrays.parameters);
      state.next += 1;
      await options.onTurn(state);
    }
    barrier(state, population);
    await options.onTurn(state);
  }
  const best = ranked(state.members)[0];
  return {
    settings: settingsOf(best),
    checkpoint: state.members[best].checkpoint as LearnerCheckpoint,
    member: best,
    lineage: state.lineage,
  };
}

/** Exploit and explore; nobody moves after the last generation. */
export function barrier(state: PopulationState, { generations, exploitShare, perturb }: Population): void {
  const { members, generation } = state;
  const random = createRandom(state.random);
  const order = ranked(members);
  const moved = generation + 1 < generations ? Math.max(1, Math.floor(exploitShare * members.length)) : 0;
  const best = order.slice(0, Math.max(1, moved));
  const copied = new Map(
    order.slice(members.length - moved).map((worst) => [worst, best[random.integer(best.length)]]),
  );
  members.forEach(({ hyperparameters, score }, member) => {
    state.lineage.push({ generation, member, hyperparameters, score, copied: copied.get(member) ?? null });
  });
  for (const [worst, from] of copied) {
    if (worst === from) continue;
    const { checkpoint, hyperparameters, score } = members[from];
    members[worst] = { checkpoint, score, hyperparameters: explore(hyperparameters, perturb, random) };
  }
  state.random = random.state();
  state.generation += 1;
  state.next = 0;
}

/** Members, the best score first; one without a score is last. */
const ranked = (members: PopulationState['members']): number[] =>
  members
    .map((_, i) => i)
    .sort(
      (a, b) =>
        (members[b].score ?? Number.NEGATIVE_INFINITY) - (members[a].score ?? Number.NEGATIVE_INFINITY) || a - b,
    );

function explore(hyperparameters: Hyperparameters, factor: number, random: Random): Hyperparameters {
  const moved = (value: number): number => {
    const up = random.uniform() < 0.5;
    return value === 0 ? (up ? FROM_NOTHING : 0) : up ? value * factor : value / factor;
  };
  // in one order: a checkpoint may hold the names in another
  return Object.fromEntries(
    EXPLORED.flatMap((name) => (name in hyperparameters ? [[name, moved(hyperparameters[name])]] : [])),
  );
}

export function hyperparametersOf(settings: TrainingSettings): Hyperparameters {
  const flat: Record<string, unknown> = { ...settings };
  for (const [name, value] of Object.entries(settings.reward)) flat[`reward.${name}`] = value;
  return Object.fromEntries(EXPLORED.flatMap((name) => (typeof flat[name] === 'number' ? [[name, flat[name]]] : [])));
}

export function withHyperparameters(settings: TrainingSettings, values: Hyperparameters): TrainingSettings {
  const own = Object.entries(values).filter(([name]) => !name.startsWith('reward.'));
  const reward = Object.entries(values).flatMap(([name, value]) =>
    name.startsWith('reward.') ? [[name.slice('reward.'.length), value]] : [],
  );
  return { ...settings, ...Object.fromEntries(own), reward: { ...settings.reward, ...Object.fromEntries(reward) } };
}

/** A population as one checkpoint: the arrays of member i are named `i/...`. */
export function packPopulation({ members, ...state }: PopulationState): LearnerCheckpoint {
  const arrays = members.flatMap(({ checkpoint }, i) =>
    Object.entries(checkpoint?.arrays ?? {}).map(([name, values]) => [`${i}/${name}`, values] as const),
  );
  const rest = members.map(({ checkpoint, ...member }) => {
    if (!checkpoint) return { ...member, checkpoint };
    const { arrays: _elsewhere, ...told } = checkpoint;
    return { ...member, checkpoint: told };
  });
  return {
    iteration: state.generation,
    arrays: Object.fromEntries(arrays),
    counters: {},
    random: state.random,
    environments: { ...state, members: rest },
    curve: [],
  };
}

export function unpackPopulation({ arrays, environments }: LearnerCheckpoint): PopulationState {
  const { members, ...state } = environments as PopulationState;
  const ofMember = (i: number): LearnerCheckpoint['arrays'] =>
    Object.fromEntries(
      Object.entries(arrays).flatMap(([name, values]) =>
        name.startsWith(`${i}/`) ? [[name.slice(`${i}/`.length), values]] : [],
      ),
    );
  return {
    ...state,
    members: members.map((member, i) => ({
      ...member,
      checkpoint: member.checkpoint && { ...member.checkpoint, arrays: ofMember(i) },
    })),
  };
}
