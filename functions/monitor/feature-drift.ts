import type { FeatureTensor } from '../../domain/features/spec.ts';
import type { Trial } from '../../domain/lineage/model.ts';
import { adjustHolm, testDrift } from '../../domain/monitoring/drift.ts';
import type { DriftReport, FeatureDrift } from '../../domain/monitoring/monitor.ts';

const WINDOW_SESSIONS = 63;
const LEAST_WINDOW = 21;
const LEAST_REFERENCE = 252;

/** Each session's mean and spread over the assets whose feature is known; sessions without two such assets are left out. */
function daily(
  tensor: FeatureTensor,
  column: number,
  from: number,
  to: number,
): { mean: Float64Array; spread: Float64Array } {
  const assets = tensor.symbols.length;
  const width = tensor.columns.length;
  const mean: number[] = [];
  const spread: number[] = [];
  for (let t = from; t < to; t++) {
    let n = 0;
    let sum = 0;
    let squares = 0;
    for (let a = 0; a < assets; a++) {
      const x = tensor.values[(t * assets + a) * width + column];
      if (Number.isNaN(x)) continue;
      n += 1;
      sum += x;
      squares += x * x;
    }
    if (n < 2) continue;
    const m = sum / n;
    mean.push(m);
    spread.push(Math.sqrt(Math.max(0, squares / n - m * m)));
  }
  return { mean: Float64Array.from(mean), spread: Float64Array.from(spread) };
}

/** A statistic that never varies in the reference but for rounding (a cross-sectional rank has mean 0) tells nothing. */
function varies(series: Float64Array): boolean {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  let size = 0;
  for (const x of series) {
    low = Math.min(low, x);
    high = Math.max(high, x);
    size = Math.max(size, Math.abs(x));
  }
  return high - low > 1e-4 * Math.max(size, 1e-3);
}

/**
 * The last 63 sessions of every feature against the sessions that the champion was trained on (those before the window), as
 * two series each: the mean over assets and the spread across them. Alarms at Holm-adjusted p below the threshold, so the
 * chance of any false alarm on a day is at most that.
 */
export function featureDrift(tensor: FeatureTensor, date: string, trial: Trial, threshold: number): DriftReport {
  const end = tensor.dates.indexOf(date) + 1;
  const start = Math.max(0, end - WINDOW_SESSIONS);
  const from = tensor.dates.findIndex((day) => day >= trial.trainFrom);
  let to = Math.max(from, 0);
  while (to < start && tensor.dates[to] <= trial.trainTo) to += 1;
  const facts = {
    threshold,
    referenceFrom: tensor.dates[from] ?? null,
    referenceTo: tensor.dates[to - 1] ?? null,
    windowFrom: tensor.dates[start] ?? null,
    windowTo: end > 0 ? date : null,
  };
  const tests: Omit<FeatureDrift, 'adjusted' | 'drifted'>[] = [];
  tensor.columns.forEach((feature, column) => {
    const reference = daily(tensor, column, Math.max(0, from), to);
    const window = daily(tensor, column, start, end);
    for (const statistic of ['mean', 'spread'] as const) {
      if (
        reference[statistic].length < LEAST_REFERENCE ||
        window[statistic].length < LEAST_WINDOW ||
        !varies(reference[statistic])
      )
        continue;
      tests.push({
        feature,
        of: statistic,
        ...testDrift(reference[statistic], window[statistic], column * 2 + (statistic === 'mean' ? 0 : 1)),
      });
    }
  });
  if (tests.length === 0) {
    return {
      assessed: false,
      reason: `Fewer than ${LEAST_REFERENCE} sessions of training or ${LEAST_WINDOW} of window with known features`,
      ...facts,
      features: [],
    };
  }
  const adjusted = adjustHolm(tests.map((test) => test.pValue));
  const features = tests.map((test, i) => ({ ...test, adjusted: adjusted[i], drifted: adjusted[i] < threshold }));
  return {
    assessed: true,
    reason: null,
    ...facts,
    features: features.sort((a, b) => a.adjusted - b.adjusted || b.ks - a.ks),
  };
}
