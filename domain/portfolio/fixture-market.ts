import { dayNumber, isoOfDay, weekdayOfDay } from '../market/days.ts';
import type { MarketPanel, PanelExit } from '../market/panel.ts';
import { createRandom } from '../simulation/random.ts';

/** Working days from 2001-01-01 on, ISO, without holidays. */
export function workingDays(count: number): string[] {
  const dates: string[] = [];
  for (let day = dayNumber(2001, 1, 1); dates.length < count; day += 1)
    if (weekdayOfDay(day) < 5) dates.push(isoOfDay(day));
  return dates;
}

export interface FixtureOptions {
  sessions: number;
  assets: number;
  seed?: number;
  /** Daily volatility of asset 0; each further one is a tenth more volatile. */
  volatility?: number;
  exits?: PanelExit[];
  /** [t, asset] pairs without a bar. */
  halts?: readonly (readonly [number, number])[];
  /** First session of an asset; default 0. */
  listedFrom?: Record<number, number>;
  volume?: number;
}

/** A small random market for tests: two groups, one common factor, everything listed unless said otherwise. */
export function fixtureMarket(options: FixtureOptions): MarketPanel {
  const { sessions, assets, seed = 1, volatility = 0.01, exits = [] } = options;
  const random = createRandom(seed);
  const size = sessions * assets;
  const panel = {
    dates: workingDays(sessions),
    symbols: Array.from({ length: assets }, (_, a) => `A${String(a).padStart(2, '0')}`),
    groups: Array.from({ length: assets }, (_, a) => (a % 2 === 0 ? 'even' : 'odd')),
    close: new Float64Array(size).fill(100),
    returns: new Float64Array(size),
    tradable: new Uint8Array(size).fill(1),
    listed: new Uint8Array(size).fill(1),
    volume: new Float64Array(size).fill(options.volume ?? Number.NaN),
    exits,
  };
  for (let t = 1; t < sessions; t += 1) {
    const common = random.normal();
    for (let a = 0; a < assets; a += 1) {
      panel.returns[t * assets + a] = volatility * (1 + a / 10) * (0.5 * common + 0.8 * random.normal());
    }
  }
  const blank = (t: number, a: number, listed: 0 | 1): void => {
    panel.tradable[t * assets + a] = 0;
    panel.listed[t * assets + a] = listed;
    panel.returns[t * assets + a] = 0;
    panel.close[t * assets + a] = Number.NaN;
  };
  for (const [t, a] of options.halts ?? []) blank(t, a, 1);
  for (const [a, from] of Object.entries(options.listedFrom ?? {}))
    for (let t = 0; t < from; t += 1) blank(t, Number(a), 0);
  for (const { t, asset } of exits) for (let s = t; s < sessions; s += 1) blank(s, asset, 0);
  for (let t = 1; t < sessions; t += 1) {
    for (let a = 0; a < assets; a += 1) {
      const before = panel.close[(t - 1) * assets + a];
      if (panel.tradable[t * assets + a] === 1 && Number.isFinite(before))
        panel.close[t * assets + a] = before * (1 + panel.returns[t * assets + a]);
    }
  }
  return panel;
}
