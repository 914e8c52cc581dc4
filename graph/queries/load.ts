/**
 * Statements that write the graph. The same text runs on Neo4j 5 and on Ladybug: no `SET +=`, no `MATCH (a), (b)`, no FOREACH.
 * All take `$rows` (UNWIND) or `$universe`; all may be run again and leave the same graph.
 */
export const MERGE_ASSETS = `UNWIND $rows AS row
MERGE (a:Asset {id: row.id})
SET a.universe = row.universe, a.symbol = row.symbol, a.name = row.name, a.kind = row.kind,
    a.firstDate = row.firstDate, a.lastDate = row.lastDate`;

export const MERGE_SNAPSHOTS = `UNWIND $rows AS row
MERGE (s:Snapshot {id: row.id})
SET s.universe = row.universe, s.asOf = row.asOf, s.validTo = row.validTo, s.regime = row.regime,
    s.hash = row.hash, s.layersHash = row.layersHash`;

export const MERGE_IN_SNAPSHOT = `UNWIND $rows AS row
MATCH (a:Asset {id: row.asset})
MATCH (s:Snapshot {id: row.snapshot})
MERGE (a)-[r:IN_SNAPSHOT]->(s)
SET r.validFrom = row.validFrom, r.validTo = row.validTo, r.rank = row.rank, r.microstructure = row.microstructure,
    r.pageRank = row.pageRank, r.betweenness = row.betweenness, r.core = row.core`;

export const MERGE_CORRELATED = `UNWIND $rows AS row
MATCH (a:Asset {id: row.source})
MATCH (b:Asset {id: row.target})
MERGE (a)-[r:CORRELATED {validFrom: row.validFrom, layer: row.layer}]->(b)
SET r.validTo = row.validTo, r.strength = row.strength, r.weight = row.strength / 1000000.0, r.sessions = row.sessions, r.lastDate = row.lastDate`;

/** The same for the main layer, of which there are most: `$sessions` are those of its window, which ends on the snapshot's day. */
export const MERGE_MAIN = `UNWIND $rows AS row
MATCH (a:Asset {id: row.source})
MATCH (b:Asset {id: row.target})
MERGE (a)-[r:CORRELATED {validFrom: row.validFrom, layer: 'main'}]->(b)
SET r.validTo = row.validTo, r.strength = row.strength, r.weight = row.strength / 1000000.0, r.sessions = $sessions, r.lastDate = row.validFrom`;

export const MERGE_OBSERVED = `UNWIND $rows AS row
MATCH (s:Snapshot {id: row.snapshot})
MATCH (m:MacroSeries {id: row.series})
MERGE (s)-[r:OBSERVED]->(m)
SET r.validFrom = row.validFrom, r.validTo = row.validTo, r.value = row.value, r.eventDate = row.eventDate, r.knownDate = row.knownDate`;

export const MERGE_EXPOSED_TO = `UNWIND $rows AS row
MATCH (a:Asset {id: row.asset})
MATCH (m:MacroSeries {id: row.series})
MERGE (a)-[r:EXPOSED_TO {validFrom: row.validFrom}]->(m)
SET r.validTo = row.validTo, r.strength = row.strength`;

export const MERGE_EMBEDDINGS = `UNWIND $rows AS row
MATCH (a:Asset {id: row.asset})
MERGE (e:Embedding {id: row.id})
SET e.universe = row.universe, e.symbol = row.symbol, e.asOf = row.asOf, e.model = row.model, e.vector = row.vector
MERGE (e)-[:EMBEDS]->(a)`;

/** Before anything of a snapshot is changed: a load that dies then leaves no snapshot that looks whole. */
export const MARK_SNAPSHOTS = `MATCH (s:Snapshot)
WHERE s.universe = $universe AND s.asOf IN $dates
SET s.hash = '', s.layersHash = '', s.validTo = ''`;

/** Its members and observations go with it. */
export const DELETE_SNAPSHOTS = `MATCH (s:Snapshot)
WHERE s.universe = $universe AND s.asOf IN $dates
DETACH DELETE s`;

export const DELETE_CORRELATED = `MATCH (a:Asset)-[r:CORRELATED]->(:Asset)
WHERE a.universe = $universe AND r.validFrom IN $dates
DELETE r`;

export const DELETE_LAYERS = `MATCH (a:Asset)-[r:CORRELATED]->(:Asset)
WHERE a.universe = $universe AND r.layer <> 'main' AND r.validFrom IN $dates
DELETE r`;

export const DELETE_EXPOSED_TO = `MATCH (a:Asset)-[r:EXPOSED_TO]->(:MacroSeries)
WHERE a.universe = $universe AND r.validFrom IN $dates
DELETE r`;

export const DELETE_EMBEDDINGS = `MATCH (e:Embedding)
WHERE e.universe = $universe AND NOT e.model IN $models
DETACH DELETE e`;

/** The last snapshot of a load stays open; the next load closes it. */
export const CLOSE_CORRELATED = `MATCH (a:Asset)-[r:CORRELATED]->(:Asset)
WHERE a.universe = $universe AND r.validFrom = $asOf
SET r.validTo = $validTo`;

export const CLOSE_IN_SNAPSHOT = `MATCH (a:Asset)-[r:IN_SNAPSHOT]->(s:Snapshot)
WHERE a.universe = $universe AND s.asOf = $asOf
SET r.validTo = $validTo`;

export const CLOSE_OBSERVED = `MATCH (s:Snapshot)-[r:OBSERVED]->(:MacroSeries)
WHERE s.universe = $universe AND s.asOf = $asOf
SET r.validTo = $validTo`;

export const CLOSE_EXPOSED_TO = `MATCH (a:Asset)-[r:EXPOSED_TO]->(:MacroSeries)
WHERE a.universe = $universe AND r.validFrom = $asOf
SET r.validTo = $validTo`;

/** A load begins by taking the universe: the one before it writes no more. */
export const BEGIN_LOAD = `MERGE (l:Load {id: $universe})
SET l.token = $token, l.step = 0`;

/**
 * Before every other statement of a load. The write to `l` is a lock: what comes after it is done before another load's next statement. The
 * token is read when the lock is held, for it may be taken away while the statement waits.
 */
export const WHILE_LOADING = `MATCH (l:Load {id: $load})
SET l.step = l.step + 1
WITH l
WHERE l.token = $token
`;

export const LOAD_TOKEN = `MATCH (l:Load {id: $universe})
RETURN l.token AS token`;
