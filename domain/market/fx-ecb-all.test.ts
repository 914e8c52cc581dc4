import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { BarTable } from './bar.ts';
import { buildPanel } from './build-panel.ts';
import { CURRENCY_BLOCS, currencyInstruments, parseCurrencyReference } from './currencies.ts';
import { type EcbRates, ecbToBars, parseEcbCsv } from './ecb.ts';
import type { MarketPanel } from './panel.ts';
import type { ParsedBars } from './parsed-bars.ts';
import { checkBars } from './quality.ts';

const data = (name: string) => readFileSync(new URL(`../../data/${name}`, import.meta.url));
const reference = parseCurrencyReference(data('fx_currencies.csv').toString(), 'fx_currencies.csv');
let rates: EcbRates;
let parsed: ParsedBars;
const made = new Map<string, ReturnType<typeof makePanel>>();

/** The panel as of a date; the tests share it. */
function panelOn(asOf: string): ReturnType<typeof makePanel> {
  const known = made.get(asOf) ?? makePanel(asOf);
  made.set(asOf, known);
  return known;
}

function makePanel(asOf: string): { panel: MarketPanel; bars: BarTable; quarantined: number } {
  const { bars, quarantined } = checkBars([parsed], {
    calendar: 'TARGET',
    asOf,
    members: null,
    lifeEnds: new Map(reference.flatMap(({ code, event }) => (event ? [[code, event.date]] : []))),
  });
  return {
    panel: buildPanel(bars, currencyInstruments(bars, reference, asOf), asOf),
    bars,
    quarantined: quarantined.length,
  };
}

/** Units per euro as the file has them. */
function rateOf(currency: string, date: string): number {
  return rates.rates[rates.dates.indexOf(date) * rates.currencies.length + rates.currencies.indexOf(currency)];
}
const usdPerUnit = (currency: string, date: string): number =>
  rateOf('USD', date) / (currency === 'EUR' ? 1 : rateOf(currency, date));

const at = (panel: MarketPanel, date: string, symbol: string): number =>
  panel.dates.indexOf(date) * panel.symbols.length + panel.symbols.indexOf(symbol);

/** Held, not tradable, earning nothing. */
const isHalted = (panel: MarketPanel, i: number): boolean =>
  panel.tradable[i] === 0 && panel.listed[i] === 1 && panel.returns[i] === 0;

beforeAll(() => {
  rates = parseEcbCsv(gunzipSync(data('ecb_fx_reference_rates.csv.gz')).toString(), 'ecb_fx_reference_rates.csv.gz');
  parsed = ecbToBars(rates, 'USD', null);
});

/** Code, last fixing, first session after, successor, units of the successor for one unit. */
const ENDINGS: [string, string, string, string, number][] = [
  ['TRL', '2004-12-31', '2005-01-03', 'TRY', 1 / 1_000_000],
  ['ROL', '2005-06-30', '2005-07-01', 'RON', 1 / 10_000],
  ['SIT', '2006-12-29', '2007-01-02', 'EUR', 1 / 239.64],
  ['CYP', '2007-12-31', '2008-01-02', 'EUR', 1 / 0.585274],
  ['MTL', '2007-12-31', '2008-01-02', 'EUR', 1 / 0.4293],
  ['SKK', '2008-12-31', '2009-01-02', 'EUR', 1 / 30.126],
  ['EEK', '2010-12-31', '2011-01-03', 'EUR', 1 / 15.6466],
  ['LVL', '2013-12-31', '2014-01-02', 'EUR', 1 / 0.702804],
  ['LTL', '2014-12-31', '2015-01-02', 'EUR', 1 / 3.4528],
  ['HRK', '2022-12-30', '2023-01-02', 'EUR', 1 / 7.5345],
  ['BGN', '2025-12-31', '2026-01-02', 'EUR', 1 / 1.95583],
];

describe('all 41 currencies, point in time', () => {
  test('the bundled file passes every contract', () => {
    const { panel, bars, quarantined } = panelOn('2026-10-30');
    expect(quarantined).toBe(0);
    expect(panel.symbols).toHaveLength(41);
    expect(panel.dates).toHaveLength(7126);
    expect(bars.symbol.length).toBe(221_702);
    expect(
      panel.exits.map(({ t, asset, successor }) => [panel.symbols[asset], panel.dates[t], panel.symbols[successor]]),
    ).toEqual(ENDINGS.map(([code, , date, successor]) => [code, date, successor]));
  });

  test('every holder of a merged or redenominated currency has the same value before and after', () => {
    const { panel } = panelOn('2026-10-30');
    ENDINGS.forEach(([code, last, first, successor, units], i) => {
      const exit = panel.exits[i];
      const value = 1_000 * usdPerUnit(code, last) * (1 + exit.finalReturn);
      expect(value / (1_000 * units * usdPerUnit(successor, first))).toBeCloseTo(1, 12);
      expect(panel.listed[at(panel, last, code)]).toBe(1);
      expect(panel.listed[at(panel, first, code)]).toBe(0);
      // A currency does not leap at its own end: what the holder earns is the move of the successor.
      expect(Math.abs(exit.finalReturn)).toBeLessThan(0.02);
    });
  });

  test('a pegged currency merges at its peg: the kroon at 15.6466', () => {
    const { panel } = panelOn('2011-01-03');
    const euroMove = usdPerUnit('EUR', '2011-01-03') / usdPerUnit('EUR', '2010-12-31') - 1;
    expect(panel.exits.at(-1)?.finalReturn).toBeCloseTo(euroMove, 12);
  });

  test.each(['2006-12-29', '2008-12-31', '2010-12-31', '2022-12-30'])(
    'on %s the adoptions to come are not known',
    (date) => {
      const { panel, bars } = panelOn(date);
      const known = ENDINGS.filter(([, , first]) => first <= date).map(([code]) => code);
      expect(panel.exits.map(({ asset }) => panel.symbols[asset])).toEqual(known);
      const instruments = currencyInstruments(bars, reference, date);
      expect(instruments.flatMap(({ symbol, events }) => events.map(() => symbol)).sort()).toEqual([...known].sort());
      expect(instruments.every(({ lastDate }) => lastDate <= date)).toBe(true);
    },
  );

  test('1999-2009: joiners enter with their first fixing', () => {
    const { panel } = panelOn('2009-12-31');
    expect(panel.symbols).toHaveLength(40); // ILS joins in 2011
    const firstListed = (symbol: string) =>
      panel.dates.find((_, t) => panel.listed[t * panel.symbols.length + panel.symbols.indexOf(symbol)] === 1);
    expect(['JPY', 'BGN', 'TRY', 'CNY', 'RON', 'BRL', 'INR'].map(firstListed)).toEqual([
      '1999-01-04',
      '2000-07-19',
      '2005-01-03',
      '2005-04-01',
      '2005-07-01',
      '2008-01-02',
      '2009-01-02',
    ]);
  });

  test('the krona is halted for nine years, held at its last price, and its whole move falls on its return', () => {
    const { panel } = panelOn('2018-02-02');
    const [lastBar, back] = [panel.dates.indexOf('2008-12-09'), panel.dates.indexOf('2018-02-01')];
    const [A, isk] = [panel.symbols.length, panel.symbols.indexOf('ISK')];
    const between = panel.dates.map((_, t) => t).filter((t) => t > lastBar && t < back);
    expect(between).toHaveLength(2_341);
    expect(between.every((t) => isHalted(panel, t * A + isk))).toBe(true);
    expect(panel.returns[back * A + isk]).toBeCloseTo(
      usdPerUnit('ISK', '2018-02-01') / usdPerUnit('ISK', '2008-12-09') - 1,
      12,
    );
    expect(panel.tradable[back * A + isk]).toBe(1);
  });

  test('2022: the rouble is halted from 2 March on and does not come back', () => {
    const { panel } = panelOn('2022-12-30');
    const [A, rub] = [panel.symbols.length, panel.symbols.indexOf('RUB')];
    const halted = panel.dates.indexOf('2022-03-02');
    expect(panel.tradable[(halted - 1) * A + rub]).toBe(1);
    expect(panel.dates.every((_, t) => t < halted || isHalted(panel, t * A + rub))).toBe(true);
    expect(panel.exits.some(({ asset }) => asset === rub)).toBe(false);
  });

  test('shocks are where history has them', () => {
    const { panel } = panelOn('2022-12-30');
    expect(panel.returns[at(panel, '2015-01-15', 'CHF')]).toBeGreaterThan(0.1);
    expect(panel.returns[at(panel, '2016-06-24', 'GBP')]).toBeLessThan(-0.05);
    expect(panel.returns[at(panel, '2021-12-21', 'TRY')]).toBeGreaterThan(0.2);
  });

  test('every currency has a bloc', () => {
    const { panel } = panelOn('2026-10-30');
    expect(new Set(panel.groups)).toEqual(new Set(Object.keys(CURRENCY_BLOCS)));
  });
});

describe('the reference table', () => {
  const HEADER = 'currency,name,status,euro_conversion_rate';
  test.each([
    ['XXX,X,adopted euro 2011-01-01,', 'euro_conversion_rate'],
    ['XXX,X,adopted euro 2011-01-01,-1', 'euro_conversion_rate'],
    ['XXX,X,adopted euro 2011-13-01,2', 'status'],
    ['XXX,X,adopted the euro,2', 'status'],
    ['XXX,X,"redenominated 2005-07-01, 0 XXX = 1 YYY",', 'status'],
    ['XXX,X,"redenominated 2005-07-01, 10 ZZZ = 1 YYY",', 'status'],
  ])('%s is an error', (line, field) => {
    expect(() => parseCurrencyReference(`${HEADER}\n${line}\n`, 'ref.csv')).toThrow(
      expect.objectContaining({ code: 'CURRENCY_REFERENCE', facts: expect.objectContaining({ line: 2, field }) }),
    );
  });
});
