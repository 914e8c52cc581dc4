import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { CorporateAction } from './bar.ts';
import { parseBarsCsv } from './bars.ts';
import { csvOf, fixtureBars } from './bars-fixture.ts';
import { buildPanel } from './build-panel.ts';
import { type EquityReference, equityInstruments } from './equities.ts';
import { lastingNames } from './instrument.ts';
import { checkBars } from './quality.ts';
import { reviseBars } from './revisions.ts';
import { renameBars, renameFigures, renameMemberships, symbolNames } from './symbol-names.ts';

const SESSIONS = 30;
const market = fixtureBars({ symbols: 3, sessions: SESSIONS, seed: 4 });
const DAYS = market.slice(0, SESSIONS).map(({ date }) => date);
const change = (symbol: string, t: number, newSymbol: string): CorporateAction => ({
  symbol,
  date: DAYS[t],
  dividend: 0,
  split: 1,
  newSymbol,
});

/** S001 as a file has it that keeps the symbols of each day. */
const asTraded = (changes: readonly CorporateAction[]) =>
  market.map((bar) => {
    const names = changes.filter(({ date }) => date <= bar.date).sort((a, b) => (a.date < b.date ? -1 : 1));
    return bar.symbol === 'S001' ? { ...bar, symbol: names.at(-1)?.newSymbol ?? bar.symbol } : bar;
  });
const check = (bars: typeof market, actions: CorporateAction[], asOf: string, members: string[] | null = null) =>
  checkBars([parseBarsCsv(csvOf(bars), 'bars.csv')], {
    calendar: 'XNYS',
    asOf,
    actions,
    members: members && new Set(members),
  });
const panelOf = (bars: typeof market, actions: CorporateAction[], asOf: string) => {
  const { bars: good, quarantined } = check(bars, actions, asOf);
  expect(quarantined).toEqual([]);
  return buildPanel(good, equityInstruments(good, [], [], asOf, symbolNames(actions, asOf)), asOf);
};

describe('a change of symbol', () => {
  const one = [change('S001', 15, 'S001X')];
  const bars = asTraded(one);

  test('is one instrument with one history, under the symbol of the day', () => {
    for (const t of [5, 14, 15, 29]) {
      const panel = panelOf(bars, one, DAYS[t]);
      const plain = panelOf(market, [], DAYS[t]);
      expect(panel.symbols).toEqual(['S000', t < 15 ? 'S001' : 'S001X', 'S002']);
      expect({ ...panel, symbols: plain.symbols }).toEqual(plain);
    }
  });

  test('that is still to come changes nothing', () => {
    expect(check(bars, one, DAYS[14])).toEqual(check(bars, [], DAYS[14]));
  });

  test('not declared, is an end and a beginning', () => {
    const panel = panelOf(bars, [], DAYS[29]);
    expect(panel.symbols).toEqual(['S000', 'S001', 'S001X', 'S002']);
  });

  test('may be followed by others, even back to a symbol of before', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 1, max: 28 }), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 0, max: 29 }),
        (days, t) => {
          const steps = [...days].sort((a, b) => a - b);
          const symbols = ['S001', 'S001X', 'S001Y', 'S001', 'S001Z'];
          const changes = steps.map((day, i) => change(symbols[i], day, symbols[i + 1]));
          const panel = panelOf(asTraded(changes), changes, DAYS[t]);
          const plain = panelOf(market, [], DAYS[t]);
          expect(panel.symbols[1]).toBe(symbols[steps.filter((day) => day <= t).length]);
          expect({ ...panel, symbols: plain.symbols }).toEqual(plain);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('to a symbol that another instrument had keeps that one’s bars out, or under the symbol it is given', () => {
    const other = market.filter(({ symbol, date }) => symbol === 'S002' && date < DAYS[12]);
    const reused = [...bars, ...other.map((bar) => ({ ...bar, symbol: 'S001X' }))];
    const { bars: good, quarantined } = check(reused, one, DAYS[29]);
    expect(new Set(quarantined.map(({ reason, symbol }) => `${reason} ${symbol}`))).toEqual(
      new Set(['SYMBOL_REUSED S001X']),
    );
    expect(quarantined).toHaveLength(12);
    expect(good.close).toEqual(check(bars, one, DAYS[29]).bars.close);
    const moved = panelOf(reused, [change('S001X', 12, 'OTHER'), ...one], DAYS[29]);
    expect(moved.symbols).toEqual(['OTHER', 'S000', 'S001X', 'S002']);
  });

  test('to the symbol of one that has ended does not end it too', () => {
    const other = market.filter(({ symbol, date }) => symbol === 'S002' && date < DAYS[12]);
    const reused = [...bars, ...other.map((bar) => ({ ...bar, symbol: 'S001X' }))];
    const end = { date: DAYS[12], kind: 'delisting' as const, successor: null, value: 0 };
    const batches = [parseBarsCsv(csvOf(reused), 'bars.csv')];
    const lifeEnds = new Map([['S001X', end.date]]);
    const checked = (asOf: string) =>
      checkBars(batches, { calendar: 'XNYS', asOf, members: null, actions: one, lifeEnds });
    const { bars: good } = checked(DAYS[29]);
    expect(good.close).toEqual(check(bars, one, DAYS[29]).bars.close);
    const listed = [{ ...equityInstruments(good, [], [], DAYS[29])[1], events: [end] }];
    const eventsOf = (asOf: string) =>
      equityInstruments(checked(asOf).bars, listed, [], asOf, symbolNames(one, asOf)).find(
        ({ symbol }) => symbol === 'S001X',
      )?.events;
    expect([eventsOf(DAYS[14]), eventsOf(DAYS[15])]).toEqual([[end], []]);
  });

  test('to a symbol that another had is no revision of that one', () => {
    const other = market.filter(({ symbol, date }) => symbol === 'S002' && date < DAYS[12]);
    const reused = [...bars, ...other.map((bar) => ({ ...bar, symbol: 'S001X' }))];
    const [before, now] = [check(reused, one, DAYS[14]).bars, check(reused, one, DAYS[15]).bars];
    expect(reviseBars(renameBars(before, symbolNames(one, DAYS[15]), DAYS[14]), now, DAYS[14], DAYS[15])).toEqual([]);
  });

  test('frees the old symbol for another instrument', () => {
    const later = market.filter(({ symbol, date }) => symbol === 'S002' && date >= DAYS[20]);
    const taken = [...bars, ...later.map((bar) => ({ ...bar, symbol: 'S001' }))];
    const panel = panelOf(taken, one, DAYS[29]);
    expect(panel.symbols).toEqual(['S000', 'S001', 'S001X', 'S002']);
    expect([0, 19, 20].map((t) => panel.listed[t * 4 + 1])).toEqual([0, 0, 1]);
  });

  test('leaves the name that a ledger has for it, whoever takes the old symbol later', () => {
    const later = market.filter(({ symbol, date }) => symbol === 'S002' && date >= DAYS[20]);
    const taken = [...bars, ...later.map((bar) => ({ ...bar, symbol: 'S001' }))];
    const namesAt = (t: number) => {
      const { bars: good } = check(taken, one, DAYS[t]);
      return lastingNames(equityInstruments(good, [], [], DAYS[t], symbolNames(one, DAYS[t])));
    };
    expect(namesAt(14)).toEqual(new Map());
    expect(namesAt(19)).toEqual(new Map([['S001X', 'S001']]));
    expect(namesAt(29)).toEqual(
      new Map([
        ['S001X', 'S001'],
        ['S001', 'S001#2'],
      ]),
    );
  });

  test('carries actions that come under the old symbol, on the day of the change too', () => {
    const actions = [
      { ...one[0], dividend: 0.4 },
      { ...change('S001', 7, ''), newSymbol: undefined, dividend: 0.2 },
    ];
    const { bars: good } = check(bars, actions, DAYS[29]);
    const paid = [...good.symbol.keys()].filter((row) => good.dividend?.[row]);
    expect(paid.map((row) => [good.symbol[row], good.date[row], good.dividend?.[row]])).toEqual([
      ['S001X', DAYS[7], 0.2],
      ['S001X', DAYS[15], 0.4],
    ]);
  });

  test('leaves a member a member, and what is known of it', () => {
    const { bars: good } = check(bars, one, DAYS[29], ['S001']);
    expect([...new Set(good.symbol)]).toEqual(['S001X']);
    const reference: EquityReference[] = [{ symbol: 'S001', name: 'One Inc.', kind: 'etf', sector: 'tools' }];
    expect(equityInstruments(good, [], reference, DAYS[29], symbolNames(one, DAYS[29]))).toMatchObject([
      { symbol: 'S001X', name: 'One Inc.', group: 'tools', formerly: [{ symbol: 'S001', until: DAYS[15] }] },
    ]);
    const names = symbolNames(one, DAYS[29]);
    const table = {
      series: ['equity', 'equity'],
      symbol: ['S001', 'S001'],
      eventDate: [DAYS[1], DAYS[2]],
      knownDate: [DAYS[3], DAYS[16]],
      value: Float64Array.of(1, 2),
    };
    expect(renameFigures(table, names, () => false)?.symbol).toEqual(['S001X', 'S001X']);
    // The second is of whoever has the old symbol then, if anybody has.
    expect(renameFigures(table, names, () => true)?.symbol).toEqual(['S001X', 'S001']);
    const taken = symbolNames([...one, change('ZZZ', 16, 'S001')], DAYS[29]);
    expect(renameFigures(table, taken, () => false)?.symbol).toEqual(['S001X', 'S001']);
    expect(renameMemberships([{ symbol: 'S001', index: 'I', from: DAYS[2], to: null }], names)).toMatchObject([
      { symbol: 'S001X' },
    ]);
  });

  test.each([
    [[change('A', 5, 'B'), change('A', 5, 'C')], 'A to C', 'A to B'],
    [[change('A', 5, 'C'), change('B', 5, 'C')], 'B to C', 'A to C'],
  ])('that contradicts another is refused', (changes, value, other) => {
    expect(() => symbolNames(changes, DAYS[29])).toThrow(
      expect.objectContaining({
        code: 'SYMBOL_CHANGE_CONFLICT',
        facts: { field: 'new_symbol', date: DAYS[5], value, other },
      }),
    );
    expect(symbolNames(changes, DAYS[4])).toBeNull();
    expect(symbolNames([changes[0], changes[0]], DAYS[5])?.nameOf('A', DAYS[0])).toBe(changes[0].newSymbol);
  });
});
