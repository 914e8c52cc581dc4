import { badInput } from '../domain/errors.ts';
import type { UniverseConfig } from './schema.ts';

/** The contract counts in basis points: a cap below one is a cap of nothing. */
const ONE_BASIS_POINT = 1e-4;

/**
 * Refuse limits that leave nothing to decide. All caps are upper bounds and cash is free, so "all cash" always meets them;
 * what no *invested* portfolio can meet is a cap of nothing (drawdown budget against hard limit: `limitsSchema`).
 */
export function assertUsableLimits(universe: UniverseConfig, fileOf: (field: string) => string): void {
  const { limits } = universe;
  const caps = ['maxWeight', 'maxGroupWeight', 'maxGross', 'maxTurnover'] as const;
  for (const field of caps) {
    if (limits[field] >= ONE_BASIS_POINT) continue;
    throw badInput('CONFIG_LIMITS', 'No invested portfolio can meet these limits', {
      facts: { file: fileOf(field), field: `limits.${field}`, value: limits[field] },
      remedy: 'Give the limit a value from 0.0001 (one basis point) to 1.',
    });
  }
}
