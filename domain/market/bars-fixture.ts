import { createRandom, type Random } from '../simulation/random.ts';
import { sessionsBetween } from './calendar.ts';

/** A row of a file of bars, as text will have it. */
export interface FixtureBar {
  symbol: string;
  date: string;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
}

export const FIXTURE_HEADER = 'symbol,date,open,high,low,close,volume';
const SESSIONS = sessionsBetween('XNYS', '2015-01-01', '2019-12-31');
const round = (value: number): number => Number(value.toPrecision(6));

/** Bars of an invented market on the sessions of New York: daily moves of 1.5 %, volumes that vary by half, prices from 20 to 400. */
export function fixtureBars(options: { symbols: number; sessions: number; seed: number }): FixtureBar[] {
  const random = createRandom(options.seed);
  const dates = SESSIONS.slice(0, options.sessions);
  const bars: FixtureBar[] = [];
  for (let s = 0; s < options.symbols; s++) {
    const symbol = `S${String(s).padStart(3, '0')}`;
    const trade = Math.exp(12 + 3 * random.uniform());
    let close = 20 * Math.exp(3 * random.uniform());
    for (const date of dates) {
      const bar = nextBar(random, close, trade);
      bars.push({ symbol, date, ...bar });
      close = bar.close;
    }
  }
  return bars;
}

function nextBar(random: Random, last: number, trade: number): Omit<FixtureBar, 'symbol' | 'date'> {
  const open = round(last * Math.exp(0.005 * random.normal()));
  const close = round(open * Math.exp(0.014 * random.normal()));
  const high = round(Math.max(open, close) * (1 + 0.01 * random.uniform()));
  const low = round(Math.min(open, close) * (1 - 0.01 * random.uniform()));
  return { open, high, low, close, volume: Math.round(trade * Math.exp(0.35 * random.normal())) };
}

export const lineOf = (bar: FixtureBar): string =>
  [bar.symbol, bar.date, bar.open, bar.high, bar.low, bar.close, bar.volume].join(',');

export const csvOf = (bars: readonly FixtureBar[]): string => `${[FIXTURE_HEADER, ...bars.map(lineOf)].join('\n')}\n`;

export const cleanBars = (options: { symbols: number; sessions: number; seed: number }): string =>
  csvOf(fixtureBars(options));
