import { CATALOGUE, FAMILIES } from '../../domain/features/catalogue.ts';
import { table } from '../table.ts';
import { type CommonOptions, printJson } from './args.ts';

/** The catalogue of features, by family. */
export async function listFeatures({ json }: CommonOptions): Promise<number> {
  const rows = Object.entries(FAMILIES).flatMap(([family, features]) =>
    Object.keys(features).map((name) => {
      const { description, lookbackDays, needs, source } = CATALOGUE[name];
      return { family, name, lookbackDays, needs, description, source: source ?? null };
    }),
  );
  if (json) printJson(rows);
  else {
    console.log(
      table(
        ['family', 'feature', 'sessions', 'needs', 'what it is'],
        rows.map(({ family, name, lookbackDays, needs, description }) => [
          family,
          name,
          String(lookbackDays),
          needs.join(', ') || '-',
          description,
        ]),
        5,
      ),
    );
    console.log('\nA universe names them, or families, "default" or "all", under "features" in config/universes.');
  }
  return 0;
}
