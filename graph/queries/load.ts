/**
 * Statements that write the graph. The same text runs on Neo4j 5 and on Ladybug: no `SET +=`, no `MATCH (a), (b)`, no FOREACH.
 * All take `$rows` (UNWIND) or `$universe`; all may be run again and leave the same graph.
 */
export const MERGE_ASSETS = `UNWIND $rows AS row
MERGE (a:Asset {id: row.id})
SET a.universe = row.universe, a.symbol = row.symbol, a.name = row.name, a.kind = row.kind,
    a.firstDate = row.firstDate, a.lastDate = row.lastDate`;

export const MERGE_CATEGORIES = `UNWIND $rows AS row
MERGE (c:Category {id: row.id})
SET c.universe = row.universe, c.kind = row.kind, c.name = row.name`;

export const MERGE_IN_CATEGORY = `UNWIND $rows AS row
MATCH (a:Asset {id: row.asset})
MATCH (c:Category {id: row.category})
MERGE (a)-[:IN_CATEGORY]->(c)`;

export const MERGE_SUPPLIED_BY = `UNWIND $rows AS row
MATCH (a:Asset {id: row.asset})
MATCH (b:Asset {id: row.supplier})
MERGE (a)-[:SUPPLIED_BY]->(b)`;

export const MERGE_BUCKETS = `UNWIND $rows AS row
MERGE (b:LiquidityBucket {id: row.id})
SET b.universe = row.universe, b.name = row.name`;

export const MERGE_IN_BUCKET = `UNWIND $rows AS row
MATCH (a:Asset {id: row.asset})
MATCH (b:LiquidityBucket {id: row.bucket})
MERGE (a)-[r:IN_BUCKET {validFrom: row.validFrom}]->(b)
SET r.validTo = row.validTo, r.rank = row.rank`;

export const MERGE_CORRELATED = `UNWIND $rows AS row
MATCH (a:Asset {id: row.source})
MATCH (b:Asset {id: row.target})
MERGE (a)-[r:CORRELATED {validFrom: row.validFrom}]->(b)
SET r.validTo = row.validTo, r.strength = row.strength, r.weight = row.strength / 1000000.0, r.windowDays = row.windowDays`;

export const MERGE_SNAPSHOTS = `UNWIND $rows AS row
MERGE (s:Snapshot {id: row.id})
SET s.universe = row.universe, s.asOf = row.asOf, s.validTo = row.validTo, s.hash = row.hash`;

export const MERGE_EMBEDDINGS = `UNWIND $rows AS row
MATCH (a:Asset {id: row.asset})
MERGE (e:Embedding {id: row.id})
SET e.universe = row.universe, e.symbol = row.symbol, e.asOf = row.asOf, e.model = row.model, e.vector = row.vector
MERGE (e)-[:EMBEDS]->(a)`;

export const DELETE_OTHER_ASSETS = `MATCH (a:Asset)
WHERE a.universe = $universe AND NOT a.id IN $keep
DETACH DELETE a`;

export const DELETE_OTHER_CATEGORIES = `MATCH (c:Category)
WHERE c.universe = $universe AND NOT c.id IN $keep
DETACH DELETE c`;

export const DELETE_STATIC_CATEGORIES = `MATCH (a:Asset)-[r:IN_CATEGORY]->(:Category)
WHERE a.universe = $universe
DELETE r`;

export const DELETE_STATIC_SUPPLIERS = `MATCH (a:Asset)-[r:SUPPLIED_BY]->(:Asset)
WHERE a.universe = $universe
DELETE r`;

export const DELETE_SNAPSHOTS = `MATCH (s:Snapshot)
WHERE s.universe = $universe AND s.asOf IN $dates
DELETE s`;

export const DELETE_CORRELATED = `MATCH (a:Asset)-[r:CORRELATED]->(:Asset)
WHERE a.universe = $universe AND r.validFrom IN $dates
DELETE r`;

export const DELETE_IN_BUCKET = `MATCH (a:Asset)-[r:IN_BUCKET]->(:LiquidityBucket)
WHERE a.universe = $universe AND r.validFrom IN $dates
DELETE r`;

export const DELETE_EMBEDDINGS = `MATCH (e:Embedding)
WHERE e.universe = $universe AND NOT e.model IN $models
DETACH DELETE e`;

/** The last snapshot of a load stays open; the next load closes it. */
export const CLOSE_CORRELATED = `MATCH (a:Asset)-[r:CORRELATED]->(:Asset)
WHERE a.universe = $universe AND r.validFrom = $asOf
SET r.validTo = $validTo`;

export const CLOSE_IN_BUCKET = `MATCH (a:Asset)-[r:IN_BUCKET]->(:LiquidityBucket)
WHERE a.universe = $universe AND r.validFrom = $asOf
SET r.validTo = $validTo`;
