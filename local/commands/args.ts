import { z } from 'zod';
import { badInput } from '../../domain/errors.ts';

/** Options that every command takes. */
export interface CommonOptions {
  json?: boolean;
  config?: string;
  home: string;
  strategy?: string;
  universe?: string;
  profile?: string;
}

/** An ISO date of the calendar, or an error that names the option. */
export function parseDate(value: string, option: string): string {
  if (z.iso.date().safeParse(value).success) return value;
  throw badInput('USAGE_DATE', 'A date must be a day of the calendar, year first', {
    facts: { option, value },
    remedy: 'Write it as 2026-10-30.',
  });
}

export function parsePort(value: string): number {
  const port = Number(value);
  if (Number.isInteger(port) && port >= 0 && port <= 65535) return port;
  throw badInput('USAGE_PORT', 'A port is a whole number from 0 to 65535', {
    facts: { option: '--port', value },
    remedy: 'Name a free port, or 0 for any.',
  });
}

/** Days from..to, inclusive. */
export function daysBetween(from: string, to: string): string[] {
  if (from > to)
    throw badInput('USAGE_RANGE', 'The range ends before it begins', {
      facts: { from, to },
      remedy: 'Give --from the earlier date.',
    });
  const days: string[] = [];
  for (let ms = Date.parse(from); ms <= Date.parse(to); ms += 86_400_000)
    days.push(new Date(ms).toISOString().slice(0, 10));
  return days;
}

/** Print one JSON document on stdout. */
export const printJson = (value: unknown): void => {
  process.stdout.write(
    `${JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? item.toString() : item), 2)}\n`,
  );
};
