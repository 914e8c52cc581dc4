import { badInput } from '../errors.ts';
import type { RiskGroupsHistory } from '../features/groups.ts';
import { ObservationBuilder } from '../features/observation.ts';
import type { FeatureTensor, Normaliser } from '../features/spec.ts';
import type { MarketPanel } from '../market/panel.ts';
import { actionToWeights, type SignedAction } from '../portfolio/action.ts';
import type { PortfolioBook } from '../portfolio/book.ts';
import type { Costs } from '../portfolio/costs.ts';
import { isLongShort, type Limits } from '../risk/limits.ts';
import type { Random } from '../simulation/random.ts';
import { PortfolioLoop } from './portfolio-loop.ts';
import {
  type DecisionOutcome,
  type ReturnMoments,
  type RewardConfig,
  rewardOf,
  START_MOMENTS,
  updateMoments,
} from './reward.ts';
import type { EnvironmentState } from './vector-environment.ts';

export interface EnvironmentData {
  panel: MarketPanel;
  tensor: FeatureTensor;
  normaliser: Normaliser;
  groups: RiskGroupsHistory | null;
  limits: Limits;
  costs: Costs;
}

export interface EnvironmentOptions {
  /** Session indices, inclusive. No price outside [from, to] is read. */
  from: number;
  to: number;
  /** Decisions in one episode. */
  episodeDays: number;
  reward: RewardConfig;
  extra?: {
    /** Episodes start with a drawdown drawn uniformly from [0, this]; default 0. So a policy meets the states that it will serve in. */
    maxStartDrawdown?: number;
  };
}

/** A book that grows to less than this share of itself in one session is ruined: its episode ends, and its reward is that of this share. */
const RUIN = 1e-3;

const usableTables = new WeakMap<FeatureTensor, WeakMap<MarketPanel, (Uint8Array | undefined)[]>>();

/** A table of usable assets by session, filled on first use and shared by all environments on the same tensor and panel. */
export class UsableTable {
  readonly #builder: ObservationBuilder;
  readonly #panel: MarketPanel;
  readonly #rows: (Uint8Array | undefined)[];

  constructor(builder: ObservationBuilder, tensor: FeatureTensor, panel: MarketPanel) {
    const byPanel = usableTables.get(tensor) ?? new WeakMap<MarketPanel, (Uint8Array | undefined)[]>();
    usableTables.set(tensor, byPanel);
    this.#rows = byPanel.get(panel) ?? new Array<Uint8Array | undefined>(panel.dates.length).fill(undefined);
    byPanel.set(panel, this.#rows);
    this.#builder = builder;
    this.#panel = panel;
  }

  /** [A] 1 where the asset may be traded at `t`. Do not write to it. */
  at(t: number): Uint8Array {
    const known = this.#rows[t];
    if (known) return known;
    const made = this.#builder.usable(t, this.#panel);
    this.#rows[t] = made;
    return made;
  }
}

/**
 * The market as an environment in the manner of Gymnasium. One step = one session: the action is decided at the close of t and
 * filled at the close of t + 1; its reward is the cost of that fill and the interval (t + 1, t + 2] which the filled weights earn.
 * The observation after the step is that of the close of t + 1.
 *
 * Observation: float32 [A, F] (see `domain/policy/policy.ts`). Action: A logits and a log exposure.
 */
export class PortfolioEnvironment {
  readonly assets: number;
  /** Columns of an observation, state columns included. */
  readonly features: number;
  readonly #loop: PortfolioLoop;
  readonly #builder: ObservationBuilder;
  readonly #usable: UsableTable;
  readonly #data: EnvironmentData;
  readonly #options: EnvironmentOptions;
  readonly #target: Float64Array;
  readonly #outcome: DecisionOutcome = { cost: 0, growth: 1, turnover: 0, drawdownBefore: 0, drawdownAfter: 0 };
  readonly #result = { reward: 0, done: false, terminated: false };
  readonly #view: { held: Float64Array; cash: number; drawdown: number; usable: Uint8Array };
  /** Of the net returns of this episode, before the next step: for the differential Sharpe ratio. */
  readonly moments: ReturnMoments = { ...START_MOMENTS };
  #lastDecision = 0;

  /**
   * @throws ENVIRONMENT_MISALIGNED when panel and tensor are not of the same sessions and assets; EPISODE_TOO_LONG when the range
   * has no room for one episode.
   */
  constructor(data: EnvironmentData, options: EnvironmentOptions) {
    checkAligned(data);
    checkRange(data, options);
    this.#data = data;
    this.#options = options;
    this.#loop = new PortfolioLoop(data);
    this.#builder = new ObservationBuilder(data.tensor, data.normaliser);
    this.#usable = new UsableTable(this.#builder, data.tensor, data.panel);
    this.assets = data.panel.symbols.length;
    this.features = this.#builder.width;
    this.#target = new Float64Array(this.assets);
    this.#view = { held: this.book.held, cash: 1, drawdown: 0, usable: new Uint8Array(this.assets) };
    this.#loop.start(options.from);
    this.#lastDecision = options.from + options.episodeDays - 1;
  }

  get book(): PortfolioBook {
    return this.#loop.book;
  }

  /** Session of the last close that was processed. */
  get t(): number {
    return this.#loop.t;
  }

  /** Of the last step; reused by the next. */
  get outcome(): Readonly<DecisionOutcome> {
    return this.#outcome;
  }

  /** The loop that the environment steps. */
  get loop(): PortfolioLoop {
    return this.#loop;
  }

  /** [A] 1 where the policy may trade at `t`. Do not write to it. */
  usableAt(t: number): Uint8Array {
    return this.#usable.at(t);
  }

  /** A new episode at a random session, all cash. */
  reset(random: Random): void {
    const { from, to, episodeDays, extra } = this.#options;
    const starts = to - episodeDays - from;
    this.#loop.start(from + random.integer(starts));
    this.#lastDecision = this.#loop.t + episodeDays - 1;
    const most = extra?.maxStartDrawdown ?? 0;
    if (most > 0) this.book.highWaterMark = 1 / (1 - most * random.uniform());
    Object.assign(this.moments, START_MOMENTS);
  }

  /** A new episode at session `t`: evaluation, and the check against the backtest. */
  resetAt(t: number): void {
    this.#loop.start(t);
    this.#lastDecision = Math.min(t + this.#options.episodeDays - 1, this.#options.to - 2);
    Object.assign(this.moments, START_MOMENTS);
  }

  observe(out: Float32Array, offset: number): void {
    const { limits } = this.#data;
    const view = this.#view;
    view.cash = this.book.cash;
    view.drawdown = this.book.drawdown(limits);
    view.usable = this.#usable.at(this.t);
    this.#builder.write(this.t, view, out, offset);
  }

  /**
   * The object returned is reused by the next step. `terminated` (Gymnasium's word): the book has lost all but a thousandth over what the decision
   * earns, which only leverage or short positions can; where `done` alone is true, time was up.
   */
  step(action: Float32Array, offset: number): { reward: number; done: boolean; terminated: boolean } {
    const { panel, costs, limits } = this.#data;
    const loop = this.#loop;
    const usable = this.#usable.at(loop.t);
    actionToWeights(action, offset, usable, this.#target, signedAction(this.#data, loop.t));
    loop.choose(this.#target, usable);
    loop.advance();
    const { book } = loop;
    const outcome = this.#outcome;
    outcome.cost = loop.cost;
    outcome.turnover = loop.turnover;
    const growth = book.growth(panel, loop.t + 1, costs);
    const ruined = growth <= RUIN;
    outcome.growth = ruined ? RUIN : growth;
    outcome.drawdownBefore = book.drawdown(limits);
    outcome.drawdownAfter = Math.max(0, 1 - (book.nav * outcome.growth) / book.highWaterMark);
    this.#result.reward = rewardOf(this.#options.reward, outcome, this.moments);
    updateMoments(this.moments, (1 - outcome.cost) * outcome.growth - 1, this.#options.reward);
    this.#result.terminated = ruined;
    this.#result.done = ruined || loop.t > this.#lastDecision;
    return this.#result;
  }

  state(): EnvironmentState {
    return { loop: this.#loop.state(), lastDecision: this.#lastDecision, moments: { ...this.moments } };
  }

  restore(state: EnvironmentState): void {
    this.#loop.restore(state.loop);
    this.#lastDecision = state.lastDecision;
    Object.assign(this.moments, state.moments);
  }
}

/** What turns an action into a long/short book at session `t`; null: the book is long only. */
export function signedAction(
  { limits, tensor }: Pick<EnvironmentData, 'limits' | 'tensor'>,
  t: number,
): SignedAction | null {
  if (!isLongShort(limits)) return null;
  return { anchorLogit: tensor.anchorLogit, at: t * tensor.symbols.length, maxGross: limits.maxGross };
}

function checkAligned({ panel, tensor }: EnvironmentData): void {
  const same =
    panel.dates.length === tensor.dates.length &&
    panel.dates.at(-1) === tensor.dates.at(-1) &&
    panel.symbols.join() === tensor.symbols.join();
  if (same) return;
  throw badInput('ENVIRONMENT_MISALIGNED', 'Features and market are not of the same sessions and assets', {
    facts: { panel: [panel.dates.length, panel.symbols.length], tensor: [tensor.dates.length, tensor.symbols.length] },
    remedy: 'Compute the features from this dataset.',
  });
}

function checkRange({ panel }: EnvironmentData, { from, to, episodeDays }: EnvironmentOptions): void {
  const inside = from >= 0 && to < panel.dates.length && episodeDays >= 1;
  if (inside && to - from >= episodeDays + 1) return;
  throw badInput('EPISODE_TOO_LONG', 'The range of sessions has no room for one episode', {
    facts: { from, to, sessions: panel.dates.length, episodeDays, sessionsNeeded: episodeDays + 2 },
    remedy: 'Use shorter episodes or a longer range of sessions.',
  });
}

export { type EnvironmentState, VectorEnvironment, type VectorEnvironmentState } from './vector-environment.ts';
