import { badInput } from '../errors.ts';
import { percentile } from '../metrics/percentile.ts';
import { sharpe } from '../metrics/sharpe.ts';
import type { Random } from '../simulation/random.ts';

export interface BootstrapOptions {
  samples: number;
  /** Length of a block (circular), or its mean (stationary), in sessions. */
  blockDays: number;
  random: Random;
  /** `stationary`: geometric block lengths (Politis and Romano 1994); `circular`: fixed (Politis and Romano 1992). Both wrap round. */
  kind?: 'stationary' | 'circular';
  /** Coverage of the two-sided interval. */
  confidence?: number;
}

export interface BootstrapInterval {
  /** Of the data themselves. */
  difference: number;
  lower: number;
  upper: number;
  /** Share of samples with a difference above 0. */
  probabilityBetter: number;
}

/**
 * Interval of the difference of annual Sharpe ratios, first less second, of two policies over the same sessions: both are resampled
 * by the same blocks, so what they share (the market) drops out (Ledoit and Wolf 2008). null where a ratio is not defined.
 */
export function pairedBlockBootstrap(
  first: Float64Array,
  second: Float64Array,
  options: BootstrapOptions,
): BootstrapInterval | null {
  const n = first.length;
  if (second.length !== n)
    throw badInput('BOOTSTRAP_LENGTH', 'The two policies are not of the same sessions', {
      facts: { first: n, second: second.length },
    });
  const difference = sharpeDifference(first, second);
  if (difference === null) return null;
  const a = new Float64Array(n);
  const b = new Float64Array(n);
  const draws: number[] = [];
  for (let i = 0; i < options.samples; i += 1) {
    resample(n, options, (to, from) => {
      a[to] = first[from];
      b[to] = second[from];
    });
    const draw = sharpeDifference(a, b);
    if (draw !== null) draws.push(draw);
  }
  const tail = 50 * (1 - (options.confidence ?? 0.9));
  const lower = percentile(draws, tail);
  const upper = percentile(draws, 100 - tail);
  if (lower === null || upper === null) return null;
  return { difference, lower, upper, probabilityBetter: draws.filter((d) => d > 0).length / draws.length };
}

function sharpeDifference(first: Float64Array, second: Float64Array): number | null {
  const a = sharpe(first);
  const b = sharpe(second);
  return a === null || b === null ? null : a - b;
}

/** One resample of `n` sessions in blocks: `copy(to, from)` for each place. */
export function resample(
  n: number,
  { blockDays, random, kind = 'stationary' }: Omit<BootstrapOptions, 'samples' | 'confidence'>,
  copy: (to: number, from: number) => void,
): void {
  let from = 0;
  let left = 0;
  for (let to = 0; to < n; to += 1) {
    const starts = kind === 'circular' ? left === 0 : to === 0 || random.uniform() < 1 / blockDays;
    if (starts) {
      from = random.integer(n);
      left = blockDays;
    }
    copy(to, from);
    from = from + 1 === n ? 0 : from + 1;
    left -= 1;
  }
}
