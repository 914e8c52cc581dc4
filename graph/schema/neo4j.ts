import { NODES } from './schema.ts';

/** Uniqueness of ids, and look-up by universe. Community edition has no node keys or property types. Each may be run again. */
export const NEO4J_SCHEMA: readonly string[] = NODES.flatMap(({ label, properties }) => {
  const name = label.toLowerCase();
  return [
    `CREATE CONSTRAINT ${name}_id IF NOT EXISTS FOR (n:${label}) REQUIRE n.id IS UNIQUE`,
    ...('universe' in properties
      ? [`CREATE INDEX ${name}_universe IF NOT EXISTS FOR (n:${label}) ON (n.universe)`]
      : []),
  ];
});
