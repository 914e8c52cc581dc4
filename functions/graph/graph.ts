import { z } from 'zod';
import type { Settings } from '../../config/schema.ts';
import { artifactRefSchema } from '../../domain/lineage/manifest.ts';
import { presentSymbols } from '../../domain/market/symbol-names.ts';
import type { AssetGraph } from '../../graph/etl/asset-graph.ts';
import { buildAssetGraph, type GraphOptions, type StatedRelations } from '../../graph/etl/build.ts';
import { barRanges } from '../../graph/etl/microstructure.ts';
import { readAssetGraph } from '../../graph/etl/read-back.ts';
import { parseHoldings, parseSuppliers, type SetAsideRow } from '../../graph/etl/relation-files.ts';
import { readRiskGroups } from '../../graph/etl/risk-groups.ts';
import { graphSize } from '../../graph/etl/size.ts';
import { whileLoaded } from '../../graph/etl/sync.ts';
import { loadDataset } from '../artifacts/dataset.ts';
import { writeGraph } from '../artifacts/graph.ts';
import { runSchema } from '../contracts.ts';
import { defineStage } from '../middleware/stage.ts';

const input = runSchema.extend({ ingest: z.object({ dataset: artifactRefSchema }) });

/** The dataset as a knowledge graph: loaded through Cypher, read back, and what was read is the artifact. */
export const graphStage = defineStage({
  name: 'graph',
  input,
  needs: ['settings', 'store', 'graph', 'progress'],
  isFinal: () => true,
  async run({ strategy, universe, date, ingest }, ports) {
    const { store, graph: runner, settings, progress } = ports;
    const { panel, instruments, macro } = await loadDataset(store, strategy, ingest.dataset);
    const options = graphOptions(universe, settings);
    const assets = instruments.filter(({ symbol }) => panel.symbols.includes(symbol));
    const { relations, setAside } = relationsOf(settings, presentSymbols(assets), date);
    const built = buildAssetGraph(panel, instruments, { ...options, relations, macro, ranges: barRanges(panel) });
    const aside = setAside.length > 0 ? `, ${setAside.length} rows set aside: ${setAside[0].symbol} ...` : '';
    progress({ step: 0, total: built.snapshots.length, unit: 'snapshot', message: `loading the graph${aside}` });
    await runner.applySchema();
    const { everySessions, hubDecile, hubsBy, neighbourhoodHops } = settings.profile.graph;
    const { graph, groups } = await whileLoaded(runner, built, options.windowDays, async () => {
      const graph = withAllLayers(await readAssetGraph(runner, universe, options.windowDays), built);
      return { graph, groups: await readRiskGroups(runner, graph, { hubDecile, hubsBy, neighbourhoodHops }) };
    });
    const { nodes, relationships } = graphSize(graph);
    const facts = {
      universe,
      date,
      windowDays: options.windowDays,
      threshold: options.threshold,
      everySessions,
      hubDecile,
      snapshots: graph.snapshots.length,
      nodes,
      relationships,
      setAside: setAside.length,
    };
    const ref = await writeGraph(store, strategy, ingest.dataset, { graph, groups, setAside, facts });
    progress({ step: graph.snapshots.length, total: graph.snapshots.length, unit: 'snapshot' });
    return { graph: ref, nodes, relationships, setAside: setAside.length };
  },
});

/** What a person's files say by a day, and the rows of them that name other assets. */
function relationsOf(
  { relations }: Settings,
  known: ReadonlyMap<string, string>,
  date: string,
): { relations: StatedRelations; setAside: SetAsideRow[] } {
  const { suppliers, holdings } = relations ?? { suppliers: null, holdings: null };
  const bought = suppliers && parseSuppliers(suppliers.text, suppliers.file, known, date);
  const held = holdings && parseHoldings(holdings.text, holdings.file, known, date);
  return {
    relations: { suppliers: bought?.suppliers ?? [], holdings: held?.categories ?? [] },
    setAside: [...(bought?.setAside ?? []), ...(held?.setAside ?? [])],
  };
}

/** Of older snapshots the store has no layers and exposures: those as they were built. */
const withAllLayers = (held: AssetGraph, built: AssetGraph): AssetGraph => ({
  ...held,
  snapshots: held.snapshots.map((snapshot, i) => {
    const { layers, exposures } = built.snapshots[i];
    return { ...snapshot, layers, exposures };
  }),
});

/** The graph's options out of the settings; the assumed spread is the cost model's. */
export function graphOptions(universe: string, { universe: config, profile }: Settings): GraphOptions {
  const { slippageBps, slippageOverrides } = config.costs;
  return {
    universe,
    windowDays: profile.graph.correlationDays,
    threshold: profile.graph.correlationThreshold,
    everySessions: profile.graph.everySessions,
    hasVolume: config.hasVolume,
    assumedSpreadBps: (symbol) => slippageOverrides[symbol] ?? slippageBps,
  };
}
