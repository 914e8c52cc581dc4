import { ProductError } from '../errors.ts';
import type { MarketPanel, PanelExit } from '../market/panel.ts';
import type { Costs } from './costs.ts';
import { oneWayTurnover, TradeCost } from './trade-cost.ts';

/** All that a book remembers. `cash` and `held` are fractions of NAV. */
export interface BookState {
  nav: number;
  highWaterMark: number;
  daysSinceHigh: number;
  held: Float64Array;
  cash: number;
}

export interface Fill {
  /** One-way, cash included, against the drifted weights. */
  turnover: number;
  /** Fraction of NAV. */
  cost: number;
}

/** Interest on cash is simple, act/252. */
export const SESSIONS_PER_YEAR = 252;

/** What holding costs, apart from trading. */
export type CarryCosts = Pick<
  Costs,
  'cashRateAnnual' | 'financingSpreadAnnual' | 'borrowRateAnnual' | 'borrowRateOverrides'
>;
const NO_CARRY: CarryCosts = { cashRateAnnual: 0 };

/** What a unit of cash earns in one session, or costs where it is owed. */
export const cashRate = (cash: number, { cashRateAnnual, financingSpreadAnnual = 0 }: CarryCosts): number =>
  (cash < 0 ? cashRateAnnual + financingSpreadAnnual : cashRateAnnual) / SESSIONS_PER_YEAR;

/** Fee of one session on a unit of value sold short. */
export const borrowRate = (symbol: string, { borrowRateAnnual = 0, borrowRateOverrides }: CarryCosts): number =>
  (borrowRateOverrides?.[symbol] ?? borrowRateAnnual) / SESSIONS_PER_YEAR;

type ExitTable = readonly (readonly PanelExit[] | undefined)[];
const exitTables = new WeakMap<MarketPanel, ExitTable>();

/** Exits by session. */
function exitTableOf(panel: MarketPanel): ExitTable {
  const known = exitTables.get(panel);
  if (known) return known;
  const table: (PanelExit[] | undefined)[] = new Array(panel.dates.length).fill(undefined);
  for (const exit of panel.exits) table[exit.t] = [...(table[exit.t] ?? []), exit];
  exitTables.set(panel, table);
  return table;
}

/**
 * The one accounting loop. Every session: `markTo` earns the interval that ends there, lets weights drift and moves what has
 * left the market; `fill` trades to the pending target and pays; `drawdown` is then read, and the next target decided.
 *
 * Money: over (t-1, t] NAV *= 1 + sum h_i r_i + cash x rate - borrow fees. Cash that is owed (a book with leverage) pays the financing spread on
 * top of the rate; what is sold short pays the borrow fee, and its proceeds are cash. A fill costs a fraction c of NAV, paid by the whole book: tradable
 * assets end at their target weight of the new NAV, assets that cannot be traded keep their units, cash is the rest.
 */
export class PortfolioBook implements BookState {
  nav: number;
  highWaterMark: number;
  daysSinceHigh: number;
  readonly held: Float64Array;
  cash: number;
  /** True once all is lost: from then on the book is empty, worth nothing, and trades no more. */
  bankrupt = false;
  #cost: TradeCost | null = null;
  /** Exits of the panel that was asked for last. */
  #exits: { panel: MarketPanel; table: ExitTable } | null = null;
  readonly #next: Float64Array;

  constructor(state: BookState) {
    this.nav = state.nav;
    this.bankrupt = state.nav === 0;
    this.highWaterMark = state.highWaterMark;
    this.daysSinceHigh = state.daysSinceHigh;
    this.held = Float64Array.from(state.held);
    this.cash = state.cash;
    this.#next = new Float64Array(state.held.length);
  }

  /** All cash, NAV 1. */
  static start(assets: number): PortfolioBook {
    return new PortfolioBook({ nav: 1, highWaterMark: 1, daysSinceHigh: 0, held: new Float64Array(assets), cash: 1 });
  }

  static restore(state: BookState): PortfolioBook {
    return new PortfolioBook(state);
  }

  /** Back to all cash and NAV 1, without allocation. */
  clear(): void {
    this.nav = 1;
    this.highWaterMark = 1;
    this.daysSinceHigh = 0;
    this.held.fill(0);
    this.cash = 1;
    this.bankrupt = false;
  }

  /** Take over a state without allocation. */
  assign(state: BookState): void {
    this.nav = state.nav;
    this.highWaterMark = state.highWaterMark;
    this.daysSinceHigh = state.daysSinceHigh;
    this.held.set(state.held);
    this.cash = state.cash;
    this.bankrupt = state.nav === 0;
  }

  state(): BookState {
    const { nav, highWaterMark, daysSinceHigh, cash } = this;
    return { nav, highWaterMark, daysSinceHigh, cash, held: Float64Array.from(this.held) };
  }

  /** NAV at `t` over NAV after the fill at `t - 1`, for the weights held now: what `markTo(panel, t)` multiplies NAV with. */
  growth(panel: MarketPanel, t: number, costs: CarryCosts = NO_CARRY): number {
    const { held } = this;
    const row = t * held.length;
    const { returns } = panel;
    let gain = this.cash * cashRate(this.cash, costs) + this.#borrowFees(panel, costs);
    for (let a = 0; a < held.length; a += 1) gain += held[a] * returns[row + a];
    const exits = this.#exitsAt(panel, t);
    if (exits) for (const exit of exits) gain += held[exit.asset] * (1 + returns[row + exit.asset]) * exit.finalReturn;
    return 1 + gain;
  }

  /**
   * Earn (t-1, t], drift, and move the holdings of assets that leave at `t`: free of cost, into the successor or cash. A book that loses all is
   * bankrupt: one with leverage or short positions, or one whose every asset leaves worthless.
   * @throws BOOK_NOT_FINITE naming the asset and the session when a held asset has no finite return.
   */
  markTo(panel: MarketPanel, t: number, costs: CarryCosts = NO_CARRY): void {
    const { held } = this;
    const growth = this.growth(panel, t, costs);
    if (growth === 0 || (growth < 0 && this.#owes())) {
      this.#end();
      return;
    }
    const fees = this.#borrowFees(panel, costs);
    if (!(growth > 0) || growth === Number.POSITIVE_INFINITY) throw notFinite(panel, t, this, growth);
    const { returns } = panel;
    const row = t * held.length;
    for (let a = 0; a < held.length; a += 1) held[a] = (held[a] * (1 + returns[row + a])) / growth;
    this.cash = (this.cash * (1 + cashRate(this.cash, costs)) + fees) / growth;
    const exits = this.#exitsAt(panel, t);
    if (exits) {
      for (const exit of exits) {
        const value = held[exit.asset] * (1 + exit.finalReturn);
        held[exit.asset] = 0;
        if (exit.successor >= 0) held[exit.successor] += value;
        else this.cash += value;
      }
    }
    this.nav *= growth;
    this.daysSinceHigh += 1;
  }

  #exitsAt(panel: MarketPanel, t: number): readonly PanelExit[] | undefined {
    if (this.#exits === null || this.#exits.panel !== panel) this.#exits = { panel, table: exitTableOf(panel) };
    return this.#exits.table[t];
  }

  /** Of one session, as a fraction of NAV; never positive. */
  #borrowFees({ symbols }: MarketPanel, costs: CarryCosts): number {
    let fees = 0;
    if (!costs.borrowRateAnnual && costs.borrowRateOverrides === undefined) return fees;
    const { held } = this;
    for (let a = 0; a < held.length; a += 1) {
      if (held[a] < 0) fees += held[a] * borrowRate(symbols[a], costs);
    }
    return fees;
  }

  #owes(): boolean {
    return this.cash < 0 || this.held.some((weight) => weight < 0);
  }

  #end(): void {
    this.bankrupt = true;
    this.nav = 0;
    this.held.fill(0);
    this.cash = 1;
  }

  /**
   * Trade to `target` ([A], cash implied) at the close of `t`. Assets without a bar at `t` keep what is held. If that leaves too
   * little cash for the purchases (a sale that could not be made), all purchases shrink by one factor: no borrowing.
   */
  fill(panel: MarketPanel, t: number, target: Float64Array, costs: Costs): Fill {
    if (this.bankrupt) return { turnover: 0, cost: 0 };
    const { held } = this;
    const { tradable } = panel;
    const next = this.#next;
    const row = t * held.length;
    if (this.#cost === null || this.#cost.panel !== panel || this.#cost.costs !== costs)
      this.#cost = new TradeCost(panel, costs);
    let total = 0;
    let wanted = 0;
    for (let a = 0; a < held.length; a += 1) {
      const weight = tradable[row + a] === 1 ? target[a] : held[a];
      next[a] = weight;
      total += weight;
      wanted += target[a];
    }
    const excess = total - Math.max(1, wanted);
    if (excess > 1e-12) this.#buyLess(next, excess);
    return this.#settle(panel, t, next, this.#cost);
  }

  /** Shrinks the purchases in `next` by one factor, so that `excess` less is bought. */
  #buyLess(next: Float64Array, excess: number): void {
    const { held } = this;
    let bought = 0;
    for (let a = 0; a < held.length; a += 1) if (next[a] > held[a]) bought += next[a] - held[a];
    if (bought === 0) return;
    const keep = Math.max(0, 1 - excess / bought);
    for (let a = 0; a < held.length; a += 1) if (next[a] > held[a]) next[a] = held[a] + (next[a] - held[a]) * keep;
  }

  #settle(panel: MarketPanel, t: number, next: Float64Array, model: TradeCost): Fill {
    const { held } = this;
    const { tradable } = panel;
    const row = t * held.length;
    const turnover = oneWayTurnover(held, next);
    const cost = model.total(t, held, next);
    let invested = 0;
    for (let a = 0; a < held.length; a += 1) {
      const weight = tradable[row + a] === 1 ? next[a] : held[a] / (1 - cost);
      held[a] = weight;
      invested += weight;
    }
    const cash = 1 - invested;
    this.cash = cash < 0 && cash > -1e-12 ? 0 : cash;
    this.nav *= 1 - cost;
    if (this.nav >= this.highWaterMark) {
      this.highWaterMark = this.nav;
      this.daysSinceHigh = 0;
    }
    return { turnover, cost };
  }

  /**
   * 1 - NAV / high-water mark, after costs. The reset rule is applied here: once `resetAfterDays` sessions have passed without a
   * new high the mark restarts at the present NAV (drawdown 0, `daysSinceHigh` 0). It keeps the drawdown control from locking
   * the book out for ever near the floor; each reset opens a new budget, so the drawdown over all history may exceed one budget.
   * Asking twice at one session gives the same answer.
   */
  drawdown(limits: { drawdown: { resetAfterDays: number | null } }): number {
    if (this.bankrupt) return 1; // there is nothing left to start again from
    const { resetAfterDays } = limits.drawdown;
    if (resetAfterDays !== null && this.daysSinceHigh >= resetAfterDays) {
      this.highWaterMark = this.nav;
      this.daysSinceHigh = 0;
    }
    return Math.max(0, 1 - this.nav / this.highWaterMark);
  }
}

function notFinite(panel: MarketPanel, t: number, book: PortfolioBook, growth: number): ProductError {
  const row = t * panel.symbols.length;
  const asset = panel.symbols.findIndex((_, a) => !Number.isFinite(book.held[a] * panel.returns[row + a]));
  return new ProductError('BOOK_NOT_FINITE', 'The book cannot be valued', {
    facts: {
      date: panel.dates[t],
      asset: asset < 0 ? 'portfolio' : panel.symbols[asset],
      field: 'returns',
      growth: String(growth),
    },
    remedy: 'Check the bars of this asset on this day (drl data check).',
  });
}
