import { describe, expect, test } from '@jest/globals';
import { workingDays } from '../portfolio/fixture-market.ts';
import { walkForwardTrials } from './walk-forward.ts';

const plan = { windows: 3, testDays: 100, trainDays: null, purgeDays: 21, embargoDays: 5, seeds: 2 };
const dates = workingDays(1500);
const at = (date: string): number => dates.indexOf(date);

describe('the walk-forward plan', () => {
  const trials = walkForwardTrials(dates, plan);

  test('puts the baseline first, then every seed of every window', () => {
    expect(trials.map(({ kind, window, seed }) => `${kind} ${window} ${seed}`)).toEqual([
      'baseline 0 0',
      'ppo 0 1',
      'ppo 0 2',
      'ppo 1 1',
      'ppo 1 2',
      'ppo 2 1',
      'ppo 2 2',
    ]);
  });

  test('ends at the last session, windows touch and never overlap', () => {
    const windows = trials.filter(({ seed }) => seed === 1);
    expect(windows.at(-1)?.testTo).toBe(dates.at(-1));
    windows.forEach(({ testFrom, testTo }, k) => {
      expect(at(testTo) - at(testFrom) + 1).toBe(100);
      if (k > 0) expect(at(testFrom)).toBe(at(windows[k - 1].testTo) + 1);
    });
  });

  test('leaves purge and embargo between training and test', () => {
    for (const { trainFrom, trainTo, testFrom } of trials) {
      expect(at(testFrom) - at(trainTo) - 1).toBe(26);
      expect(trainFrom).toBe(dates[0]);
    }
  });

  test('rolls when trainDays is given, warm-up on top', () => {
    for (const { trainFrom, trainTo } of walkForwardTrials(dates, { ...plan, trainDays: 400 })) {
      expect(at(trainTo) - at(trainFrom) + 1).toBe(400 + 252);
    }
  });

  test('tests the baseline over all windows, its normaliser fitted before the first', () => {
    const [baseline, first] = trials;
    expect(baseline).toEqual({ ...first, kind: 'baseline', window: 0, seed: 0, testTo: dates.at(-1) });
  });

  test('leaves out windows without enough training history, the oldest first', () => {
    const windows = (sessions: number): number[] => [
      ...new Set(
        walkForwardTrials(dates.slice(0, sessions), plan)
          .filter(({ kind }) => kind === 'ppo')
          .map(({ testFrom }) => sessions - at(testFrom)),
      ),
    ];
    expect(windows(504 + 26 + 300)).toEqual([300, 200, 100]);
    expect(windows(504 + 26 + 299)).toEqual([200, 100]);
    expect(windows(504 + 26 + 100)).toEqual([100]);
  });

  test('is the baseline alone with too little history, and says so with none', () => {
    const [baseline, ...rest] = walkForwardTrials(dates.slice(0, 600), plan);
    expect(rest).toEqual([]);
    expect(baseline).toEqual({
      kind: 'baseline',
      window: 0,
      seed: 0,
      trainFrom: dates[0],
      trainTo: dates[299],
      testFrom: dates[300],
      testTo: dates[599],
    });
    expect(() => walkForwardTrials(dates.slice(0, 1), plan)).toThrow(
      expect.objectContaining({ code: 'WALK_FORWARD_NO_HISTORY', kind: 'badInput' }),
    );
  });
});
