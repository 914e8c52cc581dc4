/** Risk groups of every snapshot, as of its day. */

/** Weighted degree (millionths) of every asset in every snapshot, most connected first. */
export const DEGREE_HISTORY = `MATCH (a:Asset)-[r:CORRELATED]-(:Asset)
WHERE a.universe = $universe AND r.layer = 'main'
WITH r.validFrom AS asOf, a.symbol AS symbol, sum(r.strength) AS strength
RETURN asOf, symbol, strength
ORDER BY asOf, strength DESC, symbol`;

/** PageRank (millionths) of every asset in every snapshot, highest first. */
export const PAGERANK_HISTORY = `MATCH (a:Asset)-[r:IN_SNAPSHOT]->(s:Snapshot)
WHERE a.universe = $universe
RETURN s.asOf AS asOf, a.symbol AS symbol, r.pageRank AS pageRank
ORDER BY asOf, pageRank DESC, symbol`;

/** Of `$rows` {asOf, hub: id}: what is one edge away. */
export const NEIGHBOURS = `UNWIND $rows AS row
MATCH (h:Asset {id: row.hub})-[r:CORRELATED]-(b:Asset)
WHERE r.layer = 'main' AND r.validFrom <= row.asOf AND r.validTo > row.asOf
RETURN row.asOf AS asOf, h.symbol AS hub, b.symbol AS symbol`;

/** What is two edges away. */
export const NEIGHBOURS_OF_NEIGHBOURS = `UNWIND $rows AS row
MATCH (h:Asset {id: row.hub})-[r:CORRELATED]-(b:Asset)
WHERE r.layer = 'main' AND r.validFrom <= row.asOf AND r.validTo > row.asOf
WITH row, h, b
MATCH (b)-[q:CORRELATED]-(c:Asset)
WHERE q.layer = 'main' AND q.validFrom <= row.asOf AND q.validTo > row.asOf
RETURN DISTINCT row.asOf AS asOf, h.symbol AS hub, c.symbol AS symbol`;

/** Community of every asset in every snapshot. */
export const COMMUNITY_HISTORY = `MATCH (a:Asset)-[:IN_SNAPSHOT]->(s:Snapshot)
WHERE a.universe = $universe
MATCH (a)-[r:IN_COMMUNITY]->(c:Community)
WHERE r.validFrom <= s.asOf AND r.validTo > s.asOf
RETURN s.asOf AS asOf, a.symbol AS symbol, c.name AS community`;
