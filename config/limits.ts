import { badInput, ProductError } from '../domain/errors.ts';
import { assertFeasibleLimits } from '../domain/risk/feasible-limits.ts';
import type { UniverseConfig } from './schema.ts';

/** Refuse limits that no invested portfolio can meet (`domain/risk`), naming the file that says them. `fileOf` takes the field under `limits`. */
export function assertUsableLimits({ limits, members }: UniverseConfig, fileOf: (field: string) => string): void {
  try {
    // How many assets `all` is, only the data says.
    assertFeasibleLimits(limits, members === 'all' ? Number.POSITIVE_INFINITY : members.length);
  } catch (error) {
    if (!(error instanceof ProductError)) throw error;
    const { field, value } = error.facts as { field: string; value: unknown };
    const facts = { file: fileOf(field), field: field === 'members' ? field : `limits.${field}`, value };
    throw badInput('CONFIG_LIMITS', error.message, {
      facts,
      cause: error,
      ...(error.remedy ? { remedy: error.remedy } : {}),
    });
  }
}
