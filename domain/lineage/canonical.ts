import { createHash } from 'node:crypto';
import { ProductError } from '../errors.ts';

/** Canonical JSON in the manner of RFC 8785: keys sorted by code unit, no white space, ECMAScript number form, NaN refused. */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) {
      throw new ProductError('LINEAGE_NOT_FINITE', 'A number that is not finite cannot be hashed', {
        facts: { value: String(value) },
      });
    }
    return JSON.stringify(value);
  }
  if (Array.isArray(value))
    return `[${value.map((item) => canonicalJson(item === undefined ? null : item)).join(',')}]`;
  if (typeof value === 'object') {
    const entries = Object.entries(value as Record<string, unknown>).filter(([, item]) => item !== undefined);
    entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`;
  }
  throw new ProductError('LINEAGE_NOT_JSON', `A ${typeof value} cannot be hashed`);
}

/** SHA-256, lower-case hex, 64 characters. */
export const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

/** SHA-256 of the canonical JSON of a value. */
export const hashOf = (value: unknown): string => sha256(canonicalJson(value));
