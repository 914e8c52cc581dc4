import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { averageLinkage } from './average-linkage.ts';
import { NO_LABELS, stableLabels } from './stable-labels.ts';

describe('average linkage', () => {
  test('blocks of likeness are the clusters, up to the least average', () => {
    const block = [0, 0, 1, 1, 1, 2];
    const likeness = Float64Array.from({ length: 36 }, (_, k) => {
      const [i, j] = [Math.floor(k / 6), k % 6];
      return i === j ? 1 : block[i] === block[j] ? 0.6 : block[i] + block[j] === 1 ? 0.2 : -0.1;
    });
    expect([...averageLinkage(likeness, 6, 0.3)]).toEqual(block);
    expect([...averageLinkage(likeness, 6, 0.15)]).toEqual([0, 0, 0, 0, 0, 1]);
    expect([...averageLinkage(likeness, 6, 0.7)]).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test('the average over pairs decides, not the nearest pair', () => {
    // 0-1 are alike; 2 is like 1 alone: its average with {0, 1} is 0.25
    const likeness = Float64Array.of(1, 0.9, 0, 0.9, 1, 0.5, 0, 0.5, 1);
    expect([...averageLinkage(likeness, 3, 0.3)]).toEqual([0, 0, 1]);
    expect([...averageLinkage(likeness, 3, 0.25)]).toEqual([0, 0, 0]);
  });
});

describe('stable labels', () => {
  const members = ['A', 'B', 'C', 'D', 'E'];
  const first = stableLabels(members, [0, 0, 1, 1, 1], NO_LABELS);

  test('the same clusters in other numbers keep their labels', () => {
    expect(first.labels).toEqual([0, 0, 1, 1, 1]);
    expect(stableLabels(members, [7, 7, 3, 3, 3], first.memory).labels).toEqual([0, 0, 1, 1, 1]);
  });

  test('a member that moves takes the other label; a cluster that splits off gets a new one, never one used before', () => {
    const second = stableLabels(members, [0, 0, 0, 1, 1], first.memory);
    expect(second.labels).toEqual([0, 0, 0, 1, 1]);
    const third = stableLabels(members, [0, 0, 0, 0, 0], second.memory);
    expect(third.labels).toEqual([0, 0, 0, 0, 0]);
    expect(stableLabels(members, [0, 0, 0, 1, 1], third.memory).labels).toEqual([0, 0, 0, 2, 2]);
  });

  test('a member that was away is remembered', () => {
    const away = stableLabels(members, [0, -1, 1, 1, 1], first.memory);
    expect(away.labels).toEqual([0, -1, 1, 1, 1]);
    expect(stableLabels(members, [-1, 0, 1, 1, 1], away.memory).labels).toEqual([-1, 0, 1, 1, 1]);
  });

  test('any history: labels tell apart what the clusters tell apart', () => {
    const clusters = fc.array(fc.integer({ min: -1, max: 3 }), { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(clusters, { minLength: 1, maxLength: 6 }), (days) => {
        let memory = NO_LABELS;
        for (const day of days) {
          const { labels, memory: after } = stableLabels(members, day, memory);
          memory = after;
          for (const i of members.keys()) {
            for (const j of members.keys()) expect(labels[i] === labels[j]).toBe(day[i] === day[j]);
          }
        }
      }),
      { numRuns: 100 },
    );
  });
});
