import type { Config } from '../../config/schema.ts';
import { normalCdf, normalQuantile } from '../../domain/metrics/normal-distribution.ts';

const SESSIONS_PER_YEAR = 252;
const EULER = 0.5772156649015329;

export interface SharpeArithmetic {
  years: number;
  minSharpe: number;
  /** Of an annual Sharpe ratio near 0 over so many years: 1 / sqrt(years) (Lo 2002). */
  standardError: number;
  /** Chance that a strategy with this true Sharpe shows at least `minSharpe`. */
  passes: { trueSharpe: number; chance: number }[];
  /** Annual Sharpe that a deflated Sharpe of `minDeflatedSharpe` asks for after `trials` independent trials, by length of the record. */
  needed: { years: number; sharpe: number }[];
  trials: number;
}

/** Expected largest of N standard normal draws (Bailey and Lopez de Prado 2014, eq. 7). */
const expectedMaximum = (trials: number): number =>
  trials < 2 ? 0 : (1 - EULER) * normalQuantile(1 - 1 / trials) + EULER * normalQuantile(1 - 1 / (trials * Math.E));

/** What a record of a few years can show, by arithmetic: normal returns, trials without skill. */
export function sharpeArithmetic(gates: Config['gates'], trials = 10): SharpeArithmetic {
  const { sharpeYears: years, minSharpe, minDeflatedSharpe } = gates.alpha;
  const standardError = 1 / Math.sqrt(years);
  const neededOver = (span: number): number => {
    const sessions = span * SESSIONS_PER_YEAR;
    return (
      ((expectedMaximum(trials) + normalQuantile(minDeflatedSharpe)) / Math.sqrt(sessions - 1)) *
      Math.sqrt(SESSIONS_PER_YEAR)
    );
  };
  return {
    years,
    minSharpe,
    standardError,
    passes: [0, 0.6, 1].map((trueSharpe) => ({
      trueSharpe,
      chance: 1 - normalCdf((minSharpe - trueSharpe) / standardError),
    })),
    needed: [years, 5, 10].map((span) => ({ years: span, sharpe: neededOver(span) })),
    trials,
  };
}
