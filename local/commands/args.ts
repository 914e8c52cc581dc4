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

/** `reward.lambdaTurnover=0.001` into the object; values are JSON, or else words. */
export function assign(into: Record<string, unknown>, assignment: string): void {
  const [path, ...rest] = assignment.split('=');
  if (rest.length === 0 || path === '') {
    throw badInput('USAGE_SET', 'A setting is written name=value', {
      facts: { option: '--set', value: assignment },
      remedy: 'For example --set learningRate=0.001 --set reward.lambdaTurnover=0.002',
    });
  }
  const keys = path.split('.');
  const last = keys.pop() as string;
  const place = keys.reduce<Record<string, unknown>>((at, key) => {
    if (typeof at[key] !== 'object' || at[key] === null) at[key] = {};
    return at[key] as Record<string, unknown>;
  }, into);
  const text = rest.join('=');
  try {
    place[last] = JSON.parse(text);
  } catch {
    place[last] = text;
  }
}

/** `0,1` as numbers. */
export function wholeNumbers(text: string, option: string): number[] {
  const numbers = text.split(',').map(Number);
  if (numbers.every((n) => Number.isInteger(n) && n >= 0) && text !== '') return numbers;
  throw badInput('USAGE_NUMBERS', 'Whole numbers are asked for, separated by commas', {
    facts: { option, value: text },
    remedy: `For example ${option} 0,1`,
  });
}

/** A whole number of at least 1. */
export function count(text: string, option: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1) return number;
  throw badInput('USAGE_COUNT', 'A whole number of at least 1 is asked for', {
    facts: { option, value: text },
    remedy: `For example ${option} 3`,
  });
}

/** Print one JSON document on stdout. */
export const printJson = (value: unknown): void => {
  process.stdout.write(
    `${JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? item.toString() : item), 2)}\n`,
  );
};
