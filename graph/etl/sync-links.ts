import {
  CATEGORY_LINKS,
  deleteOthers,
  LINKS,
  type LinkStatements,
  mergeNamed,
  type NamedLabel,
} from '../queries/links.ts';
import * as load from '../queries/load.ts';
import type { CypherRunner } from '../queries/statement.ts';
import { CATEGORIES, CATEGORY_KINDS } from '../schema/schema.ts';
import { type AssetGraph, BUCKETS } from './asset-graph.ts';
import { type MembershipKind, membershipsOf } from './memberships.ts';
import { writeRows } from './write-rows.ts';

/** A relation from an asset: ids at both ends, and what it says. */
interface Link {
  from: string;
  to: string;
  validFrom: string;
  validTo: string;
  [extra: string]: string | number;
}

export const assetId = (universe: string, symbol: string): string => `${universe}|${symbol}`;
export const namedId = (universe: string, label: NamedLabel, name: string): string => `${universe}|${label}|${name}`;

/** Assets, what they belong to, and who supplies whom. Only what differs from the store is written. */
export async function syncReference(runner: CypherRunner, graph: AssetGraph): Promise<void> {
  const { universe } = graph;
  const rows = graph.assets.map((asset) => ({ id: assetId(universe, asset.symbol), universe, ...asset }));
  await runner.write({ text: deleteOthers('Asset'), parameters: { universe, keep: rows.map(({ id }) => id) } });
  await writeRows(runner, load.MERGE_ASSETS, rows);
  for (const kind of CATEGORY_KINDS) {
    const { label } = CATEGORIES[kind];
    const links = graph.categories.filter((link) => link.kind === kind);
    await syncNamed(
      runner,
      universe,
      label,
      links.map(({ name }) => name),
    );
    const belongs = links.map(({ symbol, kind: _, name, ...stated }) => ({
      from: assetId(universe, symbol),
      to: namedId(universe, label, name),
      ...stated,
    }));
    await syncLinks(runner, universe, CATEGORY_LINKS[kind], belongs);
  }
  const suppliedBy = graph.suppliers.map(({ symbol, supplier, ...stated }) => ({
    from: assetId(universe, symbol),
    to: assetId(universe, supplier),
    ...stated,
  }));
  await syncLinks(runner, universe, LINKS.supplier, suppliedBy);
}

const MEMBERSHIPS: Readonly<Record<MembershipKind, NamedLabel>> = {
  bucket: 'LiquidityBucket',
  cluster: 'FactorCluster',
  community: 'Community',
};

/** Buckets, clusters and communities, and who was in them when. */
export async function syncMemberships(runner: CypherRunner, { universe, snapshots }: AssetGraph): Promise<void> {
  for (const kind of ['bucket', 'cluster', 'community'] as const) {
    const label = MEMBERSHIPS[kind];
    const memberships = membershipsOf(snapshots, kind);
    await syncNamed(runner, universe, label, kind === 'bucket' ? BUCKETS : memberships.map(({ name }) => name));
    const links = memberships.map(({ symbol, name, validFrom, validTo }) => ({
      from: assetId(universe, symbol),
      to: namedId(universe, label, name),
      validFrom,
      validTo,
    }));
    await syncLinks(runner, universe, LINKS[kind], links);
  }
}

export async function syncNamed(
  runner: CypherRunner,
  universe: string,
  label: NamedLabel,
  names: readonly string[],
): Promise<void> {
  const rows = [...new Set(names)].sort().map((name) => ({ id: namedId(universe, label, name), universe, name }));
  await runner.write({ text: deleteOthers(label), parameters: { universe, keep: rows.map(({ id }) => id) } });
  await writeRows(runner, mergeNamed(label), rows);
}

async function syncLinks(
  runner: CypherRunner,
  universe: string,
  statements: LinkStatements,
  wanted: readonly Link[],
): Promise<void> {
  const held = await runner.read<Link>({ text: statements.read, parameters: { universe } });
  const keyOf = ({ from, to, validFrom }: Link) => `${from}\n${to}\n${validFrom}`;
  const saysOf = (link: Link) => [link.validTo, ...statements.extra.map((name) => link[name])].join('\n');
  const heldBy = new Map(held.map((link) => [keyOf(link), saysOf(link)]));
  const wantedKeys = new Set(wanted.map(keyOf));
  await writeRows(
    runner,
    statements.remove,
    held.filter((link) => !wantedKeys.has(keyOf(link))).map(({ from, to, validFrom }) => ({ from, to, validFrom })),
  );
  await writeRows(
    runner,
    statements.merge,
    wanted.filter((link) => heldBy.get(keyOf(link)) !== saysOf(link)),
  );
}
