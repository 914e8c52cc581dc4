import { type RiskGroups, type RiskGroupsHistory, riskGroupsAt } from '../features/groups.ts';
import type { MarketPanel } from '../market/panel.ts';
import { type BookState, PortfolioBook, SESSIONS_PER_YEAR } from '../portfolio/book.ts';
import type { Costs } from '../portfolio/costs.ts';
import { groupIndex, type RiskContext } from '../risk/context.ts';
import type { Limits } from '../risk/limits.ts';
import { RiskProjector } from '../risk/projection.ts';

/** What every loop over a market runs on. */
export interface MarketData {
  panel: MarketPanel;
  /** null: no hub or liquidity caps (no graph). */
  groups: RiskGroupsHistory | null;
  limits: Limits;
  costs: Costs;
}

interface PanelFacts {
  groups: Int32Array;
  groupNames: string[];
  none: RiskGroups;
  /** Risk groups by session, filled on first use. */
  risk: WeakMap<RiskGroupsHistory, GroupsTable>;
}

const facts = new WeakMap<MarketPanel, PanelFacts>();

function factsOf(panel: MarketPanel): PanelFacts {
  const known = facts.get(panel);
  if (known) return known;
  const none = new Uint8Array(panel.symbols.length);
  const made: PanelFacts = { ...groupIndex(panel.groups), none: { hubs: none, illiquid: none }, risk: new WeakMap() };
  facts.set(panel, made);
  return made;
}

type GroupsTable = (RiskGroups | undefined)[];

function groupsTableOf(panel: MarketPanel, history: RiskGroupsHistory): GroupsTable {
  const { risk } = factsOf(panel);
  const table = risk.get(history) ?? new Array<RiskGroups | undefined>(panel.dates.length).fill(undefined);
  risk.set(history, table);
  return table;
}

/** Risk groups at session t; without a graph nobody is in one. */
class GroupsBySession {
  readonly #dates: readonly string[];
  readonly #history: RiskGroupsHistory | null;
  readonly #table: GroupsTable;
  readonly #none: RiskGroups;

  constructor({ panel, groups }: MarketData) {
    this.#dates = panel.dates;
    this.#history = groups;
    this.#table = groups ? groupsTableOf(panel, groups) : [];
    this.#none = factsOf(panel).none;
  }

  at(t: number): RiskGroups {
    if (this.#history === null) return this.#none;
    const known = this.#table[t] ?? riskGroupsAt(this.#history, this.#dates[t]);
    this.#table[t] = known;
    return known;
  }
}

/**
 * The risk context at the close of `t`, after the fill: the same for training, backtest and the daily decision.
 * @param usable [A] 1 where the policy may trade at `t`: a bar, and all features known. Everything else is frozen.
 */
export function riskContextAt(data: MarketData, t: number, book: PortfolioBook, usable: Uint8Array): RiskContext {
  const { groups, groupNames } = factsOf(data.panel);
  const { hubs, illiquid, overlapping } = new GroupsBySession(data).at(t);
  return {
    limits: data.limits,
    groups,
    groupNames,
    hubs,
    illiquid,
    overlapping,
    drifted: book.held,
    frozen: usable.map((yes) => 1 - yes),
    drawdown: book.drawdown(data.limits),
    symbols: data.panel.symbols,
  };
}

/** State of a loop between two sessions. */
export interface LoopState {
  t: number;
  book: BookState;
  pending: Float64Array;
  hasPending: boolean;
}

/**
 * The one loop of the product: decide at close t, fill at close t + 1. The environment and the backtest both step this object,
 * so that they cannot differ by a bit.
 */
export class PortfolioLoop {
  readonly data: MarketData;
  readonly book: PortfolioBook;
  readonly context: RiskContext;
  /** The projected target that waits for the next close. */
  readonly pending: Float64Array;
  /** [A] what was held at the last close before its fill, after drift and exits. */
  readonly drifted: Float64Array;
  /** Session of the last close that was processed. */
  t = 0;
  /** Of the last fill. */
  turnover = 0;
  cost = 0;
  exposureScale = 1;
  readonly projector: RiskProjector;
  readonly #groups: GroupsBySession;
  #hasPending = false;

  constructor(data: MarketData) {
    const { panel, limits } = data;
    const { groups, groupNames, none } = factsOf(panel);
    const assets = panel.symbols.length;
    this.data = data;
    this.#groups = new GroupsBySession(data);
    this.book = PortfolioBook.start(assets);
    this.pending = new Float64Array(assets);
    this.drifted = new Float64Array(assets);
    this.projector = new RiskProjector(groups, groupNames, limits);
    const frozen = new Uint8Array(assets);
    this.context = {
      limits,
      groups,
      groupNames,
      ...none,
      drifted: this.book.held,
      frozen,
      drawdown: 0,
      symbols: panel.symbols,
    };
  }

  /** All cash at the close of `t`, nothing pending. */
  start(t: number): void {
    this.book.clear();
    this.t = t;
    this.turnover = 0;
    this.cost = 0;
    this.#hasPending = false;
  }

  /** Take `target` as decided at the close of `t`; projected onto the limits unless `project` is false. */
  choose(target: ArrayLike<number>, usable: Uint8Array, project = true): void {
    const { context, data } = this;
    const { frozen } = context;
    const { hubs, illiquid, overlapping } = this.#groups.at(this.t);
    context.hubs = hubs;
    context.illiquid = illiquid;
    context.overlapping = overlapping;
    context.drawdown = this.book.drawdown(data.limits);
    for (let a = 0; a < usable.length; a += 1) frozen[a] = 1 - usable[a];
    if (project) this.exposureScale = this.projector.project(target, context, this.pending);
    else this.pending.set(target);
    this.#hasPending = true;
  }

  /**
   * To the close of the next session: earn, drift, exits, then fill what is pending.
   * @param inUnits the pending target was sent as units, so it drifts with the market until it is filled.
   */
  advance(inUnits = false): void {
    const { panel, costs } = this.data;
    this.t += 1;
    if (inUnits && this.#hasPending) this.#driftPending();
    this.book.markTo(panel, this.t, costs);
    this.drifted.set(this.book.held);
    this.turnover = 0;
    this.cost = 0;
    const fill = this.book.fill(panel, this.t, this.#hasPending ? this.pending : this.book.held, costs);
    this.turnover = fill.turnover;
    this.cost = fill.cost;
    this.#hasPending = false;
  }

  #driftPending(): void {
    const { panel, costs } = this.data;
    const { pending } = this;
    const row = this.t * pending.length;
    let invested = 0;
    let gain = 0;
    for (let a = 0; a < pending.length; a += 1) {
      invested += pending[a];
      gain += pending[a] * panel.returns[row + a];
    }
    const growth = 1 + gain + (1 - invested) * (costs.cashRateAnnual / SESSIONS_PER_YEAR);
    for (let a = 0; a < pending.length; a += 1) pending[a] = (pending[a] * (1 + panel.returns[row + a])) / growth;
  }

  state(): LoopState {
    return {
      t: this.t,
      book: this.book.state(),
      pending: Float64Array.from(this.pending),
      hasPending: this.#hasPending,
    };
  }

  restore(state: LoopState): void {
    this.t = state.t;
    this.book.assign(state.book);
    this.pending.set(state.pending);
    this.#hasPending = state.hasPending;
  }
}
