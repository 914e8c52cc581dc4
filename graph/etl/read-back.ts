import { ProductError } from '../../domain/errors.ts';
import { CATEGORY_LINKS, LINKS } from '../queries/links.ts';
import * as read from '../queries/read.ts';
import type { CypherRunner } from '../queries/statement.ts';
import { CATEGORIES, CATEGORY_KINDS } from '../schema/schema.ts';
import type {
  AssetGraph,
  AssetNode,
  Bucket,
  CategoryLink,
  CorrelationEdge,
  GraphSnapshot,
  LayerEdge,
  MacroExposure,
  MacroValue,
  Regime,
  SnapshotMember,
  SupplierLink,
} from './asset-graph.ts';
import { membershipIndex } from './memberships.ts';
import { contentHash, layersHash } from './snapshot-hash.ts';
import { namedId } from './sync-links.ts';

/** An interface as a row type: the port asks for an index signature, which interfaces do not have. */
type Row<T> = { [K in keyof T]: T[K] };
type Dated<T> = Row<T> & { asOf: string };
type Head = { asOf: string; regime: Regime; hash: string; layersHash: string };
type MemberRow = Dated<Omit<SnapshotMember, 'bucket' | 'cluster' | 'community'>>;
type LinkRow = { from: string; to: string; validFrom: string; validTo: string };

/**
 * The graph of a universe as the store holds it. Snapshots whose stored hash is not that of their content stop the line. Layers and
 * exposures are those of the newest snapshots; of the others the store has none.
 */
export async function readAssetGraph(runner: CypherRunner, universe: string, windowDays: number): Promise<AssetGraph> {
  const rows = <T extends Record<string, unknown>>(text: string) => runner.read<T>({ text, parameters: { universe } });
  const heads = await rows<Head>(read.SNAPSHOTS);
  const contents = await readContents(runner, universe);
  const snapshots = heads.map((head) => {
    const snapshot = contents(head);
    const layers = head.layersHash === '' ? '' : layersHash(snapshot);
    if (contentHash(snapshot, windowDays) !== head.hash || layers !== head.layersHash)
      throw damaged(universe, head.asOf);
    return snapshot;
  });
  return {
    universe,
    assets: await rows<Row<AssetNode>>(read.ASSETS),
    categories: await readCategories(runner, universe),
    suppliers: (await rows<LinkRow & { source: string; weight: number }>(LINKS.supplier.read))
      .map(({ from, to, ...stated }): SupplierLink => {
        return { symbol: after(universe, from), supplier: after(universe, to), ...stated };
      })
      .sort(by('symbol', 'supplier', 'validFrom')),
    snapshots,
  };
}

async function readCategories(runner: CypherRunner, universe: string): Promise<CategoryLink[]> {
  const links: CategoryLink[] = [];
  for (const kind of CATEGORY_KINDS) {
    const name = (id: string) => id.slice(namedId(universe, CATEGORIES[kind].label, '').length);
    const rows = await runner.read<LinkRow & { source: string }>({
      text: CATEGORY_LINKS[kind].read,
      parameters: { universe },
    });
    links.push(
      ...rows.map(({ from, to, ...stated }) => ({ symbol: after(universe, from), kind, name: name(to), ...stated })),
    );
  }
  return links.sort(by('symbol', 'kind', 'name', 'validFrom'));
}

/** The rest of an id after the universe. */
const after = (universe: string, id: string): string => id.slice(universe.length + 1);

const by =
  <T>(...keys: (keyof T)[]) =>
  (a: T, b: T): number => {
    for (const key of keys) if (a[key] !== b[key]) return a[key] < b[key] ? -1 : 1;
    return 0;
  };

async function readContents(runner: CypherRunner, universe: string): Promise<(head: Head) => GraphSnapshot> {
  const byDate = async <T extends { asOf: string } & Record<string, unknown>>(text: string) =>
    Map.groupBy(await runner.read<T>({ text, parameters: { universe } }), ({ asOf }) => asOf);
  const edges = await byDate<Dated<CorrelationEdge>>(read.MAIN_HISTORY);
  const layers = await byDate<Dated<LayerEdge>>(read.LAYER_HISTORY);
  const members = await byDate<MemberRow>(read.MEMBER_HISTORY);
  const macro = await byDate<Dated<MacroValue>>(read.OBSERVED_HISTORY);
  const exposures = await byDate<Dated<MacroExposure>>(read.EXPOSURE_HISTORY);
  const index = async (text: string) =>
    membershipIndex(
      (await runner.read<LinkRow>({ text, parameters: { universe } })).map(({ from, to, validFrom, validTo }) => {
        return { symbol: after(universe, from), name: to.slice(to.lastIndexOf('|') + 1), validFrom, validTo };
      }),
    );
  const bucket = await index(LINKS.bucket.read);
  const cluster = await index(LINKS.cluster.read);
  const community = await index(LINKS.community.read);
  return ({ asOf, regime }) => ({
    asOf,
    regime,
    members: undated(members.get(asOf)).map((member) => ({
      ...member,
      bucket: (bucket(member.symbol, asOf) ?? 'unknown') as Bucket,
      cluster: Number(cluster(member.symbol, asOf) ?? -1),
      community: Number(community(member.symbol, asOf) ?? -1),
    })),
    edges: undated(edges.get(asOf)),
    layers: undated(layers.get(asOf)),
    macro: undated(macro.get(asOf)),
    exposures: undated(exposures.get(asOf)),
  });
}

const undated = <T extends { asOf: string }>(rows: readonly T[] = []): Omit<T, 'asOf'>[] =>
  rows.map(({ asOf: _, ...row }) => row);

const damaged = (universe: string, asOf: string): ProductError =>
  new ProductError('GRAPH_ROUND_TRIP', 'The graph store does not give back the snapshot that was written', {
    facts: { universe, asOf },
    remedy: 'Clear the graph store and run the graph stage again: it is derived data.',
  });
