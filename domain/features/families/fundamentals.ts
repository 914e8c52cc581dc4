import type { FeatureDefinition, FeatureFamily } from '../definition.ts';
import type { Column, MarketView } from '../market-view.ts';
import { marketValue, type ReportSeries, reported, STALE_REPORT_DAYS } from '../reports.ts';
import { ofTraded } from './liquidity.ts';

/** `value` of two columns where the asset has a bar and it is finite; NaN elsewhere. */
function combine(view: MarketView, x: Column, y: Column, value: (x: number, y: number) => number): Column {
  const column = view.column();
  const known = view.known(0);
  for (let i = 0; i < column.length; i++) {
    if (known[i] === 0) continue;
    const result = value(x[i], y[i]);
    if (Number.isFinite(result)) column[i] = result;
  }
  return column;
}

const ratio = (x: number, y: number): number => (y > 0 ? x / y : Number.NaN);
const less = (x: number, y: number): number => x - y;

/** Four quarters known at t, restated values in place of first ones: see reports.ts. */
const fundamental = (
  description: string,
  source: string,
  series: readonly ReportSeries[],
  compute: (view: MarketView) => Column,
): FeatureDefinition => ({
  description,
  lookbackDays: STALE_REPORT_DAYS,
  needs: ['fundamentals'],
  mayLapse: true,
  series,
  source,
  compute,
});

const toValue = (series: 'netIncome' | 'operatingCashFlow' | 'revenue') => (view: MarketView) =>
  combine(view, reported(view, series, 'trailing'), marketValue(view), ratio);

export const FUNDAMENTALS: FeatureFamily = {
  earningsYield: fundamental(
    'net income of the four latest quarters known / market value',
    'Basu (1977), Investment performance of common stocks in relation to their price-earnings ratios',
    ['netIncome', 'sharesOutstanding'],
    toValue('netIncome'),
  ),
  bookToPrice: fundamental(
    'equity of the latest quarter known / market value',
    'Rosenberg, Reid and Lanstein (1985), Persuasive evidence of market inefficiency; Fama and French (1992)',
    ['equity', 'sharesOutstanding'],
    (view) => combine(view, reported(view, 'equity', 'newest'), marketValue(view), ratio),
  ),
  salesToPrice: fundamental(
    'revenue of the four latest quarters known / market value',
    'Barbee, Mukherji and Raines (1996), Do sales-price and debt-equity explain stock returns?',
    ['revenue', 'sharesOutstanding'],
    toValue('revenue'),
  ),
  cashFlowYield: fundamental(
    'operating cash flow of the four latest quarters known / market value',
    'Lakonishok, Shleifer and Vishny (1994), Contrarian investment, extrapolation, and risk',
    ['operatingCashFlow', 'sharesOutstanding'],
    toValue('operatingCashFlow'),
  ),
  freeCashFlowYield: fundamental(
    'operating cash flow less capital expenditure, four latest quarters known / market value',
    'Lakonishok, Shleifer and Vishny (1994); after capital expenditure',
    ['operatingCashFlow', 'capex', 'sharesOutstanding'],
    (view) => {
      const free = combine(
        view,
        reported(view, 'operatingCashFlow', 'trailing'),
        reported(view, 'capex', 'trailing'),
        less,
      );
      return combine(view, free, marketValue(view), ratio);
    },
  ),
  returnOnEquity: fundamental(
    'net income of the four latest quarters known / equity of the latest; not known where equity is not positive',
    'Haugen and Baker (1996), Commonality in the determinants of expected stock returns',
    ['netIncome', 'equity'],
    (view) => combine(view, reported(view, 'netIncome', 'trailing'), reported(view, 'equity', 'newest'), ratio),
  ),
  accruals: fundamental(
    'net income less operating cash flow, four latest quarters known / total assets',
    'Sloan (1996), Do stock prices fully reflect information in accruals? From the cash flow statement: Hribar and Collins (2002)',
    ['netIncome', 'operatingCashFlow', 'totalAssets'],
    (view) => {
      const accrued = combine(
        view,
        reported(view, 'netIncome', 'trailing'),
        reported(view, 'operatingCashFlow', 'trailing'),
        less,
      );
      return combine(view, accrued, reported(view, 'totalAssets', 'newest'), ratio);
    },
  ),
  assetGrowth: fundamental(
    'log of total assets of the latest quarter known over those of the same quarter a year before',
    'Cooper, Gulen and Schill (2008), Asset growth and the cross-section of stock returns',
    ['totalAssets'],
    (view) =>
      combine(view, reported(view, 'totalAssets', 'newest'), reported(view, 'totalAssets', 'yearBefore'), (now, then) =>
        Math.log(ratio(now, then)),
      ),
  ),
  leverage: fundamental(
    'log of total assets / equity of the latest quarter known; not known where equity is not positive',
    'Bhandari (1988), Debt/equity ratio and expected common stock returns',
    ['totalAssets', 'equity'],
    (view) =>
      combine(view, reported(view, 'totalAssets', 'newest'), reported(view, 'equity', 'newest'), (assets, equity) =>
        Math.log(ratio(assets, equity)),
      ),
  ),
  earningsSurprise: fundamental(
    'net income of the latest quarter known less that of the same quarter a year before / market value',
    'Bernard and Thomas (1989), Post-earnings-announcement drift; over price: Livnat and Mendenhall (2006)',
    ['netIncome', 'sharesOutstanding'],
    (view) => {
      const change = combine(
        view,
        reported(view, 'netIncome', 'newest'),
        reported(view, 'netIncome', 'yearBefore'),
        less,
      );
      return combine(view, change, marketValue(view), ratio);
    },
  ),
  marketValue: fundamental(
    'log of the market value of the equity: shares of the latest quarter known, times splits since, times the close',
    'Banz (1981), The relationship between return and market value of common stocks',
    ['sharesOutstanding'],
    (view) => combine(view, marketValue(view), marketValue(view), Math.log),
  ),
  turnover63: {
    description: 'log of 1e-9 + the mean traded value of 63 sessions / market value',
    lookbackDays: STALE_REPORT_DAYS,
    needs: ['fundamentals', 'volume'],
    mayLapse: true,
    series: ['sharesOutstanding'],
    source: 'Datar, Naik and Radcliffe (1998), Liquidity and stock returns: an alternative test',
    compute: (view) => {
      const value = marketValue(view);
      return ofTraded(view, 63, (traded, _, known, out, from, asset) => {
        const means = traded.means(63, from);
        const own = value.subarray(asset * view.sessions);
        for (let t = from; t < out.length; t++) if (known[t] === 1) out[t] = Math.log(1e-9 + means[t] / own[t]);
      });
    },
  },
};
