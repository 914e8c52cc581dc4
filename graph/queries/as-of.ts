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
