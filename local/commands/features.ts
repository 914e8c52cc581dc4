import { CATALOGUE, FAMILIES } from '../../domain/features/catalogue.ts';
import { table } from '../table.ts';
import { type CommonOptions, printJson } from './args.ts';

/** The catalogue of features, by family. */
export async function listFeatures({ json }: CommonOptions): Promise<number> {
  const rows = Object.entries(FAMILIES).flatMap(([family, features]) =>
    Object.keys(features).map((name) => {
      const { description, lookbackDays, needs, series = [], source } = CATALOGUE[name];
      return { family, name, lookbackDays, needs, series, description, source: source ?? null };
    }),
  );
  if (json) printJson(rows);
  else {
    console.log(
      table(
        ['family', 'feature', 'sessions', 'needs', 'what it is'],
        rows.map(({ family, name, lookbackDays, needs, series, description }) => [
          family,
          name,
          String(lookbackDays),
          [needs.join(', ') || '-', ...(series.length > 0 ? [series.join(', ')] : [])].join(': '),
          description,
        ]),
        5,
      ),
    );
    console.log(
      '\nA universe names them, or families, "default" or "all", under "features" in its file (config/universes, or universes in the home).',
    );
  }
  return 0;
}
