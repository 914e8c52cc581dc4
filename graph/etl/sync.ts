import { hashOf } from '../../domain/lineage/canonical.ts';
import * as load from '../queries/load.ts';
import { SNAPSHOTS } from '../queries/read.ts';
import type { CypherRunner } from '../queries/statement.ts';
import { type AssetGraph, BUCKETS, type GraphSnapshot, validToOf } from './asset-graph.ts';

/** Rows a statement: more slows the embedded engine, fewer cost round trips. */
const BATCH_ROWS = 1000;

/** Name of a snapshot's content. */
export const snapshotHash = (snapshot: GraphSnapshot, windowDays: number): string => hashOf({ snapshot, windowDays });

/**
 * Make the store hold exactly this graph for its universe. Snapshots that it holds already (same hash) are left alone, so a new day
 * costs a new day's work; a snapshot's hash is written last, so a run that was killed half-way is finished by the next one.
 * Returns how many snapshots were written.
 */
export async function syncGraph(runner: CypherRunner, graph: AssetGraph, windowDays: number): Promise<number> {
  const { universe, snapshots } = graph;
  const known = await runner.read<{ asOf: string; validTo: string; hash: string }>({
    text: SNAPSHOTS,
    parameters: { universe },
  });
  const hashes = snapshots.map((snapshot) => snapshotHash(snapshot, windowDays));
  const held = new Map(known.map((row) => [row.asOf, row]));
  const fresh = snapshots.flatMap((snapshot, i) => (held.get(snapshot.asOf)?.hash === hashes[i] ? [] : [i]));
  const wanted = new Set(snapshots.map(({ asOf }) => asOf));
  await deleteSnapshots(runner, universe, [
    ...known.filter(({ asOf }) => !wanted.has(asOf)).map(({ asOf }) => asOf),
    ...fresh.map((i) => snapshots[i].asOf),
  ]);
  await syncAssets(runner, graph);
  await writeSnapshots(runner, graph, fresh, windowDays);
  const moved = snapshots.flatMap((s, i) => {
    const row = held.get(s.asOf);
    return row && row.hash === hashes[i] && row.validTo !== validToOf(snapshots, i) ? [i] : [];
  });
  for (const i of moved) {
    const parameters = { universe, asOf: snapshots[i].asOf, validTo: validToOf(snapshots, i) };
    await runner.write({ text: load.CLOSE_CORRELATED, parameters });
    await runner.write({ text: load.CLOSE_IN_BUCKET, parameters });
  }
  const rows = [...fresh, ...moved].map((i) => ({
    id: `${universe}|${snapshots[i].asOf}`,
    universe,
    asOf: snapshots[i].asOf,
    validTo: validToOf(snapshots, i),
    hash: hashes[i],
  }));
  await writeRows(runner, load.MERGE_SNAPSHOTS, rows);
  return fresh.length;
}

async function deleteSnapshots(runner: CypherRunner, universe: string, dates: string[]): Promise<void> {
  if (dates.length === 0) return;
  for (const text of [load.DELETE_CORRELATED, load.DELETE_IN_BUCKET, load.DELETE_SNAPSHOTS]) {
    await runner.write({ text, parameters: { universe, dates } });
  }
}

async function syncAssets(runner: CypherRunner, graph: AssetGraph): Promise<void> {
  const { universe } = graph;
  const id = (name: string) => `${universe}|${name}`;
  const categoryId = (kind: string, name: string) => `${universe}|${kind}|${name}`;
  const rows = graph.assets.map((asset) => ({ id: id(asset.symbol), universe, ...asset }));
  await runner.write({ text: load.DELETE_OTHER_ASSETS, parameters: { universe, keep: rows.map((row) => row.id) } });
  await writeRows(runner, load.MERGE_ASSETS, rows);
  const categories = new Map(
    graph.categories.map(({ kind, name }) => [
      categoryId(kind, name),
      { id: categoryId(kind, name), universe, kind, name },
    ]),
  );
  await runner.write({ text: load.DELETE_OTHER_CATEGORIES, parameters: { universe, keep: [...categories.keys()] } });
  await writeRows(runner, load.MERGE_CATEGORIES, [...categories.values()]);
  await runner.write({ text: load.DELETE_STATIC_CATEGORIES, parameters: { universe } });
  await writeRows(
    runner,
    load.MERGE_IN_CATEGORY,
    graph.categories.map(({ symbol, kind, name }) => ({ asset: id(symbol), category: categoryId(kind, name) })),
  );
  await runner.write({ text: load.DELETE_STATIC_SUPPLIERS, parameters: { universe } });
  await writeRows(
    runner,
    load.MERGE_SUPPLIED_BY,
    graph.suppliers.map(({ symbol, supplier }) => ({ asset: id(symbol), supplier: id(supplier) })),
  );
  await writeRows(
    runner,
    load.MERGE_BUCKETS,
    BUCKETS.map((name) => ({ id: `${universe}|bucket|${name}`, universe, name })),
  );
}

async function writeSnapshots(
  runner: CypherRunner,
  graph: AssetGraph,
  indices: number[],
  windowDays: number,
): Promise<void> {
  const { universe, snapshots } = graph;
  const period = (i: number) => ({ validFrom: snapshots[i].asOf, validTo: validToOf(snapshots, i) });
  await writeRows(
    runner,
    load.MERGE_IN_BUCKET,
    indices.flatMap((i) =>
      snapshots[i].members.map(({ symbol, bucket, rank }) => ({
        asset: `${universe}|${symbol}`,
        bucket: `${universe}|bucket|${bucket}`,
        ...period(i),
        rank,
      })),
    ),
  );
  await writeRows(
    runner,
    load.MERGE_CORRELATED,
    indices.flatMap((i) =>
      snapshots[i].edges.map(({ source, target, strength }) => ({
        source: `${universe}|${source}`,
        target: `${universe}|${target}`,
        ...period(i),
        strength,
        windowDays,
      })),
    ),
  );
}

/** UNWIND in batches. */
export async function writeRows(runner: CypherRunner, text: string, rows: Record<string, unknown>[]): Promise<void> {
  for (let from = 0; from < rows.length; from += BATCH_ROWS) {
    await runner.write({ text, parameters: { rows: rows.slice(from, from + BATCH_ROWS) } });
  }
}
