import * as load from '../queries/load.ts';
import { SNAPSHOTS } from '../queries/read.ts';
import type { CypherRunner } from '../queries/statement.ts';
import { type AssetGraph, type CorrelationEdge, validToOf } from './asset-graph.ts';
import { Fence } from './fence.ts';
import { contentHash, LAYER_SNAPSHOTS, layersHash } from './snapshot-hash.ts';
import { assetId, namedId, syncMemberships, syncNamed, syncReference } from './sync-links.ts';
import { writeRows } from './write-rows.ts';

export { writeRows } from './write-rows.ts';

type Head = { asOf: string; validTo: string; hash: string; layersHash: string };

/** {@link whileLoaded} with nothing to do then: how many snapshots were written. */
export const syncGraph = (runner: CypherRunner, graph: AssetGraph, windowDays: number): Promise<number> =>
  whileLoaded(runner, graph, windowDays, async (written) => written);

/**
 * Make the store hold exactly this graph for its universe, and do something while it does. Snapshots that it holds already (same hash) are
 * left alone, so a new day costs a new day's work; a snapshot's hashes are written last, so a run that was killed half-way is finished
 * by the next one.
 *
 * @param then is given how many snapshots were written, and by what to write more: it writes nothing once another load has begun. What it
 * reads is of this graph, or the load is refused.
 * @throws ProductError GRAPH_LOAD_OVERTAKEN (refused) when another load of the universe began before `then` was done.
 */
export async function whileLoaded<T>(
  runner: CypherRunner,
  graph: AssetGraph,
  windowDays: number,
  then: (written: number, loading: CypherRunner) => Promise<T>,
): Promise<T> {
  const fence = new Fence(runner, graph.universe);
  await fence.begin();
  const plan = await planOf(fence, graph, windowDays);
  await removeStale(fence, graph.universe, plan);
  await syncReference(fence, graph);
  const series = graph.snapshots.flatMap(({ macro, exposures }) => [...macro, ...exposures].map((row) => row.series));
  await syncNamed(fence, graph.universe, 'MacroSeries', series);
  await writeSnapshots(fence, graph, plan, windowDays);
  await syncMemberships(fence, graph);
  await closeMoved(fence, graph, plan);
  const changed = new Set([...plan.fresh, ...plan.layers, ...plan.moved]);
  await writeRows(fence, load.MERGE_SNAPSHOTS, rowsOf(graph, [...changed], plan.wanted));
  const result = then(plan.fresh.length, fence);
  // of a graph that another load is changing anything may be wrong: that it was overtaken is then what to say
  await result.catch(() => undefined);
  await fence.end();
  return result;
}

/** Indices of snapshots. */
interface Plan {
  /** What the store shall hold, one for each snapshot. */
  wanted: Head[];
  /** Not held, or with other content. */
  fresh: number[];
  /** Layers not held, or with other content, or to be taken out. */
  layers: number[];
  /** Held, but ending on another day. */
  moved: number[];
  /** Dates that the store holds and the graph does not. */
  gone: string[];
}

async function planOf(runner: CypherRunner, { universe, snapshots }: AssetGraph, windowDays: number): Promise<Plan> {
  const known = await runner.read<Head>({ text: SNAPSHOTS, parameters: { universe } });
  const held = new Map(known.map((row) => [row.asOf, row]));
  const wanted = snapshots.map((snapshot, i) => ({
    asOf: snapshot.asOf,
    validTo: validToOf(snapshots, i),
    hash: contentHash(snapshot, windowDays),
    layersHash: i >= snapshots.length - LAYER_SNAPSHOTS ? layersHash(snapshot) : '',
  }));
  const where = (test: (want: Head, have: Head | undefined) => boolean): number[] =>
    wanted.flatMap((want, i) => (test(want, held.get(want.asOf)) ? [i] : []));
  const dates = new Set(snapshots.map(({ asOf }) => asOf));
  return {
    wanted,
    fresh: where((want, have) => have?.hash !== want.hash),
    layers: where((want, have) => have?.hash !== want.hash || have.layersHash !== want.layersHash),
    moved: where((want, have) => have?.hash === want.hash && have.validTo !== want.validTo),
    gone: known.filter(({ asOf }) => !dates.has(asOf)).map(({ asOf }) => asOf),
  };
}

async function removeStale(runner: CypherRunner, universe: string, plan: Plan): Promise<void> {
  const datesOf = (indices: number[]) => indices.map((i) => plan.wanted[i].asOf);
  const write = async (text: string, dates: string[]) => {
    if (dates.length > 0) await runner.write({ text, parameters: { universe, dates } });
  };
  await write(load.MARK_SNAPSHOTS, [...plan.gone, ...datesOf([...plan.layers, ...plan.moved])]);
  const stale = [...plan.gone, ...datesOf(plan.fresh)];
  await write(load.DELETE_CORRELATED, stale);
  await write(load.DELETE_LAYERS, datesOf(plan.layers));
  await write(load.DELETE_EXPOSED_TO, [...plan.gone, ...datesOf(plan.layers)]);
  await write(load.DELETE_SNAPSHOTS, stale);
}

const snapshotId = (universe: string, asOf: string): string => `${universe}|${asOf}`;

const rowsOf = ({ universe, snapshots }: AssetGraph, indices: number[], heads: readonly Head[]) =>
  indices.map((i) => ({
    id: snapshotId(universe, snapshots[i].asOf),
    universe,
    ...heads[i],
    regime: snapshots[i].regime,
  }));

async function writeSnapshots(runner: CypherRunner, graph: AssetGraph, plan: Plan, windowDays: number): Promise<void> {
  const { universe, snapshots } = graph;
  const id = (symbol: string) => assetId(universe, symbol);
  const period = (i: number) => ({ validFrom: snapshots[i].asOf, validTo: plan.wanted[i].validTo });
  const unfinished = plan.wanted.map((head) => ({ ...head, hash: '', layersHash: '' }));
  await writeRows(runner, load.MERGE_SNAPSHOTS, rowsOf(graph, plan.fresh, unfinished));
  const members = plan.fresh.flatMap((i) =>
    snapshots[i].members.map(({ symbol, rank, microstructure, pageRank, betweenness, core }) => ({
      asset: id(symbol),
      snapshot: snapshotId(universe, snapshots[i].asOf),
      ...period(i),
      rank,
      microstructure,
      pageRank,
      betweenness,
      core,
    })),
  );
  await writeRows(runner, load.MERGE_IN_SNAPSHOT, members);
  const ends = (edge: CorrelationEdge) => ({ ...edge, source: id(edge.source), target: id(edge.target) });
  const main = plan.fresh.flatMap((i) => snapshots[i].edges.map((edge) => ({ ...ends(edge), ...period(i) })));
  await writeRows(runner, load.MERGE_MAIN, main, { sessions: windowDays });
  const kept = plan.layers.filter((i) => plan.wanted[i].layersHash !== '');
  const layers = kept.flatMap((i) => snapshots[i].layers.map((edge) => ({ ...edge, ...ends(edge), ...period(i) })));
  await writeRows(runner, load.MERGE_CORRELATED, layers);
  await writeMacro(runner, graph, plan, kept);
}

async function writeMacro(
  runner: CypherRunner,
  { universe, snapshots }: AssetGraph,
  plan: Plan,
  kept: number[],
): Promise<void> {
  const seriesId = (series: string) => namedId(universe, 'MacroSeries', series);
  const period = (i: number) => ({ validFrom: snapshots[i].asOf, validTo: plan.wanted[i].validTo });
  const observed = plan.fresh.flatMap((i) =>
    snapshots[i].macro.map(({ series, ...value }) => ({
      snapshot: snapshotId(universe, snapshots[i].asOf),
      series: seriesId(series),
      ...value,
      ...period(i),
    })),
  );
  await writeRows(runner, load.MERGE_OBSERVED, observed);
  const exposures = kept.flatMap((i) =>
    snapshots[i].exposures.map(({ symbol, series, strength }) => ({
      asset: assetId(universe, symbol),
      series: seriesId(series),
      strength,
      ...period(i),
    })),
  );
  await writeRows(runner, load.MERGE_EXPOSED_TO, exposures);
}

async function closeMoved(runner: CypherRunner, { universe }: AssetGraph, plan: Plan): Promise<void> {
  for (const i of plan.moved) {
    const parameters = { universe, asOf: plan.wanted[i].asOf, validTo: plan.wanted[i].validTo };
    for (const text of [load.CLOSE_CORRELATED, load.CLOSE_IN_SNAPSHOT, load.CLOSE_OBSERVED, load.CLOSE_EXPOSED_TO]) {
      await runner.write({ text, parameters });
    }
  }
}
