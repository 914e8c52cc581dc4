import { expect, test } from '@jest/globals';
import { NEIGHBOURS, PAGERANK_HISTORY } from '../queries/groups.ts';
import type { CypherRunner } from '../queries/statement.ts';
import type { GraphSnapshot } from './asset-graph.ts';
import { readRiskGroups } from './risk-groups.ts';

test('neighbourhoods of more rows than a call takes arguments', async () => {
  const asOf = '2020-03-31';
  const near = Array.from({ length: 200_000 }, (_, i) => ({ asOf, hub: 'HUB', symbol: `S${i}` }));
  const answers: Record<string, unknown[]> = { [PAGERANK_HISTORY]: [{ asOf, symbol: 'HUB' }], [NEIGHBOURS]: near };
  const runner = { read: async ({ text }: { text: string }) => answers[text] ?? [] } as unknown as CypherRunner;
  const members = [{ symbol: 'HUB' }] as unknown as GraphSnapshot['members'];
  const snapshots = [{ asOf, members }] as unknown as GraphSnapshot[];
  const graph = { universe: 'one', assets: [], categories: [], suppliers: [], snapshots };
  const { neighbourhoods } = await readRiskGroups(runner, graph, { hubDecile: 0.9, hubsBy: 'pageRank' });
  expect(neighbourhoods[asOf].HUB).toHaveLength(200_001);
});
