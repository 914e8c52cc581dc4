import { expect, test } from '@jest/globals';
import { loadSettings } from '../../config/load.ts';
import { graphExposures } from './graph-exposures.ts';

const { limits } = loadSettings({ root: new URL('../../', import.meta.url).pathname }).universe;
const GROUPS = {
  hubs: { '2024-01-02': ['A'], '2024-04-02': ['B'], '2024-07-02': ['C'] },
  illiquid: { '2024-04-02': ['C', 'D'] },
  communities: { '2024-04-02': { '0': ['A'], '1': ['B', 'C'], '2': ['D'], '3': ['E'] } },
};
const BOOK = { A: 1000, B: 2000, C: 500, CASH: 6500 };

test('what the book holds of the groups known on the day, beside their caps, the heaviest communities first', () => {
  const shown = graphExposures(BOOK, GROUPS, { ...limits, maxCommunityWeight: 0.3 }, '2024-07-01');
  expect(shown).toEqual([
    { name: 'graph hubs', members: ['B'], weightBps: 2000, cap: limits.maxHubWeight },
    { name: 'least liquid assets', members: ['C', 'D'], weightBps: 500, cap: limits.maxIlliquidWeight },
    { name: 'community 1', members: ['B', 'C'], weightBps: 2500, cap: 0.3 },
    { name: 'community 0', members: ['A'], weightBps: 1000, cap: 0.3 },
    { name: 'community 2', members: ['D'], weightBps: 0, cap: 0.3 },
  ]);
  expect(graphExposures(BOOK, GROUPS, limits, '2024-07-01')[2].cap).toBeNull();
});

test('before the first snapshot there is none', () => {
  expect(graphExposures(BOOK, GROUPS, limits, '2024-01-01')).toEqual([]);
});
