import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { CorporateAction } from './bar.ts';
import { parseBarsCsv } from './bars.ts';
import { sessionsBetween } from './calendar.ts';
import { checkBars } from './quality.ts';

const HEADER = 'symbol,date,open,high,low,close,volume';
const DATES = sessionsBetween('XNYS', '2024-01-02', '2024-02-15');

interface Day {
  split: number;
  /** Of the price: prices stay above 0 whatever is generated. */
  yield: number;
  /** Of the price, since the day before. */
  move: number;
  bad: boolean;
}

const dayArb = fc.record<Day>({
  split: fc.constantFrom(1, 1, 1, 2, 3, 0.5),
  yield: fc.constantFrom(0, 0, 0.002, 0.004),
  move: fc.double({ min: -0.01, max: 0.01, noNaN: true }),
  bad: fc.boolean(),
});

/** The days as rows (a bad one has a high below its low), actions beside the prices or in a file of their own. */
function market(days: readonly Day[], inColumns: boolean) {
  const actions: CorporateAction[] = [];
  const closes: number[] = [];
  const dividends: number[] = [];
  const rows = days.map(({ split, yield: share, move, bad }, t) => {
    const worth = ((closes[t - 1] ?? 1e9) * (1 + move)) / split;
    const [close, dividend] = [worth * (1 - share), worth * share];
    closes.push(close);
    dividends.push(dividend);
    const [high, low] = bad ? [close * 0.9, close] : [close, close];
    const row = `A,${DATES[t]},${close},${high},${low},${close},${1000 + t}`;
    if (inColumns) return `${row},${dividend},${split}`;
    // Dividends first: the order within a day says nothing.
    if (dividend !== 0) actions.push({ symbol: 'A', date: DATES[t], dividend, split: 1 });
    if (split !== 1) actions.push({ symbol: 'A', date: DATES[t], dividend: 0, split });
    return row;
  });
  const header = inColumns ? `${HEADER},dividend,split` : HEADER;
  return { text: [header, ...rows].join('\n'), actions, closes, dividends };
}

/** What one unit of value becomes for a holder who puts cash back in at the close of each good bar. */
function heldValue(days: readonly Day[], closes: readonly number[], dividends: readonly number[]): number {
  let [units, cash] = [1 / closes[0], 0];
  for (let t = 1; t < days.length; t++) {
    units *= days[t].split;
    cash += units * dividends[t];
    if (days[t].bad) continue;
    units += cash / closes[t];
    cash = 0;
  }
  return units * closes[days.length - 1];
}

test('whichever bars are set aside, the good ones earn what a holder has', () => {
  const good: Day = { split: 1, yield: 0, move: 0, bad: false };
  const daysArb = fc.array(dayArb, { minLength: 1, maxLength: DATES.length - 2 });
  fc.assert(
    fc.property(daysArb, fc.boolean(), (middle, inColumns) => {
      const days = [good, ...middle, good];
      const { text, actions, closes, dividends } = market(days, inColumns);
      const rules = { calendar: 'XNYS', asOf: '2030-01-01', members: null, actions } as const;
      const { bars, quarantined } = checkBars([parseBarsCsv(text, 'bars.csv')], rules);
      expect(quarantined.map(({ date }) => date)).toEqual(DATES.filter((_, t) => days[t]?.bad));
      let value = 1;
      for (let row = 1; row < bars.date.length; row++)
        value *= ((bars.close[row] + (bars.dividend?.[row] ?? 0)) * (bars.split?.[row] ?? 1)) / bars.close[row - 1];
      expect(value).toBeCloseTo(heldValue(days, closes, dividends), 9);
    }),
    { numRuns: 200 },
  );
});

test('an action that is not believed does not wait for the next bar', () => {
  const rows = ['A,2024-01-02,9,9,9,9,10,0,1', 'A,2024-01-03,9,9,9,9,11,0,3', 'A,2024-01-04,9,9,9,9,12,0,1'];
  const { bars, quarantined } = checkBars([parseBarsCsv([`${HEADER},dividend,split`, ...rows].join('\n'), 'b.csv')], {
    calendar: 'XNYS',
    asOf: '2030-01-01',
    members: null,
  });
  expect(quarantined.map(({ reason }) => reason)).toEqual(['SPLIT_NOT_IN_PRICE']);
  expect(bars.split).toEqual(Float64Array.of(1, 1));
});

test('the bars and the actions file may not both state a split of a day', () => {
  const text = `${HEADER},dividend,split\nA,2024-01-02,9,9,9,9,10,0,1\nA,2024-01-03,3,3,3,3,30,0,3`;
  const actions = [{ symbol: 'A', date: '2024-01-03', dividend: 0, split: 3 }];
  const rules = { calendar: 'XNYS', asOf: '2030-01-01', members: null, actions } as const;
  expect(() => checkBars([parseBarsCsv(text, 'b.csv')], rules)).toThrow(
    expect.objectContaining({
      code: 'ACTIONS_STATED_TWICE',
      facts: expect.objectContaining({ symbol: 'A', date: '2024-01-03', field: 'split', value: 3 }),
    }),
  );
});

test('what happened before the first bar is not of that bar: a file of actions may begin long before the prices', () => {
  const actions = [
    { symbol: 'A', date: '1987-06-16', dividend: 0, split: 2 },
    { symbol: 'A', date: '2023-12-29', dividend: 5, split: 1 },
    { symbol: 'A', date: DATES[0], dividend: 1, split: 3 },
    { symbol: 'A', date: DATES[2], dividend: 0.5, split: 1 },
  ];
  const rows = DATES.map((date, t) => `A,${date},50,51,49,50,${1000 + t}`);
  const { bars } = checkBars([parseBarsCsv([HEADER, ...rows].join('\n'), 'b.csv')], {
    calendar: 'XNYS',
    asOf: '2024-12-31',
    members: null,
    actions,
  });
  expect([...(bars.split ?? [])].slice(0, 3)).toEqual([3, 1, 1]);
  expect([...(bars.dividend ?? [])].slice(0, 3)).toEqual([1, 0, 0.5]);
});
