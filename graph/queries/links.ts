import { CATEGORIES, CATEGORY_KINDS, type CategoryKind } from '../schema/schema.ts';

/** Statements for one kind of relation from an asset that holds for a time: rows `{from, to, validFrom, validTo, ...extra}`, ids at both ends. */
export interface LinkStatements {
  readonly merge: string;
  readonly remove: string;
  readonly read: string;
  /** Properties beside validFrom and validTo. */
  readonly extra: readonly string[];
}

function linkStatements(type: string, to: string, extra: readonly string[] = []): LinkStatements {
  return {
    extra,
    merge: `UNWIND $rows AS row
MATCH (a:Asset {id: row.from})
MATCH (b:${to} {id: row.to})
MERGE (a)-[r:${type} {validFrom: row.validFrom}]->(b)
SET ${['validTo', ...extra].map((name) => `r.${name} = row.${name}`).join(', ')}`,
    remove: `UNWIND $rows AS row
MATCH (a:Asset {id: row.from})-[r:${type}]->(b:${to} {id: row.to})
WHERE r.validFrom = row.validFrom
DELETE r`,
    read: `MATCH (a:Asset)-[r:${type}]->(b:${to})
WHERE a.universe = $universe
RETURN a.id AS from, b.id AS to, ${['validFrom', 'validTo', ...extra].map((name) => `r.${name} AS ${name}`).join(', ')}`,
  };
}

export const CATEGORY_LINKS = Object.fromEntries(
  CATEGORY_KINDS.map((kind) => [kind, linkStatements(CATEGORIES[kind].type, CATEGORIES[kind].label, ['source'])]),
) as Readonly<Record<CategoryKind, LinkStatements>>;

export const LINKS = {
  supplier: linkStatements('SUPPLIED_BY', 'Asset', ['weight', 'source']),
  bucket: linkStatements('IN_BUCKET', 'LiquidityBucket'),
  cluster: linkStatements('IN_CLUSTER', 'FactorCluster'),
  community: linkStatements('IN_COMMUNITY', 'Community'),
} as const;

/** Nodes that are no more than a name, and to which links go. */
export type NamedLabel =
  | (typeof CATEGORIES)[CategoryKind]['label']
  | 'LiquidityBucket'
  | 'FactorCluster'
  | 'Community'
  | 'MacroSeries';

export const mergeNamed = (label: NamedLabel): string => `UNWIND $rows AS row
MERGE (n:${label} {id: row.id})
SET n.universe = row.universe, n.name = row.name`;

export const deleteOthers = (label: NamedLabel | 'Asset'): string => `MATCH (n:${label})
WHERE n.universe = $universe AND NOT n.id IN $keep
DETACH DELETE n`;
