import { MIN_COVERAGE } from '../../domain/features/asset-series.ts';
import type { MarketPanel } from '../../domain/market/panel.ts';

/** Sessions that are averaged, and the past that the average is ranked in. */
const AVERAGE_DAYS = 21;
const PAST_DAYS = 252;

/** [T, A] ln(high / low) of each bar, which splits leave alone; NaN without a bar. null where no bar has a range (reference rates). */
export function barRanges({ high, low }: Pick<MarketPanel, 'high' | 'low'>): Float64Array | null {
  if (!high || !low) return null;
  const ranges = high.map((price, i) => Math.log(price / low[i]));
  return ranges.some((range) => range > 0) ? ranges : null;
}

/**
 * Microstructure regimes of assets beside their own past year: the mean range of the last 21 sessions, which widens with the spread, as
 * `tight`, `normal` or `wide` by thirds of the last 252 such means; with volume also the mean traded value, as `thin`, `normal` or `heavy`:
 * `wide-thin`. Until a bar has a range the size of the return takes its place. `unknown` until half a year of means is known.
 */
export function microstructureRegimes(
  panel: MarketPanel,
  ranges: Float64Array | null,
  hasVolume: boolean,
): (asset: number, t: number) => string {
  const size = panel.symbols.length;
  const meansOf = (value: (i: number) => number) =>
    panel.symbols.map((_, a) =>
      rollingMean(panel.dates.length, (t) => {
        const i = t * size + a;
        return panel.tradable[i] === 0 ? Number.NaN : value(i);
      }),
    );
  // before the first range nobody knew that bars would have any
  const first = ranges ? Math.floor(ranges.findIndex((range) => range > 0) / size) : panel.dates.length;
  const ofRanges = ranges && meansOf((i) => ranges[i]);
  const ofReturns = first > 0 ? meansOf((i) => Math.abs(panel.returns[i])) : null;
  const traded = hasVolume
    ? panel.symbols.map((_, a) => rollingMean(panel.dates.length, (t) => panel.volume[t * size + a]))
    : null;
  return (asset, t) => {
    const means = (t < first ? ofReturns : ofRanges) as NonNullable<typeof ofRanges>;
    const spread = thirdOf(means[asset], t, ['tight', 'normal', 'wide']);
    const volume = traded && thirdOf(traded[asset], t, ['thin', 'normal', 'heavy']);
    if (spread === null || (traded && volume === null)) return 'unknown';
    return volume ? `${spread}-${volume}` : spread;
  };
}

/** Mean of the known values of the last 21 sessions; NaN with fewer than 80 % of them. */
function rollingMean(sessions: number, value: (t: number) => number): (t: number) => number {
  const values = Float64Array.from({ length: sessions }, (_, t) => value(t));
  const means = values.map((_, t) => {
    let [sum, count] = [0, 0];
    for (let s = t - AVERAGE_DAYS + 1; s <= t; s++) {
      if (!Number.isFinite(values[s])) continue; // before the first session too
      sum += values[s];
      count++;
    }
    return t >= AVERAGE_DAYS - 1 && count >= MIN_COVERAGE * AVERAGE_DAYS ? sum / count : Number.NaN;
  });
  return (t) => means[t];
}

function thirdOf(mean: (t: number) => number, t: number, names: readonly [string, string, string]): string | null {
  const present = mean(t);
  let below = 0;
  let known = 0;
  for (let s = Math.max(0, t - PAST_DAYS + 1); s <= t; s++) {
    const past = mean(s);
    if (Number.isNaN(past)) continue;
    known++;
    if (past < present) below++;
  }
  if (Number.isNaN(present) || known < PAST_DAYS / 2) return null;
  return names[Math.min(2, Math.floor((3 * below) / known))];
}
