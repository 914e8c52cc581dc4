import { type PointInTimeTable, pointInTimeTable } from '../market/point-in-time.ts';
import type { Company, CompanyPaths } from './equity-structure.ts';
import type { Random } from './random.ts';

const QUARTER = 63;
const [LAG_MIN, LAG_SPREAD] = [15, 25];
const RESTATED_SHARE = 0.04;
const RESTATEMENT_LAG = 63;

type Figures = Partial<
  Record<'revenue' | 'netIncome' | 'operatingCashFlow' | 'totalAssets' | 'equity' | 'sharesOutstanding', number>
>;

interface Publication {
  symbol: string;
  eventDate: string;
  /** Session at whose close the figures were known. */
  known: number;
  figures: Figures;
}

/**
 * Reports: book equity grows with retained earnings; earnings follow each company's profitability and, with noise, what its price has done.
 * Published 15 to 39 sessions after the quarter, whose last session is the event date; the net income of 4 % is restated a quarter later. In whole units.
 */
export function drawReports(
  random: Random,
  companies: readonly Company[],
  paths: CompanyPaths,
  dates: readonly string[],
): PointInTimeTable {
  const [T, N] = [dates.length, companies.length];
  const published: Publication[] = [];
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
        sharesOutstanding: paths.shares[now],
      };
      const known = end + LAG_MIN + random.integer(LAG_SPREAD);
      const first = { symbol: company.symbol, eventDate: dates[end], known, figures };
      if (known < T) published.push(first);
      const restated = random.uniform() < RESTATED_SHARE;
      const change = 1 + 0.1 * random.normal();
      if (restated && known + RESTATEMENT_LAG < T) {
        published.push({ ...first, known: known + RESTATEMENT_LAG, figures: { netIncome: netIncome * change } });
      }
    }
  });
  return tableOf(published, dates);
}

function tableOf(published: readonly Publication[], dates: readonly string[]): PointInTimeTable {
  const rows = published.flatMap(({ symbol, eventDate, known, figures }) =>
    Object.entries(figures).map(([series, value]) => ({ series, symbol, eventDate, knownDate: dates[known], value })),
  );
  return pointInTimeTable({
    series: rows.map(({ series }) => series),
    symbol: rows.map(({ symbol }) => symbol),
    eventDate: rows.map(({ eventDate }) => eventDate),
    knownDate: rows.map(({ knownDate }) => knownDate),
    value: Float64Array.from(rows, ({ value }) => Math.round(value)),
  });
}
