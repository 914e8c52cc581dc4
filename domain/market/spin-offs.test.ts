import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { backAdjust } from './back-adjust.ts';
import type { CorporateAction } from './bar.ts';
import { parseBarsCsv } from './bars.ts';
import { buildPanel } from './build-panel.ts';
import { sessionsBetween } from './calendar.ts';
import { equityInstruments } from './equities.ts';
import { checkBars } from './quality.ts';

const DAYS = sessionsBetween('XNYS', '2024-01-02', '2024-03-28');
type Prices = Record<string, (number | null)[]>;

/** Flat bars of given closes; the volume differs each day, so that none is a copy. */
const csv = (prices: Prices): string =>
  [
    'symbol,date,open,high,low,close,volume',
    ...Object.entries(prices).flatMap(([symbol, closes]) =>
      closes.flatMap((c, t) => (c === null ? [] : [`${symbol},${DAYS[t]},${c},${c},${c},${c},${1000 + (t % 7)}`])),
    ),
  ].join('\n');
const check = (prices: Prices, actions: CorporateAction[], asOf = '2024-12-31') =>
  checkBars([parseBarsCsv(csv(prices), 'bars.csv')], { calendar: 'XNYS', asOf, members: null, actions });
const returnsOf = (prices: Prices, actions: CorporateAction[], symbol: string): number[] => {
  const { bars, quarantined } = check(prices, actions);
  expect(quarantined).toEqual([]);
  const panel = buildPanel(bars, equityInstruments(bars, [], [], '2024-12-31'), '2024-12-31');
  const [a, A] = [panel.symbols.indexOf(symbol), panel.symbols.length];
  return panel.dates.map((_, t) => panel.returns[t * A + a]);
};
const action = (t: number, what: Partial<CorporateAction>): CorporateAction => ({
  symbol: 'BIG',
  date: DAYS[t],
  dividend: 0,
  split: 1,
  ...what,
});

describe('a spin-off', () => {
  const quiet = (level: number, n: number): number[] => Array.from({ length: n }, (_, t) => level + (t % 3) / 10);
  /** 22 quiet days, then the parent loses 30 % of its price to a child of which holders get one for four. */
  const parent = [...quiet(100, 22), 70, 70.5, 71];
  const child: (number | null)[] = [...new Array<null>(22).fill(null), 120.4, 121, 119];
  const spun = action(22, { spinoff: { ratio: 0.25, symbol: 'KID' } });

  test('that nobody declared is set aside; declared it is a return like any other', () => {
    expect(check({ BIG: parent, KID: child }, []).quarantined).toMatchObject([{ symbol: 'BIG', date: DAYS[22] }]);
    expect(returnsOf({ BIG: parent, KID: child }, [spun], 'BIG')[22]).toBeCloseTo((70 + 0.25 * 120.4) / 100 - 1, 14);
    const stated = action(22, { spinoff: { value: 30.1 } });
    expect(returnsOf({ BIG: parent }, [stated], 'BIG')[22]).toBeCloseTo((70 + 30.1) / 100 - 1, 14);
  });

  test('of units that do not trade yet waits for their first close, and says so', () => {
    const late = [...child];
    late[22] = null;
    const waiting = check({ BIG: parent, KID: late }, [spun], DAYS[22]);
    expect(waiting.quarantined).toMatchObject([{ reason: 'SPINOFF_UNPRICED', symbol: 'BIG', date: DAYS[22] }]);
    const after = check({ BIG: parent, KID: late }, [spun]);
    expect(after.quarantined).toEqual(waiting.quarantined);
    const row = after.bars.date.findIndex((date, i) => date === DAYS[23] && after.bars.symbol[i] === 'BIG');
    expect(after.bars.dividend?.[row]).toBe(0.25 * 121);
    // The last good close is that of day 21: the return spans both days, and loses nothing.
    const panel = buildPanel(after.bars, equityInstruments(after.bars, [], [], '2024-12-31'), '2024-12-31');
    expect(panel.returns[panel.dates.indexOf(DAYS[23]) * 2]).toBeCloseTo((70.5 + 0.25 * 121) / parent[21] - 1, 14);
  });

  test('is not worth what a bar says that is set aside', () => {
    const text = csv({ BIG: parent, KID: child });
    const bad = text.replace(`KID,${DAYS[22]},120.4,120.4,120.4,120.4`, `KID,${DAYS[22]},120.4,121,119,150`);
    const { bars, quarantined } = checkBars([parseBarsCsv(bad, 'bars.csv')], {
      calendar: 'XNYS',
      asOf: '2024-12-31',
      members: null,
      actions: [spun],
    });
    expect(quarantined.map(({ reason, symbol }) => [reason, symbol])).toEqual([
      ['SPINOFF_UNPRICED', 'BIG'],
      ['OUTSIDE_RANGE', 'KID'],
    ]);
    expect(bars.dividend?.filter((dividend) => dividend > 0)).toEqual(Float64Array.of(0.25 * 121));
  });

  test('of what has another symbol by now finds its bars under either', () => {
    const renamed = { symbol: 'KID', date: DAYS[24], dividend: 0, split: 1, newSymbol: 'NEWKID' };
    const expected = returnsOf({ BIG: parent, KID: child }, [spun], 'BIG');
    const [before, after] = [child.map((c, t) => (t < 24 ? c : null)), child.map((c, t) => (t < 24 ? null : c))];
    expect(returnsOf({ BIG: parent, NEWKID: child }, [spun, renamed], 'BIG')).toEqual(expected);
    expect(returnsOf({ BIG: parent, KID: before, NEWKID: after }, [spun, renamed], 'BIG')).toEqual(expected);
  });

  test('after asOf changes nothing', () => {
    const prices = { BIG: parent, KID: child };
    expect(check(prices, [spun], DAYS[21])).toEqual(check(prices, [], DAYS[21]));
  });
});

/** Moves, and what happens on some of the days; prices follow from both, as a market would make them. */
const story = fc.record({
  moves: fc.array(fc.double({ min: -0.05, max: 0.05, noNaN: true }), { minLength: 12, maxLength: 30 }),
  childMoves: fc.array(fc.double({ min: -0.05, max: 0.05, noNaN: true }), { minLength: 30, maxLength: 30 }),
  split: fc.constantFrom(2, 3, 0.5),
  splitDay: fc.integer({ min: 1, max: 3 }),
  share: fc.double({ min: 0.02, max: 0.4, noNaN: true }),
  ratio: fc.constantFrom(0.1, 0.5, 2),
  spinDay: fc.integer({ min: 5, max: 7 }),
  payout: fc.double({ min: 0.001, max: 0.02, noNaN: true }),
  payDay: fc.integer({ min: 9, max: 11 }),
});
type Story = typeof story extends fc.Arbitrary<infer T> ? T : never;

function told(s: Story) {
  const big = [100];
  const kid: (number | null)[] = [null];
  const actions: CorporateAction[] = [];
  for (let t = 1; t < s.moves.length; t++) {
    let price = big[t - 1] * (1 + s.moves[t]);
    let born: number | null = null;
    if (t === s.splitDay) {
      price /= s.split;
      actions.push(action(t, { split: s.split }));
    }
    if (t === s.spinDay) {
      born = (price * s.share) / s.ratio;
      price *= 1 - s.share;
      actions.push(action(t, { spinoff: { ratio: s.ratio, symbol: 'KID' } }));
    }
    if (t === s.payDay) {
      actions.push(action(t, { dividend: price * s.payout }));
      price *= 1 - s.payout;
    }
    big.push(price);
    const last = kid[t - 1];
    kid.push(born ?? (last === null ? null : last * (1 + s.childMoves[t])));
  }
  return { prices: { BIG: big, KID: kid }, actions };
}

test('the panel earns what a holder does who sells what he is given at the close and buys more of the parent', () => {
  fc.assert(
    fc.property(story, (s) => {
      const { prices, actions } = told(s);
      const returns = returnsOf(prices, actions, 'BIG');
      let [units, wealth] = [1, prices.BIG[0]];
      for (let t = 1; t < prices.BIG.length; t++) {
        const price = prices.BIG[t];
        let cash = 0;
        for (const { date, split, dividend, spinoff } of actions) {
          if (date !== DAYS[t]) continue;
          units *= split;
          cash += units * dividend;
          if (spinoff && 'ratio' in spinoff) cash += units * spinoff.ratio * (prices.KID[t] as number);
        }
        units += cash / price;
        expect(Math.abs((units * price) / wealth - 1 - returns[t])).toBeLessThan(1e-12);
        wealth = units * price;
      }
    }),
    { numRuns: 100 },
  );
});

test('a market in other units, or one that calls a spin-off a dividend, has the same returns and adjusted prices', () => {
  fc.assert(
    fc.property(story, fc.constantFrom(0.25, 4, 1000), (s, unit) => {
      const { prices, actions } = told(s);
      const times = (closes: (number | null)[]) => closes.map((close) => close && close * unit);
      const scaled = returnsOf(
        { BIG: times(prices.BIG), KID: times(prices.KID) },
        actions.map((each) => ({ ...each, dividend: each.dividend * unit })),
        'BIG',
      );
      const plain = returnsOf(prices, actions, 'BIG');
      plain.forEach((value, t) => {
        expect(Math.abs(value - scaled[t])).toBeLessThan(1e-12);
      });
      const asCash = actions.map(({ spinoff, ...each }) =>
        spinoff && 'ratio' in spinoff ? { ...each, dividend: spinoff.ratio * (prices.KID[s.spinDay] as number) } : each,
      );
      expect(returnsOf(prices, asCash, 'BIG')).toEqual(plain);
      const { bars } = check({ BIG: prices.BIG }, asCash);
      const { dividend, split } = bars;
      const adjusted = backAdjust({ ...bars, dividend: dividend as Float64Array, split: split as Float64Array });
      // What a back-adjusted price loses on an ex-date is the distribution at the close before, in new units: the market's own moves remain elsewhere.
      for (let t = 1; t < adjusted.close.length; t++) {
        if (dividend?.[t] === 0) expect(adjusted.close[t] / adjusted.close[t - 1] - 1).toBeCloseTo(plain[t], 10);
      }
    }),
    { numRuns: 50 },
  );
});
