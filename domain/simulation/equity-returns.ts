import type { Structure } from './equity-structure.ts';
import type { Random } from './random.ts';

export interface SimulatedReturns {
  /** [T, N] total returns; meaningless outside a company's life. */
  returns: Float64Array;
  /** [T, N] conditional standard deviation of the return. */
  sigma: Float64Array;
  /** [T] 0 calm, 1 nervous, 2 crisis. */
  regime: Uint8Array;
}

interface Regime {
  /** Daily drift and volatility of the market factor. */
  drift: number;
  volatility: number;
  /** Expected sessions in it. */
  duration: number;
  /** Where it goes: probabilities of the three regimes. */
  next: readonly [number, number, number];
}

/** Drawn to look like broad equity indices: 10 %, 17 % and 40 % a year. */
const REGIMES: readonly Regime[] = [
  { drift: 0.0005, volatility: 0.0063, duration: 160, next: [0, 0.9, 0.1] },
  { drift: 0.0001, volatility: 0.0107, duration: 90, next: [0.75, 0, 0.25] },
  { drift: -0.0014, volatility: 0.025, duration: 45, next: [0.3, 0.7, 0] },
];
/** GARCH(1,1) around the regime's level: h = (1 - a - b) + a z^2 + b h, so that h has mean 1 (Bollerslev 1986). */
const [GARCH_A, GARCH_B] = [0.06, 0.91];
const SECTOR_VOLATILITY = 0.006;
/** A supplier's return follows its customers' surprise of the session before (Cohen and Frazzini 2008). */
const SUPPLY_SPILLOVER = 0.12;
/** Yearly premium of one standard deviation of book to price. */
const VALUE_PREMIUM = 0.015;
/** Loss in the last sessions of a company that fails, and premium that an acquirer pays. */
const FAILURE_SESSIONS = 60;
const FAILURE_DRIFT = -0.03;
const ACQUISITION_NOTICE = 40;

/**
 * Market factor with three volatility regimes, sector factors and idiosyncratic shocks, each with its own GARCH(1,1), heavy-tailed
 * shocks, a small value premium and a lead of customers over suppliers. All of it seeded.
 */
export function drawReturns(random: Random, structure: Structure, sessions: number): SimulatedReturns {
  const { companies, sectors } = structure;
  const n = companies.length;
  const returns = new Float64Array(sessions * n);
  const sigma = new Float64Array(sessions * n);
  const regime = new Uint8Array(sessions);
  const meanBook = companies.reduce((sum, company) => sum + Math.log(company.bookToPrice), 0) / Math.max(1, n);
  const value = companies.map((company) => (VALUE_PREMIUM * (Math.log(company.bookToPrice) - meanBook)) / 0.5 / 252);
  const market = new Garch();
  const sector = Array.from({ length: sectors }, () => new Garch());
  const own = companies.map(() => new Garch());
  const surprise = new Float64Array(n);
  const before = new Float64Array(n);
  const sectorMove = new Float64Array(sectors);
  let state = 0;
  for (let t = 0; t < sessions; t++) {
    if (t > 0 && random.uniform() < 1 / REGIMES[state].duration) state = pick(random.uniform(), REGIMES[state].next);
    regime[t] = state;
    const { drift, volatility } = REGIMES[state];
    const stress = volatility / REGIMES[0].volatility;
    const marketSigma = volatility * market.level();
    const marketMove = drift + marketSigma * market.shock(heavyTailed(random));
    for (let s = 0; s < sectors; s++) {
      sectorMove[s] = SECTOR_VOLATILITY * Math.sqrt(stress) * sector[s].level() * sector[s].shock(heavyTailed(random));
    }
    before.set(surprise);
    for (let i = 0; i < n; i++) {
      const company = companies[i];
      const ownSigma = company.volatility * stress ** 0.4 * own[i].level();
      surprise[i] = ownSigma * own[i].shock(heavyTailed(random));
      let spill = 0;
      for (const customer of company.customers) spill += before[customer] / company.customers.length;
      const end = endEffect(company.until, company.ending, t);
      const shock = end.quiet
        ? 0.25 * surprise[i]
        : company.beta * marketMove + sectorMove[company.sector] + surprise[i];
      const move = value[i] + SUPPLY_SPILLOVER * spill + shock + end.drift;
      const total = Math.hypot(company.beta * marketSigma, SECTOR_VOLATILITY, ownSigma);
      sigma[t * n + i] = total;
      // Moves are log returns; half the variance less, so that the drifts above are those of simple returns.
      returns[t * n + i] = Math.expm1(Math.max(-0.7, Math.min(0.7, move - total ** 2 / 2)));
    }
  }
  return { returns, sigma, regime };
}

/** A failing company falls for its last weeks; one that is to be acquired jumps at the notice and then hardly moves. */
function endEffect(until: number | null, ending: string | null, t: number): { drift: number; quiet: boolean } {
  if (until === null || ending === null) return { drift: 0, quiet: false };
  if (ending === 'failed') return { drift: t >= until - FAILURE_SESSIONS ? FAILURE_DRIFT : 0, quiet: false };
  const notice = until - ACQUISITION_NOTICE;
  if (t < notice) return { drift: 0, quiet: false };
  if (t === notice) return { drift: 0.25, quiet: false };
  return { drift: 0, quiet: ending === 'acquiredForCash' };
}

class Garch {
  #h = 1;

  /** Standard deviation relative to its long-run level. */
  level(): number {
    return Math.sqrt(this.#h);
  }

  /** Feeds the shock to the next level and returns it. */
  shock(z: number): number {
    this.#h = 1 - GARCH_A - GARCH_B + GARCH_A * this.#h * z * z + GARCH_B * this.#h;
    this.#h = Math.min(this.#h, 9);
    return z;
  }
}

/** Unit variance, kurtosis above 3: a normal whose scale is large one time in ten. */
function heavyTailed(random: Random): number {
  const scale = random.uniform() < 0.1 ? 2 : 1;
  return (scale * random.normal()) / Math.sqrt(0.9 + 0.1 * 4);
}

function pick(u: number, probabilities: readonly [number, number, number]): number {
  if (u < probabilities[0]) return 0;
  return u < probabilities[0] + probabilities[1] ? 1 : 2;
}
