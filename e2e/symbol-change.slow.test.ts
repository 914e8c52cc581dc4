import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { csvOf, fixtureBars } from '../domain/market/bars-fixture.ts';
import type { DailyDocument } from '../local/daily.ts';
import { type ImportedHome, importedHome } from './imported-home.ts';

const SESSIONS = 520;
const bars = fixtureBars({ symbols: 6, sessions: SESSIONS, seed: 11 }).map((bar, row) => {
  // a market that rises, so that the baseline is let through
  const grown = (price: number): number => Number((price * Math.exp(0.0025 * (row % SESSIONS))).toPrecision(6));
  const { open, high, low, close } = bar;
  return { ...bar, open: grown(open), high: grown(high), low: grown(low), close: grown(close) };
});
const DATES = bars.slice(0, SESSIONS).map(({ date }) => date);
const change = DATES.at(-2) as string;

let home: ImportedHome;
let days: DailyDocument[];
beforeAll(() => {
  const traded = bars.map((bar) => ({
    ...bar,
    symbol: bar.symbol === 'S003' && bar.date >= change ? 'META' : bar.symbol,
  }));
  home = importedHome({
    'bars.csv': csvOf(traded),
    'actions.csv': `symbol,date,dividend,split,new_symbol\nS003,${change},0,1,META\n`,
  });
  days = DATES.slice(-4).map((date) => JSON.parse(home.drl('run', 'daily', '--date', date)) as DailyDocument);
}, 300_000);
afterAll(() => home.close());

test('a position is held through a change of symbol, in the book and in its lane of the ledger, and proved', () => {
  const decisions = days.map(({ decision }) => decision);
  expect(decisions[1]?.weightsBps.S003).toBeGreaterThan(500);
  expect(decisions[2]?.previousBps.META).toBe(decisions[1]?.weightsBps.S003);
  expect(decisions[2]?.weightsBps.META).toBeGreaterThan(500);
  expect(decisions[2]?.weightsBps.S003).toBeUndefined();
  const { state } = JSON.parse(home.drl('chain', 'status')) as {
    state: { epoch: number; weightsBps: Record<string, number> };
  };
  expect(state.epoch).toBe(4);
  expect(state.weightsBps.S003).toBe(decisions[3]?.weightsBps.META);
  expect(Object.keys(state.weightsBps)).not.toContain('META');
  for (const day of days)
    expect(JSON.parse(home.drl('verify', String(day.decision?.hash)))).toMatchObject({ ok: true });
});
