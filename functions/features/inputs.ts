import type { FeatureInputs } from '../../domain/features/compute.ts';
import type { GraphHistory } from '../../domain/features/graph-history.ts';
import type { Data } from '../../domain/features/select.ts';
import type { Dataset } from '../artifacts/dataset.ts';
import type { LoadedGraph } from '../artifacts/graph.ts';

/** What features may read of a day's artifacts, in the forms in which they read it. */
export const featureInputs = (
  { fundamentals, macro }: Pick<Dataset, 'fundamentals' | 'macro'>,
  { graph }: LoadedGraph,
  embeddings: FeatureInputs['embeddings'],
): FeatureInputs => ({
  embeddings,
  fundamentals,
  macro,
  graph: graphHistory(graph),
});

const graphHistory = ({ snapshots }: LoadedGraph['graph']): GraphHistory => ({
  dates: snapshots.map(({ asOf }) => asOf),
  snapshots: snapshots.map(({ members, edges }) => ({
    symbols: members.map(({ symbol }) => symbol),
    edges: edges.map(({ source, target, strength }) => ({ source, target, weight: strength / 1e6 })),
  })),
});

/** What the universe has for features to read. Ranges only where volume is: reference rates have neither. */
export function available(inputs: FeatureInputs, hasVolume: boolean): Data {
  const has = new Set<string>(hasVolume ? ['volume', 'range'] : []);
  for (const need of ['embeddings', 'fundamentals', 'macro', 'graph'] as const) if (inputs[need]) has.add(need);
  for (const table of [inputs.fundamentals, inputs.macro]) for (const series of table?.series ?? []) has.add(series);
  return has;
}
