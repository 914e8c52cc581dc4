import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { sha256 } from '../lineage/canonical.ts';

const read = (name: string) => readFileSync(new URL(`../../data/${name}`, import.meta.url));
const readme = read('README.md').toString();
const stated = (name: string): string[] => {
  const line = readme.split('\n').find((row) => row.startsWith(`| \`${name}\``));
  return [...(line ?? '').matchAll(/`([0-9a-f]{64})`/g)].map((match) => match[1]);
};

describe('bundled data', () => {
  test('are the bytes that the README states', () => {
    const rates = read('ecb_fx_reference_rates.csv.gz');
    expect(stated('ecb_fx_reference_rates.csv.gz')).toEqual([sha256(rates), sha256(gunzipSync(rates))]);
    expect(stated('fx_currencies.csv')).toEqual([sha256(read('fx_currencies.csv'))]);
  });
});
