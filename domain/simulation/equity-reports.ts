import type { Company, CompanyPaths } from './equity-structure.ts';
import type { Random } from './random.ts';

/** Quarterly figures, one row a publication, sorted by the session on which it became known, then symbol. A later row for the same period restates it. */
export interface QuarterlyReports {
  symbol: string[];
  /** Last session of the quarter. */
  periodEnd: string[];
  /** First session at whose close the figures were known. */
  knownDate: string[];
  revenue: Float64Array;
  netIncome: Float64Array;
  operatingCashFlow: Float64Array;
  totalAssets: Float64Array;
  equity: Float64Array;
  /** Shares outstanding at the end of the period. */
  shares: Float64Array;
}

const QUARTER = 63;
const [LAG_MIN, LAG_SPREAD] = [15, 25];
const RESTATED_SHARE = 0.04;
const RESTATEMENT_LAG = 63;
const FIGURES = ['revenue', 'netIncome', 'operatingCashFlow', 'totalAssets', 'equity', 'shares'] as const;

interface Row {
  symbol: string;
  periodEnd: string;
  known: number;
  figures: Record<(typeof FIGURES)[number], number>;
}

/**
 * Reports: book equity grows with retained earnings; earnings follow each company's profitability and, with noise, what its price has done.
 * Published 15 to 39 sessions after the quarter; 4 % are restated a quarter later.
 */
export function drawReports(
  random: Random,
  companies: readonly Company[],
  paths: CompanyPaths,
  dates: readonly string[],
): QuarterlyReports {
  const [T, N] = [dates.length, companies.length];
  const rows: Row[] = [];
  companies.forEach((company, i) => {
    const start = company.from;
    let equity = paths.close[start * N + i] * paths.shares[start * N + i] * company.bookToPrice;
    const leverage = 1.5 + random.uniform();
    const margin = 0.05 + 0.1 * random.uniform();
    for (let end = start + QUARTER; end < (company.until ?? T); end += QUARTER) {
      const [now, before] = [end * N + i, (end - QUARTER) * N + i];
      const growth = Math.log((paths.close[now] * paths.shares[now]) / (paths.close[before] * paths.shares[before]));
      const netIncome = equity * (company.profitability / 4 + 0.05 * growth + 0.01 * random.normal());
      equity = Math.max(equity * 0.2, equity + netIncome - (equity * company.dividendYield) / 4);
      const figures = {
        revenue: (equity * Math.max(0.02, company.profitability / 4)) / margin,
        netIncome,
        operatingCashFlow: netIncome * 1.2 + equity * 0.005 * random.normal(),
        totalAssets: equity * leverage,
        equity,
        shares: paths.shares[now],
      };
      const known = end + LAG_MIN + random.integer(LAG_SPREAD);
      const row = { symbol: company.symbol, periodEnd: dates[end], known, figures };
      if (known < T) rows.push(row);
      const restated = random.uniform() < RESTATED_SHARE;
      const change = 1 + 0.1 * random.normal();
      if (restated && known + RESTATEMENT_LAG < T) {
        rows.push({ ...row, known: known + RESTATEMENT_LAG, figures: { ...figures, netIncome: netIncome * change } });
      }
    }
  });
  rows.sort(
    (a, b) =>
      a.known - b.known || (a.symbol < b.symbol ? -1 : a.symbol > b.symbol ? 1 : a.periodEnd < b.periodEnd ? -1 : 1),
  );
  const column = (name: (typeof FIGURES)[number]) => Float64Array.from(rows, (row) => Math.round(row.figures[name]));
  return {
    symbol: rows.map((row) => row.symbol),
    periodEnd: rows.map((row) => row.periodEnd),
    knownDate: rows.map((row) => dates[row.known]),
    revenue: column('revenue'),
    netIncome: column('netIncome'),
    operatingCashFlow: column('operatingCashFlow'),
    totalAssets: column('totalAssets'),
    equity: column('equity'),
    shares: column('shares'),
  };
}
