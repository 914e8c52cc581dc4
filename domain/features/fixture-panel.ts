import type { MarketPanel } from '../market/panel.ts';
import { createRandom } from '../simulation/random.ts';

export interface PanelFixture {
  seed: number;
  sessions: number;
  assets: number;
  /** Asset -> first session with a bar. */
  listedFrom?: Record<number, number>;
  /** Asset -> session from which it is no longer listed. */
  listedUntil?: Record<number, number>;
  /** [asset, first session, sessions] without a bar. */
  halts?: [number, number, number][];
}

/** A seeded market for tests: two groups with a common factor each, one traded value a bar, halts and lives as asked for. */
export function fixturePanel(fixture: PanelFixture): MarketPanel {
  const { sessions, assets, listedFrom = {}, listedUntil = {}, halts = [] } = fixture;
  const random = createRandom(fixture.seed);
  const size = sessions * assets;
  const panel = {
    close: new Float64Array(size).fill(Number.NaN),
    returns: new Float64Array(size),
    tradable: new Uint8Array(size),
    listed: new Uint8Array(size),
    volume: new Float64Array(size).fill(Number.NaN),
  };
  const price = new Float64Array(assets).fill(100);
  const last = new Float64Array(assets);
  for (let t = 0; t < sessions; t++) {
    const factors = [random.normal() * 0.008, random.normal() * 0.008];
    for (let a = 0; a < assets; a++) {
      price[a] *= 1 + factors[a % 2] + random.normal() * 0.006 * (1 + a / assets);
      const traded = 1e6 * (1 + a) * Math.exp(random.normal() * 0.3);
      const i = t * assets + a;
      if (t < (listedFrom[a] ?? 0) || t >= (listedUntil[a] ?? sessions)) continue;
      panel.listed[i] = 1;
      if (halts.some(([asset, from, length]) => asset === a && t >= from && t < from + length)) continue;
      panel.tradable[i] = 1;
      panel.close[i] = price[a];
      panel.volume[i] = traded;
      if (last[a] > 0) panel.returns[i] = price[a] / last[a] - 1;
      last[a] = price[a];
    }
  }
  const symbols = Array.from({ length: assets }, (_, a) => `S${String(a).padStart(2, '0')}`);
  return {
    dates: Array.from({ length: sessions }, (_, t) => sessionDate(t)),
    symbols,
    groups: symbols.map((_, a) => `group${a % 2}`),
    ...panel,
    exits: [],
  };
}

/** The t-th calendar day from 2000-01-01, by the civil calendar. */
function sessionDate(t: number): string {
  const leap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  let year = 2000;
  let day = t;
  for (; day >= (leap(year) ? 366 : 365); year++) day -= leap(year) ? 366 : 365;
  const months = [31, leap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  let month = 0;
  for (; day >= months[month]; month++) day -= months[month];
  return `${year}-${String(month + 1).padStart(2, '0')}-${String(day + 1).padStart(2, '0')}`;
}
