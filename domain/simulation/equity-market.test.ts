import { describe, expect, test } from '@jest/globals';
import { buildPanel } from '../market/build-panel.ts';
import { equityInstruments } from '../market/equities.ts';
import { instrumentSchema } from '../market/instrument.ts';
import { simulateEquityMarket } from './equity-market.ts';

const market = simulateEquityMarket({ seed: 13, assets: 48, sessions: 4_700, start: '2006-01-03' });
const { bars, instruments, fundamentals, sessions } = market;
const end = sessions[sessions.length - 1];
const panel = buildPanel(bars, instruments, end);
const A = panel.symbols.length;
const paths = new Map(
  panel.symbols.map((symbol, a) => [
    symbol,
    panel.dates.flatMap((_, t) => (panel.tradable[t * A + a] ? [panel.returns[t * A + a]] : [])),
  ]),
);
const pathOf = (symbol: string): number[] => paths.get(symbol) ?? [];
const mean = (x: readonly number[]) => x.reduce((sum, v) => sum + v, 0) / x.length;
function moment(x: readonly number[], k: number): number {
  const centre = mean(x);
  return mean(x.map((v) => (v - centre) ** k));
}
function correlation(x: readonly number[], y: readonly number[]): number {
  const [centreX, centreY] = [mean(x), mean(y)];
  return mean(x.map((v, i) => (v - centreX) * (y[i] - centreY))) / Math.sqrt(moment(x, 2) * moment(y, 2));
}

describe('a simulated equity market', () => {
  test('is the same for the same seed', () => {
    const options = { seed: 3, assets: 12, sessions: 300, start: '2020-01-02' };
    expect(simulateEquityMarket(options)).toEqual(simulateEquityMarket(options));
    expect(simulateEquityMarket({ ...options, seed: 4 }).bars.close).not.toEqual(
      simulateEquityMarket(options).bars.close,
    );
  });

  test('has companies in sectors, funds made of them, suppliers, and valid instruments', () => {
    expect(instruments).toHaveLength(48);
    for (const instrument of instruments) expect(() => instrumentSchema.parse(instrument)).not.toThrow();
    expect(instruments.filter(({ kind }) => kind === 'etf')).toHaveLength(9);
    expect(market.supplyChain.length).toBeGreaterThan(20);
    const symbols = new Set(instruments.map(({ symbol }) => symbol));
    for (const { supplier, customer } of market.supplyChain) {
      expect(symbols.has(supplier) && symbols.has(customer) && supplier !== customer).toBe(true);
      expect(instruments.find(({ symbol }) => symbol === customer)?.reference.suppliers).toContain(supplier);
    }
  });

  test('has whole bars: positive, open and close within low and high', () => {
    let bad = 0;
    for (let i = 0; i < bars.symbol.length; i++) {
      const [open, high, low, close] = [bars.open[i], bars.high[i], bars.low[i], bars.close[i]];
      if (!(low > 0 && low <= Math.min(open, close) && high >= Math.max(open, close) && bars.volume[i] >= 0)) bad++;
    }
    expect(bad).toBe(0);
  });

  test('a split or a dividend leaves no mark on total returns', () => {
    const splits = market.actions.filter(({ split }) => split !== 1);
    expect(splits.length).toBeGreaterThan(5);
    for (const { symbol, date, split } of splits) {
      const at = panel.dates.indexOf(date) * A + panel.symbols.indexOf(symbol);
      const quoted = panel.close[at] / panel.close[at - A];
      expect(Math.abs(panel.returns[at])).toBeLessThan(0.25);
      expect(Math.abs(Math.log(quoted * split))).toBeLessThan(0.25);
    }
    const exDays = market.actions
      .filter(({ dividend }) => dividend > 0)
      .map(({ symbol, date }) => panel.returns[panel.dates.indexOf(date) * A + panel.symbols.indexOf(symbol)]);
    expect(Math.abs(mean(exDays))).toBeLessThan(0.002);
  });

  test('funds follow their members', () => {
    const technology = instruments
      .filter(({ group, kind }) => group === 'technology' && kind === 'equity')
      .map(({ symbol }) => pathOf(symbol));
    const whole = technology.filter((path) => path.length === panel.dates.length);
    const average = panel.dates.map((_, t) => mean(whole.map((path) => path[t])));
    expect(correlation(pathOf('XTEC'), average)).toBeGreaterThan(0.8);
  });

  test('has the habits of markets: fat tails, volatility that clusters, sectors that move together', () => {
    const fund = pathOf('XMKT');
    const volatility = Math.sqrt(252 * moment(fund, 2));
    expect(volatility).toBeGreaterThan(0.1);
    expect(volatility).toBeLessThan(0.3);
    expect(moment(fund, 4) / moment(fund, 2) ** 2).toBeGreaterThan(4);
    const size = fund.map(Math.abs);
    expect(correlation(size.slice(0, -1), size.slice(1))).toBeGreaterThan(0.1);
    expect(Math.abs(correlation(fund.slice(0, -1), fund.slice(1)))).toBeLessThan(0.1);
    expect(correlation(pathOf('ENE01'), pathOf('ENE02'))).toBeGreaterThan(
      correlation(pathOf('ENE01'), pathOf('HLT01')),
    );
  });

  test('suppliers follow their customers by a day', () => {
    const leads = market.supplyChain.flatMap(({ supplier, customer }) => {
      const [late, early] = [pathOf(supplier), pathOf(customer)];
      const whole = late.length === panel.dates.length && early.length === panel.dates.length;
      return whole ? [correlation(early.slice(0, -1), late.slice(1))] : [];
    });
    expect(mean(leads)).toBeGreaterThan(0.02);
  });

  test('volume is high when prices move', () => {
    const a = panel.symbols.indexOf('XMKT');
    const volume = panel.dates.map((_, t) => Math.log(panel.volume[t * A + a]));
    expect(correlation(pathOf('XMKT').map(Math.abs), volume)).toBeGreaterThan(0.3);
  });

  test('companies end: for cash, for shares of another, or in failure', () => {
    const events = instruments.flatMap((instrument) => instrument.events);
    expect(new Set(events.map(({ kind, successor }) => `${kind} ${successor === null}`))).toEqual(
      new Set(['delisting true', 'merger false']),
    );
    const { exits } = panel;
    expect(exits).toHaveLength(events.length);
    expect(exits.some(({ finalReturn }) => finalReturn < -0.8)).toBe(true);
    for (const { finalReturn, successor } of exits) if (successor >= 0) expect(Math.abs(finalReturn)).toBeLessThan(0.2);
  });

  test('an ending is not known before its date', () => {
    const ended = instruments.find(({ events }) => events.length > 0)!;
    const eventDate = ended.events[0].date;
    const dayBefore = sessions[sessions.indexOf(eventDate) - 1];
    const known = (asOf: string) =>
      equityInstruments(bars, instruments, [], asOf).find(({ symbol }) => symbol === ended.symbol)?.events;
    expect(known(dayBefore)).toEqual([]);
    expect(known(eventDate)).toEqual(ended.events);
  });

  test('reports come weeks after their quarter, some are restated, none is early', () => {
    const lags = fundamentals.symbol.map(
      (_, i) => sessions.indexOf(fundamentals.knownDate[i]) - sessions.indexOf(fundamentals.eventDate[i]),
    );
    expect(Math.min(...lags)).toBeGreaterThanOrEqual(15);
    expect([...fundamentals.knownDate].sort()).toEqual(fundamentals.knownDate);
    const income = Array.from(fundamentals.value.keys()).filter((row) => fundamentals.series[row] === 'netIncome');
    const keys = income.map((row) => `${fundamentals.symbol[row]} ${fundamentals.eventDate[row]}`);
    const restated = keys.length - new Set(keys).size;
    expect(restated / keys.length).toBeGreaterThan(0.01);
    expect(restated / keys.length).toBeLessThan(0.08);
  });

  test('needs at least two assets', () => {
    expect(() => simulateEquityMarket({ seed: 1, assets: 1, sessions: 100, start: '2020-01-02' })).toThrow(
      expect.objectContaining({ code: 'SIMULATION_SETTINGS' }),
    );
  });
});
