/** Statements that read the graph back, in a fixed order. */
export const SNAPSHOTS = `MATCH (s:Snapshot)
WHERE s.universe = $universe
RETURN s.asOf AS asOf, s.validTo AS validTo, s.hash AS hash
ORDER BY asOf`;

export const CORRELATED_HISTORY = `MATCH (a:Asset)-[r:CORRELATED]->(b:Asset)
WHERE a.universe = $universe
RETURN r.validFrom AS asOf, r.validTo AS validTo, a.symbol AS source, b.symbol AS target, r.strength AS strength, r.windowDays AS windowDays
ORDER BY asOf, source, target`;

export const BUCKET_HISTORY = `MATCH (a:Asset)-[r:IN_BUCKET]->(b:LiquidityBucket)
WHERE a.universe = $universe
RETURN r.validFrom AS asOf, r.validTo AS validTo, a.symbol AS symbol, b.name AS bucket, r.rank AS rank
ORDER BY asOf, symbol`;

/** Weighted degree (millionths) of every asset in every snapshot, most connected first. */
export const DEGREE_HISTORY = `MATCH (a:Asset)-[r:CORRELATED]-(:Asset)
WHERE a.universe = $universe
WITH r.validFrom AS asOf, a.symbol AS symbol, sum(r.strength) AS strength
RETURN asOf, symbol, strength
ORDER BY asOf, strength DESC, symbol`;

export const STATIC_RELATIONS = `MATCH (a:Asset)-[:IN_CATEGORY]->(c:Category)
WHERE a.universe = $universe
RETURN a.symbol AS symbol, c.kind AS kind, c.name AS name
ORDER BY symbol, kind, name`;

export const SUPPLIERS = `MATCH (a:Asset)-[:SUPPLIED_BY]->(b:Asset)
WHERE a.universe = $universe
RETURN a.symbol AS symbol, b.symbol AS name
ORDER BY symbol, name`;

export const ASSETS = `MATCH (a:Asset)
WHERE a.universe = $universe
RETURN a.symbol AS symbol, a.name AS name, a.kind AS kind, a.firstDate AS firstDate, a.lastDate AS lastDate
ORDER BY symbol`;

/** How many vectors of each model (options and snapshot content) the graph holds. */
export const EMBEDDING_MODELS = `MATCH (e:Embedding)
WHERE e.universe = $universe
RETURN e.model AS model, count(e) AS vectors
ORDER BY model`;

export const EMBEDDING_HISTORY = `MATCH (e:Embedding)-[:EMBEDS]->(a:Asset)
WHERE e.universe = $universe
RETURN e.asOf AS asOf, a.symbol AS symbol, e.vector AS vector
ORDER BY asOf, symbol`;

export const COUNT_NODES = `MATCH (n)
WHERE n.universe = $universe
RETURN count(n) AS n`;

export const COUNT_RELATIONSHIPS = `MATCH (n)-[r]->()
WHERE n.universe = $universe
RETURN count(r) AS n`;
