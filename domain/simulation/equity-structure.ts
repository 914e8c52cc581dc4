import type { Random } from './random.ts';

/** A simulated company before any price is drawn. */
export interface Company {
  symbol: string;
  name: string;
  sector: number;
  industry: string;
  beta: number;
  /** Daily idiosyncratic volatility in calm times. */
  volatility: number;
  /** Shares outstanding at the start. */
  shares: number;
  price: number;
  /** Cash dividend a year over price; 0: pays none. */
  dividendYield: number;
  /** Book value over price at the start. */
  bookToPrice: number;
  /** Expected return on book equity a year. */
  profitability: number;
  /** Indices of companies that it sells to. */
  customers: number[];
  /** Session indices: first session, and the first session after its life (null: lives on). */
  from: number;
  until: number | null;
  /** How its life ends. */
  ending: 'acquiredForCash' | 'acquiredForShares' | 'failed' | null;
  /** Index of the company that acquires it for shares. */
  acquirer: number | null;
}

/** [T, N] closes as traded and shares outstanding of the companies; NaN outside their lives. */
export interface CompanyPaths {
  close: Float64Array;
  shares: Float64Array;
}

export const SECTORS = [
  { code: 'TEC', name: 'technology' },
  { code: 'HLT', name: 'health-care' },
  { code: 'FIN', name: 'financials' },
  { code: 'IND', name: 'industrials' },
  { code: 'CON', name: 'consumer' },
  { code: 'ENE', name: 'energy' },
  { code: 'UTL', name: 'utilities' },
  { code: 'MAT', name: 'materials' },
] as const;
const SECTOR_BETA = [1.25, 0.8, 1.15, 1.05, 0.85, 1.1, 0.55, 1.0];
const INDUSTRIES_PER_SECTOR = 2;

export interface Structure {
  companies: Company[];
  sectors: number;
  /** ETF symbols: one for the market, one a sector; empty for a small universe. */
  marketFund: string | null;
  sectorFunds: (string | null)[];
}

const LATE_LISTING_SHARE = 0.15;
const ENDING_SHARE_A_YEAR = 0.012;
/** No company ends within its first two years, so that each has a usable history. */
const MINIMUM_LIFE = 504;

/** Sectors, companies, funds, who supplies whom, who joins late and who leaves: drawn once, before prices. */
export function drawStructure(random: Random, assets: number, sessions: number): Structure {
  const sectors = Math.max(1, Math.min(SECTORS.length, Math.floor(assets / 5)));
  const funds = assets >= 10 ? sectors + 1 : 0;
  const count = assets - funds;
  const perSector = new Array<number>(sectors).fill(0);
  const companies = Array.from({ length: count }, (_, i): Company => {
    const sector = i % sectors;
    perSector[sector]++;
    const { code, name } = SECTORS[sector];
    const late = random.uniform() < LATE_LISTING_SHARE && sessions > 3 * MINIMUM_LIFE;
    return {
      symbol: `${code}${String(perSector[sector]).padStart(2, '0')}`,
      name: `Simulated ${name} company ${perSector[sector]}`,
      sector,
      industry: `${name}-${(perSector[sector] % INDUSTRIES_PER_SECTOR) + 1}`,
      beta: SECTOR_BETA[sector] * Math.exp(0.15 * random.normal()),
      volatility: 0.011 * Math.exp(0.3 * random.normal()),
      shares: Math.round(1e6 * Math.exp(4.5 + random.normal())),
      price: Math.exp(3.7 + 0.5 * random.normal()),
      dividendYield: random.uniform() < 0.6 ? 0.01 + 0.03 * random.uniform() : 0,
      bookToPrice: Math.exp(-0.8 + 0.5 * random.normal()),
      profitability: 0.1 + 0.05 * random.normal(),
      customers: [],
      from: late ? MINIMUM_LIFE + random.integer(sessions - 2 * MINIMUM_LIFE) : 0,
      until: null,
      ending: null,
      acquirer: null,
    };
  });
  drawSupplyChain(random, companies);
  drawEndings(random, companies, sessions);
  return {
    companies,
    sectors,
    marketFund: funds > 0 ? 'XMKT' : null,
    sectorFunds: SECTORS.slice(0, sectors).map(({ code }) => (funds > 0 ? `X${code}` : null)),
  };
}

/** Two thirds of the companies sell to one or two others, mostly outside their sector. */
function drawSupplyChain(random: Random, companies: Company[]): void {
  companies.forEach((company, i) => {
    if (companies.length < 3 || random.uniform() > 2 / 3) return;
    const wanted = 1 + random.integer(2);
    for (let k = 0; k < wanted; k++) {
      const customer = random.integer(companies.length);
      if (customer !== i && !company.customers.includes(customer)) company.customers.push(customer);
    }
  });
}

function drawEndings(random: Random, companies: Company[], sessions: number): void {
  const perSession = ENDING_SHARE_A_YEAR / 252;
  for (const company of companies) {
    const until = company.from + MINIMUM_LIFE + Math.floor(-Math.log(1 - random.uniform()) / perSession);
    const kind = random.uniform();
    if (until >= sessions - 1) continue;
    company.until = until;
    company.ending = kind < 0.4 ? 'acquiredForCash' : kind < 0.7 ? 'acquiredForShares' : 'failed';
  }
  companies.forEach((company, i) => {
    const acquirer = random.integer(companies.length);
    if (company.until === null || company.ending !== 'acquiredForShares') return;
    // The acquirer must have a price on both sides of the exchange.
    const { from, until } = companies[acquirer];
    const alive = acquirer !== i && from < company.until - 1 && (until === null || until > company.until + 1);
    if (alive) company.acquirer = acquirer;
    else company.ending = 'acquiredForCash';
  });
}
