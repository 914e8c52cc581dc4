/** Statements that read the graph back, in a fixed order. */
export const SNAPSHOTS = `MATCH (s:Snapshot)
WHERE s.universe = $universe
RETURN s.asOf AS asOf, s.validTo AS validTo, s.regime AS regime, s.hash AS hash, s.layersHash AS layersHash
ORDER BY asOf`;

export const CORRELATED_HISTORY = `MATCH (a:Asset)-[r:CORRELATED]->(b:Asset)
WHERE a.universe = $universe
RETURN r.layer AS layer, r.validFrom AS asOf, r.validTo AS validTo, a.symbol AS source, b.symbol AS target,
       r.strength AS strength, r.sessions AS sessions, r.lastDate AS lastDate
ORDER BY asOf, layer, source, target`;

export const MAIN_HISTORY = `MATCH (a:Asset)-[r:CORRELATED]->(b:Asset)
WHERE a.universe = $universe AND r.layer = 'main'
RETURN r.validFrom AS asOf, a.symbol AS source, b.symbol AS target, r.strength AS strength
ORDER BY asOf, source, target`;

export const LAYER_HISTORY = `MATCH (a:Asset)-[r:CORRELATED]->(b:Asset)
WHERE a.universe = $universe AND r.layer <> 'main'
RETURN r.validFrom AS asOf, r.layer AS layer, a.symbol AS source, b.symbol AS target,
       r.strength AS strength, r.sessions AS sessions, r.lastDate AS lastDate
ORDER BY asOf, layer, source, target`;

export const MEMBER_HISTORY = `MATCH (a:Asset)-[r:IN_SNAPSHOT]->(s:Snapshot)
WHERE a.universe = $universe
RETURN s.asOf AS asOf, a.symbol AS symbol, r.rank AS rank, r.microstructure AS microstructure,
       r.pageRank AS pageRank, r.betweenness AS betweenness, r.core AS core
ORDER BY asOf, symbol`;

export const OBSERVED_HISTORY = `MATCH (s:Snapshot)-[r:OBSERVED]->(m:MacroSeries)
WHERE s.universe = $universe
RETURN s.asOf AS asOf, m.name AS series, r.value AS value, r.eventDate AS eventDate, r.knownDate AS knownDate
ORDER BY asOf, series`;

export const EXPOSURE_HISTORY = `MATCH (a:Asset)-[r:EXPOSED_TO]->(m:MacroSeries)
WHERE a.universe = $universe
RETURN r.validFrom AS asOf, a.symbol AS symbol, m.name AS series, r.strength AS strength
ORDER BY asOf, symbol, series`;

export const ASSETS = `MATCH (a:Asset)
WHERE a.universe = $universe
RETURN a.symbol AS symbol, a.name AS name, a.kind AS kind, a.firstDate AS firstDate, a.lastDate AS lastDate
ORDER BY symbol`;

/** How many vectors of each model (options and snapshot content) the graph holds, each of an asset that it holds too. */
export const EMBEDDING_MODELS = `MATCH (e:Embedding)-[:EMBEDS]->(:Asset)
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
