/** Questions to the graph as it was known at the close of `$asOf`. */

/** The `$count` most connected assets: hubs. Ties fall to the first symbol. */
export const HUBS_AS_OF = `MATCH (a:Asset)-[r:CORRELATED]-(:Asset)
WHERE a.universe = $universe AND r.layer = 'main' AND r.validFrom <= $asOf AND r.validTo > $asOf
WITH a.symbol AS symbol, sum(r.strength) AS strength
RETURN symbol, strength
ORDER BY strength DESC, symbol
LIMIT $count`;

export const BUCKET_MEMBERS_AS_OF = `MATCH (a:Asset)-[r:IN_BUCKET]->(b:LiquidityBucket)
WHERE a.universe = $universe AND b.name = $bucket AND r.validFrom <= $asOf AND r.validTo > $asOf
RETURN a.symbol AS symbol
ORDER BY symbol`;

/** Assets that `$symbol` is correlated with, strongest first. */
export const NEIGHBOURHOOD_AS_OF = `MATCH (a:Asset)-[r:CORRELATED]-(b:Asset)
WHERE a.universe = $universe AND a.symbol = $symbol AND r.layer = 'main' AND r.validFrom <= $asOf AND r.validTo > $asOf
RETURN b.symbol AS symbol, r.weight AS weight
ORDER BY weight DESC, symbol`;

const holds = (relation: string): string => `${relation}.validFrom <= $asOf AND ${relation}.validTo > $asOf`;

/** Everything that the graph says of each asset as of a day: a row an asset of the snapshot that holds then, ascending by symbol. */
export const SNAPSHOT_AS_OF = `MATCH (a:Asset)-[m:IN_SNAPSHOT]->(s:Snapshot)
WHERE a.universe = $universe AND ${holds('m')}
OPTIONAL MATCH (a)-[r:CORRELATED]-(:Asset)
WHERE r.layer = 'main' AND ${holds('r')}
WITH a, m, s, count(r) AS degree, sum(r.strength) AS strength
OPTIONAL MATCH (a)-[b:IN_BUCKET]->(bucket:LiquidityBucket)
WHERE ${holds('b')}
OPTIONAL MATCH (a)-[k:IN_CLUSTER]->(cluster:FactorCluster)
WHERE ${holds('k')}
OPTIONAL MATCH (a)-[c:IN_COMMUNITY]->(community:Community)
WHERE ${holds('c')}
OPTIONAL MATCH (a)-[g:IN_SECTOR]->(sector:Sector)
WHERE ${holds('g')}
RETURN a.symbol AS symbol, s.asOf AS takenOn, s.regime AS regime, degree, strength, m.rank AS rank,
       m.microstructure AS microstructure, m.pageRank AS pageRank, m.betweenness AS betweenness, m.core AS core,
       bucket.name AS bucket, cluster.name AS cluster, community.name AS community, sector.name AS sector
ORDER BY symbol`;
