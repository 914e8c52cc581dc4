import { badInput } from '../errors.ts';
import type { Trial } from '../lineage/model.ts';
import type { Algorithm } from '../training/settings.ts';

/** The part of a profile that the plan is made from. */
export interface WalkForwardPlan {
  windows: number;
  testDays: number;
  /** null: from the first session on (expanding). */
  trainDays: number | null;
  /** Sessions left out before the test, because labels or features of the training sessions reach into it. */
  purgeDays: number;
  /** Sessions left out on top, because returns are autocorrelated. */
  embargoDays: number;
  seeds: number;
  /** Learners that train on each window and seed: the challengers' first, then its peer. @default PPO alone */
  algorithms?: readonly Algorithm[];
}

/** Sessions that the features look back at most: no training sample exists before them. */
const WARM_UP_DAYS = 252;
/** Fewer usable training sessions than this teach nothing. */
const MIN_TRAIN_DAYS = 252;

/**
 * The training plan: the baseline first, then windows x seeds. The last window ends at the last session; each window tests the
 * `testDays` sessions after the window before it, and trains on what ends `purgeDays + embargoDays` sessions earlier. Windows
 * that leave fewer than 252 usable training sessions (after 252 of warm-up) are left out, the oldest first; with none left the
 * plan is the baseline alone.
 *
 * The baseline learns nothing: its train range only names the sessions of its normaliser; it is tested over all windows.
 * @param dates sessions, ascending.
 */
export function walkForwardTrials(dates: readonly string[], plan: WalkForwardPlan): Trial[] {
  if (dates.length < 2) {
    throw badInput('WALK_FORWARD_NO_HISTORY', 'There is too little history for any plan', {
      facts: { sessions: dates.length },
      remedy: 'Import at least two sessions.',
    });
  }
  const windows = windowsOf(dates.length, plan);
  const seeds = Array.from({ length: plan.seeds }, (_, s) => s + 1);
  const trained = windows.flatMap((range, window) =>
    seeds.flatMap((seed) =>
      (plan.algorithms ?? ['ppo']).map((kind): Trial => ({ kind, window, seed, ...named(dates, range) })),
    ),
  );
  return [{ kind: 'baseline', window: 0, seed: 0, ...named(dates, baselineRange(dates.length, windows)) }, ...trained];
}

interface Range {
  trainFrom: number;
  trainTo: number;
  testFrom: number;
  testTo: number;
}

const named = (dates: readonly string[], range: Range): Pick<Trial, keyof Range> => ({
  trainFrom: dates[range.trainFrom],
  trainTo: dates[range.trainTo],
  testFrom: dates[range.testFrom],
  testTo: dates[range.testTo],
});

function windowsOf(sessions: number, plan: WalkForwardPlan): Range[] {
  const windows: Range[] = [];
  for (let k = plan.windows; k >= 1; k -= 1) {
    const testFrom = sessions - k * plan.testDays;
    const trainTo = testFrom - plan.purgeDays - plan.embargoDays - 1;
    const trainFrom = plan.trainDays === null ? 0 : Math.max(0, trainTo - plan.trainDays - WARM_UP_DAYS + 1);
    if (trainTo - trainFrom + 1 < WARM_UP_DAYS + MIN_TRAIN_DAYS) continue;
    windows.push({ trainFrom, trainTo, testFrom, testTo: testFrom + plan.testDays - 1 });
  }
  return windows;
}

/** Normaliser from before the first test, test over all windows; without windows the second half of what there is. */
function baselineRange(sessions: number, windows: readonly Range[]): Range {
  const first = windows[0];
  if (first) return { ...first, testTo: sessions - 1 };
  const testFrom = Math.max(1, Math.floor(sessions / 2));
  return { trainFrom: 0, trainTo: testFrom - 1, testFrom, testTo: sessions - 1 };
}
