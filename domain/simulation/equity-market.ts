import { ProductError } from '../errors.ts';
import type { BarTable, CorporateAction } from '../market/bar.ts';
import { barOrder, selectBars } from '../market/bar.ts';
import type { Instrument, LifeEvent } from '../market/instrument.ts';
import type { PointInTimeTable } from '../market/point-in-time.ts';
import { drawMacro } from './equity-macro.ts';
import { drawReports } from './equity-reports.ts';
import { drawReturns } from './equity-returns.ts';
import { type Company, type CompanyPaths, drawStructure, SECTORS, type Structure } from './equity-structure.ts';
import { sessionsFrom } from './known-optimum.ts';
import { createRandom, type Random } from './random.ts';

export interface EquityMarketOptions {
  seed: number;
  /** Companies and funds together. */
  assets: number;
  sessions: number;
  /** First session, of calendar XNYS. */
  start: string;
}

export interface EquityMarket {
  /** Prices as traded, dividends and splits beside them. */
  bars: BarTable;
  instruments: Instrument[];
  /** Quarterly figures with the session on which they became known. */
  fundamentals: PointInTimeTable;
  /** The economy around it: `DFF`, `DGS10`, `CPIAUCSL`, `UNRATE`, each with the day of its release. */
  macro: PointInTimeTable;
  /** Supplier sells to customer. */
  supplyChain: { supplier: string; customer: string }[];
  actions: CorporateAction[];
  sessions: string[];
  /** [T] hidden volatility regime: 0 calm, 1 nervous, 2 crisis. For tests and for calibration, never a feature. */
  regimes: Uint8Array;
}

/**
 * A simulated equity market: companies in sectors, exchange-traded funds made of them, suppliers and customers, quarterly reports that are published
 * late and sometimes restated, splits, dividends, late listings, acquisitions and failures, volume that moves with volatility. The same
 * options give the same bytes.
 */
export function simulateEquityMarket(options: EquityMarketOptions): EquityMarket {
  if (!(options.assets >= 2 && options.sessions >= 2)) {
    throw new ProductError('SIMULATION_SETTINGS', 'A simulated market needs at least 2 assets and 2 sessions', {
      facts: { ...options },
    });
  }
  const random = createRandom(options.seed);
  const dates = sessionsFrom(options.start, options.sessions);
  const structure = drawStructure(random.fork(1), options.assets, options.sessions);
  const { returns, sigma, regime } = drawReturns(random.fork(2), structure, options.sessions);
  const tape = new Tape(dates);
  const closes = drawCompanies(random.fork(3), structure, returns, sigma, tape);
  drawFunds(random.fork(4), structure, returns, closes, tape);
  const instruments = instrumentsOf(structure, closes, tape);
  return {
    ...tape.finish(),
    instruments,
    fundamentals: drawReports(random.fork(5), structure.companies, closes, dates),
    macro: drawMacro(random.fork(6), dates),
    supplyChain: structure.companies.flatMap((supplier) =>
      supplier.customers.map((customer) => ({
        supplier: supplier.symbol,
        customer: structure.companies[customer].symbol,
      })),
    ),
    sessions: dates,
    regimes: regime,
  };
}

const round = (price: number): number => Math.round(price * 10_000) / 10_000;

/** Collects bars in any order and puts them in the table's order. */
class Tape {
  readonly dates: string[];
  readonly actions: CorporateAction[] = [];
  readonly #symbol: string[] = [];
  readonly #date: string[] = [];
  readonly #columns: number[][] = [[], [], [], [], [], [], []];
  readonly lifespan = new Map<string, { firstDate: string; lastDate: string }>();

  constructor(dates: string[]) {
    this.dates = dates;
  }

  add(
    t: number,
    symbol: string,
    bar: { open: number; high: number; low: number; close: number; volume: number; dividend: number; split: number },
  ): void {
    const date = this.dates[t];
    this.#symbol.push(symbol);
    this.#date.push(date);
    [bar.open, bar.high, bar.low, bar.close, bar.volume, bar.dividend, bar.split].forEach((value, c) => {
      this.#columns[c].push(value);
    });
    if (bar.dividend !== 0 || bar.split !== 1)
      this.actions.push({ symbol, date, dividend: bar.dividend, split: bar.split });
    const span = this.lifespan.get(symbol);
    if (span) span.lastDate = date;
    else this.lifespan.set(symbol, { firstDate: date, lastDate: date });
  }

  finish(): { bars: BarTable; actions: CorporateAction[] } {
    const [open, high, low, close, volume, dividend, split] = this.#columns.map((column) => Float64Array.from(column));
    const table: BarTable = { symbol: this.#symbol, date: this.#date, open, high, low, close, volume, dividend, split };
    return { bars: selectBars(table, barOrder(table.symbol, table.date)), actions: this.actions };
  }
}

const SPLIT_ABOVE = 180;
const REVERSE_BELOW = 2;
const DIVIDEND_EVERY = 63;

function drawCompanies(
  random: Random,
  { companies }: Structure,
  returns: Float64Array,
  sigma: Float64Array,
  tape: Tape,
): CompanyPaths {
  const [T, N] = [tape.dates.length, companies.length];
  const paths: CompanyPaths = {
    close: new Float64Array(T * N).fill(Number.NaN),
    shares: new Float64Array(T * N).fill(Number.NaN),
  };
  companies.forEach((company, i) => {
    let { price, shares } = company;
    const turnover = 0.004 * Math.exp(0.4 * random.normal());
    const payday = random.integer(DIVIDEND_EVERY);
    for (let t = company.from; t < (company.until ?? T); t++) {
      const at = t * N + i;
      const first = t === company.from;
      const split = first ? 1 : splitOf(price);
      const move = first ? 0 : returns[at];
      const dividend =
        !first && t % DIVIDEND_EVERY === payday ? round((company.dividendYield / 4) * (price / split)) : 0;
      const open = round((price / split) * (1 + 0.3 * move) - dividend);
      // Total return is exactly `move` before the close is rounded: (P + D) S / P_before - 1.
      const close = Math.max(0.01, round((price * (1 + move)) / split - dividend));
      shares = Math.round(shares * split);
      const spread = sigma[at] * Math.abs(random.normal()) * 0.5;
      const volume = Math.round(
        shares * turnover * Math.exp(0.35 * random.normal()) * (0.6 + Math.abs(move) / sigma[at] / 2),
      );
      const [high, low] = [round(Math.max(open, close) * (1 + spread)), round(Math.min(open, close) / (1 + spread))];
      tape.add(t, company.symbol, {
        open: Math.max(0.01, open),
        high: Math.max(high, 0.01),
        low: Math.max(0.01, low),
        close,
        volume,
        dividend,
        split,
      });
      price = close;
      paths.close[at] = close;
      paths.shares[at] = shares;
    }
  });
  return paths;
}

function splitOf(price: number): number {
  if (price > SPLIT_ABOVE) return price > 2 * SPLIT_ABOVE ? 4 : 2;
  return price < REVERSE_BELOW ? 0.1 : 1;
}

const FUND_FEE = 0.002 / 252;
const FUND_YIELD = 0.016;

/** Capitalisation-weighted funds: the market and each sector. Weights of t - 1 earn the returns of t. */
function drawFunds(random: Random, structure: Structure, returns: Float64Array, paths: CompanyPaths, tape: Tape): void {
  const { companies, marketFund, sectorFunds } = structure;
  const [T, N] = [tape.dates.length, companies.length];
  const funds: { symbol: string; sector: number | null }[] = [
    ...(marketFund ? [{ symbol: marketFund, sector: null }] : []),
    ...sectorFunds.flatMap((symbol, sector) => (symbol ? [{ symbol, sector }] : [])),
  ];
  for (const { symbol, sector } of funds) {
    let price = 50;
    const payday = random.integer(DIVIDEND_EVERY);
    const capital = 2e7 * (sector === null ? 10 : 1);
    for (let t = 0; t < T; t++) {
      const move = t === 0 ? 0 : fundReturn(companies, sector, t, N, returns, paths) - FUND_FEE;
      const split = t === 0 ? 1 : splitOf(price);
      const dividend = t > 0 && t % DIVIDEND_EVERY === payday ? round((FUND_YIELD / 4) * (price / split)) : 0;
      const open = round((price / split) * (1 + 0.3 * move) - dividend);
      const close = round((price * (1 + move)) / split - dividend);
      const volume = Math.round((capital / close) * Math.exp(0.25 * random.normal()) * (1 + 30 * Math.abs(move)));
      const spread = 0.002 * Math.abs(random.normal());
      tape.add(t, symbol, {
        open,
        high: round(Math.max(open, close) * (1 + spread)),
        low: round(Math.min(open, close) / (1 + spread)),
        close,
        volume,
        dividend,
        split,
      });
      price = close;
    }
  }
}

function fundReturn(
  companies: readonly Company[],
  sector: number | null,
  t: number,
  N: number,
  returns: Float64Array,
  paths: CompanyPaths,
): number {
  let [total, weighted] = [0, 0];
  for (let i = 0; i < N; i++) {
    if (sector !== null && companies[i].sector !== sector) continue;
    const before = (t - 1) * N + i;
    const capital = paths.close[before] * paths.shares[before];
    if (Number.isNaN(capital) || Number.isNaN(paths.close[t * N + i])) continue;
    total += capital;
    weighted += capital * returns[t * N + i];
  }
  return total > 0 ? weighted / total : 0;
}

function instrumentsOf(structure: Structure, paths: CompanyPaths, tape: Tape): Instrument[] {
  const { companies, marketFund, sectorFunds } = structure;
  const suppliers = companies.map((_, i) =>
    companies.filter((other) => other.customers.includes(i)).map(({ symbol }) => symbol),
  );
  const stocks = companies.map((company, i): Instrument => {
    const sector = SECTORS[company.sector].name;
    const etfs = [marketFund, sectorFunds[company.sector]].filter((symbol) => symbol !== null);
    return {
      symbol: company.symbol,
      name: company.name,
      kind: 'equity',
      group: sector,
      ...tape.lifespan.get(company.symbol)!,
      events: endingOf(company, i, companies, paths, tape.dates),
      reference: { sector, industry: company.industry, region: 'simulated', etfs, suppliers: suppliers[i] },
    };
  });
  const fund = (symbol: string, group: string, name: string): Instrument => ({
    symbol,
    name,
    kind: 'etf',
    group,
    ...tape.lifespan.get(symbol)!,
    events: [],
    reference: { sector: group, region: 'simulated' },
  });
  const funds = [
    ...(marketFund ? [fund(marketFund, 'broad-market', 'Simulated market fund')] : []),
    ...sectorFunds.flatMap((symbol, s) =>
      symbol ? [fund(symbol, SECTORS[s].name, `Simulated ${SECTORS[s].name} fund`)] : [],
    ),
  ];
  return [...stocks, ...funds].sort((a, b) => (a.symbol < b.symbol ? -1 : 1));
}

/** Value paid to holders at the end: cash near the last price, shares of the acquirer, or a fraction of the last price. */
const RECOVERY = 0.1;
const DEAL_PREMIUM = 1.01;

function endingOf(
  company: Company,
  index: number,
  companies: readonly Company[],
  paths: CompanyPaths,
  dates: readonly string[],
): LifeEvent[] {
  if (company.until === null || company.ending === null) return [];
  const N = companies.length;
  const last = paths.close[(company.until - 1) * N + index];
  const date = dates[company.until];
  if (company.ending === 'acquiredForShares' && company.acquirer !== null) {
    const acquirer = paths.close[(company.until - 1) * N + company.acquirer];
    const ratio = (DEAL_PREMIUM * last * splitOf(acquirer)) / acquirer; // in units after a split on that day
    return [{ date, kind: 'merger', successor: companies[company.acquirer].symbol, value: ratio }];
  }
  const value = company.ending === 'failed' ? RECOVERY * last : DEAL_PREMIUM * last;
  return [{ date, kind: 'delisting', successor: null, value }];
}
