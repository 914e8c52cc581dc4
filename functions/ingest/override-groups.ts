import type { UniverseConfig } from '../../config/schema.ts';
import { badInput } from '../../domain/errors.ts';
import type { Instrument } from '../../domain/market/instrument.ts';
import { nearest } from '../../domain/nearest.ts';

/**
 * A cap on a group that is not there, but for a letter or two, would hold for nobody. Another name may be of a group whose first asset is listed later.
 * @throws ProductError CONFIG_GROUP (bad input).
 */
export function refuseMistypedGroups({ limits }: UniverseConfig, instruments: readonly Instrument[]): void {
  const groups = [...new Set(instruments.map(({ group }) => group))].sort();
  for (const [name, value] of Object.entries(limits.groupOverrides)) {
    const alike = groups.filter((group) => Math.abs(group.length - name.length) <= 2);
    const meant = groups.includes(name) ? undefined : nearest(name, alike);
    if (meant === undefined) continue;
    throw badInput('CONFIG_GROUP', `limits.groupOverrides caps ${name}, and no asset is of that group`, {
      facts: { field: `limits.groupOverrides.${name}`, value, nearest: meant, known: groups },
      remedy: `Write ${meant}, or leave the cap out.`,
    });
  }
}
