import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ProductError } from '../errors.ts';
import { parseAlpacaBars } from './alpaca.ts';
import { parseAlpacaActions } from './alpaca-actions.ts';
import { parseBisRates, policyRates } from './bis.ts';
import { csvRecords } from './csv.ts';
import { dayOfIso, isoOfDay } from './days.ts';
import { fredValues, parseFredPage, periodEnd } from './fred.ts';
import { datedBars } from './intraday.ts';
import { asOf, type PointInTimeTable } from './point-in-time.ts';
import { parseCompanyFacts, quarterlyFacts } from './sec-facts.ts';

const BARS =
  '{"bars":{"AAA":[{"t":"2024-01-02T05:00:00Z","o":10,"h":11,"l":9,"c":10.5,"v":1200,"n":9,"vw":10.2}]},"next_page_token":"QQ=="}';
const ACTIONS = `{"corporate_actions":{
  "forward_splits":[{"symbol":"AAA","new_rate":3,"old_rate":2,"process_date":"2024-01-03","ex_date":"2024-01-03"}],
  "reverse_splits":[{"symbol":"BBB","new_rate":1,"old_rate":10,"process_date":"2024-01-03","ex_date":"2024-01-03"}],
  "stock_dividends":[{"symbol":"CCC","rate":0.05,"ex_date":"2024-01-04"}],
  "cash_dividends":[{"symbol":"AAA","rate":0.2,"special":false,"foreign":false,"ex_date":"2024-01-05","process_date":"2024-02-01"}],
  "name_changes":[{"old_symbol":"DDD","new_symbol":"EEE","process_date":"2024-01-05"}]},"next_page_token":null}`;
const FRED = `{"count":3,"offset":0,"limit":10,"observations":[
  {"realtime_start":"2024-02-20","realtime_end":"9999-12-31","date":"2023-11-01","value":"3.7"},
  {"realtime_start":"2024-02-20","realtime_end":"9999-12-31","date":"2023-12-01","value":"."},
  {"realtime_start":"2023-12-15","realtime_end":"9999-12-31","date":"2024-01-01","value":"3.6"}]}`;
const BIS =
  'STRUCTURE,FREQ,REF_AREA,TIME_PERIOD,OBS_VALUE\nd,D,US: United States,2024-01-02,5.5\nd,D,US: United States,2024-01-03,5.5\nd,D,US: United States,2024-01-04,5.25\nd,D,QQ,2024-01-04,1\nd,D,XM,2024-01-03,NaN\n';

describe('alpaca', () => {
  test('a daily bar is of the day in New York', () => {
    const { bars, nextPageToken } = parseAlpacaBars(BARS, 'a.json', '1Day');
    expect(nextPageToken).toBe('QQ==');
    expect(datedBars(bars)).toMatchObject({
      symbol: ['AAA'],
      date: ['2024-01-02'],
      open: [10],
      close: [10.5],
      volume: [1200],
    });
  });

  test('a moment may be written with an offset or with parts of a second, as RFC 3339 has it', () => {
    for (const t of ['2024-01-02T00:00:00-05:00', '2024-01-02T05:00:00.000000000Z']) {
      const { bars } = parseAlpacaBars(BARS.replace('2024-01-02T05:00:00Z', t), 'a.json', '1Day');
      expect(datedBars(bars)).toMatchObject({ date: ['2024-01-02'] });
    }
  });

  test('splits and dividends are actions by ex-date, in units after for one before', () => {
    expect(parseAlpacaActions(ACTIONS, 'a.json').actions).toEqual([
      { symbol: 'AAA', date: '2024-01-03', dividend: 0, split: 1.5 },
      { symbol: 'BBB', date: '2024-01-03', dividend: 0, split: 0.1 },
      { symbol: 'CCC', date: '2024-01-04', dividend: 0, split: 1.05 },
      { symbol: 'AAA', date: '2024-01-05', dividend: 0.2, split: 1 },
      { symbol: 'DDD', date: '2024-01-05', dividend: 0, split: 1, newSymbol: 'EEE' },
    ]);
  });
});

describe('fred', () => {
  test('a value speaks of the end of its period, is known after the lag, and "." is none', () => {
    const table = fredValues([parseFredPage(FRED, 'f.json')], { id: 'UNRATE', frequency: 'monthly', known: 5 });
    expect(table.eventDate).toEqual(['2023-11-30', '2024-01-31']);
    expect(table.knownDate).toEqual(['2023-12-05', '2024-02-05']);
    expect([...table.value]).toEqual([3.7, 3.6]);
  });

  test('a page with a value that is no number, or with too few, is refused', () => {
    const page = JSON.parse(FRED) as { count: number; observations: { value: string }[] };
    const odd = {
      ...page,
      observations: page.observations.map((row, i) => (i === 0 ? { ...row, value: '3,7' } : row)),
    };
    for (const [wrong, field] of [
      [odd, 'observations.0.value'],
      [{ ...page, count: page.count + 1 }, 'observations'],
    ] as const)
      expect(() => parseFredPage(JSON.stringify(wrong), 'f.json')).toThrow(
        expect.objectContaining({ code: 'VENDOR_FORMAT', facts: expect.objectContaining({ file: 'f.json', field }) }),
      );
  });

  test('two values of one period that were published on one day, be it on two pages, are refused', () => {
    const page = parseFredPage(FRED, 'f.json');
    const [first] = page.observations;
    const again = (value: string) => [page, { ...page, observations: [{ ...first, value }] }];
    const series = { id: 'UNRATE', frequency: 'monthly', known: 5 } as const;
    expect(fredValues(again('3.7'), series).value).toHaveLength(3);
    expect(() => fredValues(again('3.9'), series)).toThrow(
      expect.objectContaining({
        code: 'VENDOR_FORMAT',
        facts: { file: 'UNRATE', field: 'observations', problem: '2023-11-01 is 3.7 and 3.9' },
      }),
    );
  });

  test('with vintages it is known on the day of its vintage; a forecast speaks of that day', () => {
    const table = fredValues([parseFredPage(FRED, 'f.json')], { id: 'X', frequency: 'monthly', known: 'vintages' });
    expect(table.knownDate).toEqual(['2023-12-15', '2024-02-20']);
    expect(table.eventDate).toEqual(['2023-12-15', '2023-11-30']);
  });

  test.each([
    ['2024-02-01', 'monthly', '2024-02-29'],
    ['2023-12-01', 'monthly', '2023-12-31'],
    ['2023-10-01', 'quarterly', '2023-12-31'],
    ['2024-01-01', 'quarterly', '2024-03-31'],
    ['2024-01-06', 'weekly', '2024-01-06'],
  ] as const)('the period of %s, %s, ends on %s', (date, frequency, end) => {
    expect(periodEnd(date, frequency)).toBe(end);
  });
});

test('policy rates are rows where they change, by currency', () => {
  expect(policyRates(parseBisRates(BIS, 'b.csv'), 1)).toEqual({
    series: ['policyRate', 'policyRate'],
    symbol: ['USD', 'USD'],
    eventDate: ['2024-01-02', '2024-01-04'],
    knownDate: ['2024-01-03', '2024-01-05'],
    value: Float64Array.of(5.5, 5.25),
  });
});

test('a policy rate that stands is stated once a month', () => {
  const rows = Array.from({ length: 100 }, (_, n) => ({
    symbol: 'JPY',
    date: isoOfDay(dayOfIso('2016-02-16') + n),
    value: -0.1,
  }));
  expect(policyRates(rows, 1).eventDate).toEqual(['2016-02-16', '2016-03-01', '2016-04-01', '2016-05-01']);
});

test('policy rates are read with labels in the header, too', () => {
  const labelled = BIS.replace(
    'FREQ,REF_AREA,TIME_PERIOD,',
    'FREQ:Frequency,REF_AREA: Reference area,TIME_PERIOD:Time period or range,',
  );
  expect(parseBisRates(labelled, 'b.csv')).toEqual(parseBisRates(BIS, 'b.csv'));
});

test('policy rates that break off are refused, in whatever field', () => {
  const whole = BIS.replaceAll('\n', ',A\n').replace('OBS_VALUE,A', 'OBS_VALUE,OBS_STATUS');
  for (const bytes of [3, 6, 9, 15])
    expect(() => parseBisRates(whole.slice(0, -bytes), 'b.csv')).toThrow('An answer of the BIS');
});

test('two policy rates of one day are refused', () => {
  expect(() => parseBisRates(`${BIS}d,D,US,2024-01-03,7\n`, 'b.csv')).toThrow(
    expect.objectContaining({
      code: 'VENDOR_FORMAT',
      facts: { file: 'b.csv', field: 'OBS_VALUE', problem: 'USD of 2024-01-03 is 5.5 and 7' },
    }),
  );
});

type Period = [start: string | null, end: string, val: number, filed: string];
const factsOf = (tags: Record<string, Period[]>): string =>
  JSON.stringify({
    cik: 7,
    facts: {
      'us-gaap': Object.fromEntries(
        Object.entries(tags).map(([tag, periods]) => [
          tag,
          {
            units: {
              USD: periods.map(([start, end, val, filed]) => ({
                ...(start ? { start } : {}),
                end,
                val,
                accn: filed,
                filed,
              })),
            },
          },
        ]),
      ),
    },
  });
const seriesOf = (table: PointInTimeTable, series: string): [string, string, number][] =>
  [...table.value.keys()]
    .filter((row) => table.series[row] === series)
    .map((row) => [table.eventDate[row], table.knownDate[row], table.value[row]]);
const quarterly = (tags: Record<string, Period[]>, lagDays = 0) =>
  quarterlyFacts(parseCompanyFacts(factsOf(tags), 's.json'), 'AAA', lagDays);

describe('the SEC', () => {
  test('cash flows of the year to date are differenced, and the fourth quarter is the year less nine months', () => {
    const table = quarterly({
      NetCashProvidedByUsedInOperatingActivities: [
        ['2023-01-01', '2023-03-31', 10, '2023-05-01'],
        ['2023-01-01', '2023-06-30', 25, '2023-08-01'],
        ['2023-01-01', '2023-09-30', 45, '2023-11-01'],
        ['2023-01-01', '2023-12-31', 80, '2024-02-15'],
      ],
    });
    expect(seriesOf(table, 'operatingCashFlow')).toEqual([
      ['2023-03-31', '2023-05-01', 10],
      ['2023-06-30', '2023-08-01', 15],
      ['2023-09-30', '2023-11-01', 20],
      ['2023-12-31', '2024-02-15', 35],
    ]);
  });

  test('without nine months the fourth quarter is the year less its three quarters', () => {
    const table = quarterly({
      NetIncomeLoss: [
        ['2023-01-01', '2023-04-01', 1, '2023-05-01'],
        ['2023-04-02', '2023-07-01', 2, '2023-08-01'],
        ['2023-07-02', '2023-09-30', 3, '2023-11-01'],
        ['2023-01-01', '2023-12-30', 10, '2024-02-15'],
      ],
    });
    expect(seriesOf(table, 'netIncome').at(-1)).toEqual(['2023-12-30', '2024-02-15', 4]);
  });

  test('a restated year to date restates what is derived from it; the same value again is no row', () => {
    const table = quarterly({
      NetIncomeLoss: [
        ['2023-01-01', '2023-03-31', 10, '2023-05-01'],
        ['2023-01-01', '2023-06-30', 25, '2023-08-01'],
        ['2023-01-01', '2023-03-31', 10, '2023-08-01'],
        ['2023-01-01', '2023-03-31', 8, '2023-09-01'],
      ],
    });
    expect(seriesOf(table, 'netIncome')).toEqual([
      ['2023-03-31', '2023-05-01', 10],
      ['2023-06-30', '2023-08-01', 15],
      ['2023-03-31', '2023-09-01', 8],
      ['2023-06-30', '2023-09-01', 17],
    ]);
    expect(seriesOf(asOf(table, '2023-08-31'), 'netIncome').at(-1)?.[2]).toBe(15);
  });

  test('what a later year says of a period alone is not the difference of another: both are to be restated by it', () => {
    const year = (val: number, filed: string): Period => ['2022-01-01', '2022-12-31', val, filed];
    const nine = (val: number, filed: string): Period => ['2022-01-01', '2022-09-30', val, filed];
    const first = [nine(75, '2022-11-01'), year(100, '2023-02-15')];
    const fourth = (...later: Period[]) =>
      seriesOf(quarterly({ NetIncomeLoss: [...first, ...later] }), 'netIncome').map(([, filed, value]) => [
        filed,
        value,
      ]);
    expect(fourth(year(90, '2024-02-15'))).toEqual([['2023-02-15', 25]]);
    expect(fourth(nine(40, '2023-11-01'))).toEqual([['2023-02-15', 25]]);
    expect(fourth(nine(75, '2023-11-01'), year(90, '2024-02-15'))).toEqual([['2023-02-15', 25]]);
    expect(fourth(nine(40, '2023-11-01'), year(60, '2024-02-15'))).toEqual([
      ['2023-02-15', 25],
      ['2024-02-15', 20],
    ]);
    // An amended report of the year itself.
    expect(fourth(year(97, '2023-04-01')).at(-1)).toEqual(['2023-04-01', 22]);
  });

  test('shares are counted as of the day on the cover; without one as of the filing, whose balance sheet has the splits until then', () => {
    const stock = (...facts: [end: string, val: number, filed: string][]) => ({
      units: { shares: facts.map(([end, val, filed]) => ({ end, val, accn: filed, filed })) },
    });
    const shares = (dei: object) =>
      seriesOf(
        quarterlyFacts(
          parseCompanyFacts(JSON.stringify({ cik: 7, facts: { dei, 'us-gaap': balance } }), 's.json'),
          'AAA',
          1,
        ),
        'sharesOutstanding',
      );
    const balance = {
      CommonStockSharesOutstanding: stock(
        ['2021-12-31', 660, '2022-04-27'],
        ['2022-03-31', 658, '2022-04-27'],
        // A split of 20 for 1 on 2022-07-15.
        ['2022-06-30', 13_078, '2022-07-27'],
        ['2021-12-31', 13_242, '2022-07-27'],
        // An amended report of an older day.
        ['2022-03-31', 13_163, '2022-08-15'],
      ),
    };
    expect(shares({})).toEqual([
      ['2022-04-27', '2022-04-28', 658],
      ['2022-07-27', '2022-07-28', 13_078],
    ]);
    const covers = stock(
      ['2022-04-20', 657, '2022-04-27'],
      ['2022-07-20', 13_070, '2022-07-27'],
      ['2022-07-20', 13_070, '2022-08-15'],
    );
    expect(shares({ EntityCommonStockSharesOutstanding: covers })).toEqual([
      ['2022-04-20', '2022-04-28', 657],
      ['2022-07-20', '2022-07-28', 13_070],
    ]);
  });

  test('a year under a new tag less nine months under the old one, where both gave the year before alike', () => {
    const fourth = (before: number) =>
      seriesOf(
        quarterly({
          SalesRevenueNet: [
            ['2016-01-01', '2016-12-31', 300, '2017-02-15'],
            ['2017-01-01', '2017-09-30', 240, '2017-11-01'],
          ],
          Revenues: [
            ['2016-01-01', '2016-12-31', before, '2018-02-15'],
            ['2017-01-01', '2017-12-31', 330, '2018-02-15'],
          ],
        }),
        'revenue',
      );
    expect(fourth(300)).toEqual([['2017-12-31', '2018-02-15', 90]]);
    expect(fourth(310)).toEqual([]);
  });

  test('the first tag that gives a figure wins, another fills what it lacks, and filing is not yet knowing', () => {
    const table = quarterly(
      {
        SalesRevenueNet: [['2017-01-01', '2017-03-31', 5, '2017-05-01']],
        Revenues: [['2018-01-01', '2018-03-31', 7, '2018-05-01']],
        RevenueFromContractWithCustomerExcludingAssessedTax: [['2018-01-01', '2018-03-31', 6, '2018-05-01']],
      },
      1,
    );
    expect(seriesOf(table, 'revenue')).toEqual([
      ['2017-03-31', '2017-05-02', 5],
      ['2018-03-31', '2018-05-02', 7],
    ]);
  });
});

test.each<[string, (text: string) => unknown, string]>([
  ['alpaca bars', (text) => parseAlpacaBars(text, 'x', '1Day'), BARS],
  ['alpaca actions', (text) => parseAlpacaActions(text, 'x'), ACTIONS],
  ['fred', (text) => fredValues([parseFredPage(text, 'x')], { id: 'X', frequency: 'quarterly', known: 3 }), FRED],
  ['bis', (text) => policyRates(parseBisRates(text, 'x'), 1), BIS],
  [
    'sec',
    (text) => quarterlyFacts(parseCompanyFacts(text, 'x'), 'AAA', 1),
    factsOf({
      NetIncomeLoss: [['2023-01-01', '2023-03-31', 10, '2023-05-01']],
      Assets: [[null, '2023-03-31', 9, '2023-05-01']],
    }),
  ],
])('of %s only product errors escape, whatever the bytes', (_, parse, good) => {
  expect(() => parse(good)).not.toThrow();
  const insert = fc.oneof(
    fc.string({ maxLength: 3 }),
    fc.constantFrom('null', '-1', '1e999', '"', '{}', '[]', '9999-99-99'),
  );
  fc.assert(
    fc.property(fc.nat(good.length - 1), insert, fc.nat(12), (at, text, cut) => {
      try {
        parse(good.slice(0, at) + text + good.slice(at + cut));
      } catch (error) {
        if (!(error instanceof ProductError)) throw error;
      }
    }),
    { numRuns: 150 },
  );
});

const SHARED = fileURLToPath(new URL('../../../shared/data/', import.meta.url));
const rowsOf = (name: string, columns: string[]) =>
  csvRecords(gunzipSync(readFileSync(SHARED + name)).toString(), name, columns).map(({ fields }) => fields);

(existsSync(`${SHARED}macro_fred.csv.gz`) ? describe : describe.skip)('real figures', () => {
  test('of companies come back from the year-to-date facts that they would be filed as', () => {
    const all = rowsOf('fundamentals_sec_quarterly.csv.gz', ['ticker', 'period_end', 'available_date', 'net_income']);
    const sample = all.filter(
      ({ ticker, net_income }) => ['JPM', 'KO', 'MSFT', 'XOM'].includes(ticker) && net_income !== '',
    );
    expect(sample.length).toBeGreaterThan(100);
    for (const ticker of new Set(sample.map((row) => row.ticker))) {
      const rows = sample.filter((row) => row.ticker === ticker);
      const facts: Period[] = [];
      // Calendar quarters, filed as one growing year each.
      for (const { period_end, available_date } of rows) {
        const year = rows.filter(
          (row) => row.period_end.slice(0, 4) === period_end.slice(0, 4) && row.period_end <= period_end,
        );
        const quarter = Math.floor((dayOfIso(period_end) - dayOfIso(`${period_end.slice(0, 4)}-01-01`)) / 80);
        if (year.length !== quarter) continue;
        const sum = year.reduce((total, row) => total + Number(row.net_income), 0);
        const filed = [available_date, ...year.map((row) => row.available_date)].sort().at(-1)!;
        facts.push([`${period_end.slice(0, 4)}-01-01`, period_end, sum, filed]);
      }
      const derived = new Map(
        seriesOf(quarterly({ NetIncomeLoss: facts }), 'netIncome').map(([end, , value]) => [end, value]),
      );
      expect(facts.length).toBeGreaterThan(20);
      expect(derived.size).toBe(facts.length);
      for (const { period_end, net_income } of rows) {
        const value = derived.get(period_end);
        if (value !== undefined)
          expect(Math.abs(value - Number(net_income))).toBeLessThanOrEqual(1e-6 * Math.abs(Number(net_income)) + 1);
      }
    }
  });

  test('of the economy are the ones in the file, none before its month is over', () => {
    const rows = rowsOf('macro_fred.csv.gz', ['series_id', 'date', 'value']).filter(
      ({ series_id }) => series_id === 'UNRATE',
    );
    const observations = rows.map(({ date, value }) => ({
      realtime_start: '2026-01-01',
      realtime_end: '9999-12-31',
      date,
      value,
    }));
    const text = JSON.stringify({ count: rows.length, offset: 0, limit: 100_000, observations });
    const table = fredValues([parseFredPage(text, 'UNRATE')], { id: 'UNRATE', frequency: 'monthly', known: 31 });
    expect([...table.value]).toEqual(rows.map(({ value }) => Number(value)));
    const april = asOf(table, '2020-05-15');
    expect(april.eventDate.at(-1)).toBe('2020-03-31');
    expect(asOf(table, '2020-05-31').value.at(-1)).toBe(14.8);
  });
});
