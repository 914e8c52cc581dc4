import { badInput } from '../errors.ts';
import { interquartileMean } from '../metrics/interquartile-mean.ts';
import { percentile } from '../metrics/percentile.ts';
import { sharpe } from '../metrics/sharpe.ts';
import { type BootstrapInterval, type BootstrapOptions, resample } from './bootstrap.ts';

/** Net returns of a policy by seed, all over the same sessions. A policy that has no seed (a baseline) has one series. */
export interface SeededReturns {
  readonly name: string;
  readonly seeds: readonly Float64Array[];
}

/** The interquartile mean over seeds of the annual Sharpe ratio, of the data and of each resample; null where no seed has a ratio. */
export interface SharpeDraws {
  readonly name: string;
  readonly estimate: number | null;
  readonly draws: readonly (number | null)[];
}

export interface SharpeInterval {
  estimate: number;
  lower: number;
  upper: number;
}

/**
 * Two-level bootstrap: each resample draws blocks of days, the same for all policies and all their seeds (the market is common to them),
 * and then, for each policy by itself, seeds with replacement (Agarwal et al. 2021, over days as well). So an interval covers both the
 * market's chance and the seeds', and a difference between two policies is paired by days. With few seeds the second level is too narrow
 * by a factor of about sqrt((S - 1) / S).
 */
export function seedBootstrap(
  policies: readonly SeededReturns[],
  options: Omit<BootstrapOptions, 'confidence'>,
): SharpeDraws[] {
  const n = policies[0]?.seeds[0]?.length ?? 0;
  const odd = policies.find(({ seeds }) => seeds.length === 0 || seeds.some((returns) => returns.length !== n));
  if (odd)
    throw badInput('BOOTSTRAP_LENGTH', 'The policies are not of the same sessions', {
      facts: { policy: odd.name, sessions: n, series: odd.seeds.map((returns) => returns.length) },
    });
  const days = new Int32Array(n);
  const series = new Float64Array(n);
  const draws: (number | null)[][] = policies.map(() => []);
  for (let sample = 0; sample < options.samples; sample++) {
    resample(n, options, (to, from) => {
      days[to] = from;
    });
    policies.forEach(({ seeds }, p) => {
      const ratios = seeds.map((returns) => {
        for (let t = 0; t < n; t++) series[t] = returns[days[t]];
        return sharpe(series);
      });
      draws[p].push(
        middle(seeds.length === 1 ? ratios : ratios.map(() => ratios[options.random.integer(ratios.length)])),
      );
    });
  }
  return policies.map(({ name, seeds }, p) => ({
    name,
    estimate: middle(seeds.map((r) => sharpe(r))),
    draws: draws[p],
  }));
}

const middle = (ratios: readonly (number | null)[]): number | null =>
  interquartileMean(ratios.filter((ratio) => ratio !== null));

/** Percentile interval of the ratio. null where it is not defined. */
export function sharpeInterval({ estimate, draws }: SharpeDraws, confidence = 0.9): SharpeInterval | null {
  return interval(estimate, draws, confidence);
}

/** The same of the difference first less second, from the same resampled days. */
export function differenceInterval(
  first: SharpeDraws,
  second: SharpeDraws,
  confidence = 0.9,
): BootstrapInterval | null {
  const less = (a: number | null, b: number | null): number | null => (a === null || b === null ? null : a - b);
  const draws = first.draws.map((a, i) => less(a, second.draws[i]));
  const found = interval(less(first.estimate, second.estimate), draws, confidence);
  if (found === null) return null;
  const known = draws.filter((d) => d !== null);
  const probabilityBetter = known.filter((d) => d > 0).length / known.length;
  return { difference: found.estimate, lower: found.lower, upper: found.upper, probabilityBetter };
}

function interval(
  estimate: number | null,
  draws: readonly (number | null)[],
  confidence: number,
): SharpeInterval | null {
  const known = draws.filter((draw) => draw !== null);
  const tail = 50 * (1 - confidence);
  const [lower, upper] = [percentile(known, tail), percentile(known, 100 - tail)];
  return estimate === null || lower === null || upper === null ? null : { estimate, lower, upper };
}
