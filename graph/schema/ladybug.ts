import { NODES, type PropertyType, RELATIONSHIPS } from './schema.ts';

const columns = (properties: Readonly<Record<string, PropertyType>>): string[] =>
  Object.entries(properties).map(([name, type]) => `${name} ${type}`);

/** Node and relationship tables of Ladybug. Each statement may be run again. */
export const LADYBUG_SCHEMA: readonly string[] = [
  ...NODES.map(
    ({ label, properties }) =>
      `CREATE NODE TABLE IF NOT EXISTS ${label}(${columns(properties).join(', ')}, PRIMARY KEY(id))`,
  ),
  ...RELATIONSHIPS.map(
    ({ type, from, to, properties }) =>
      `CREATE REL TABLE IF NOT EXISTS ${type}(${[`FROM ${from} TO ${to}`, ...columns(properties)].join(', ')})`,
  ),
];
