import { describe, expect, test } from '@jest/globals';
import { parseBarsCsv } from '../../domain/market/bars.ts';
import { csvOf } from '../../domain/market/bars-fixture.ts';
import { checkBars } from '../../domain/market/quality.ts';
import { QUARANTINE_REASONS } from '../../domain/market/quarantine.ts';
import { failureOf, groundOf } from './corruptions-check-fixture.ts';
import { CORRUPTIONS } from './corruptions-fixture.ts';

const rules = { calendar: 'XNYS' as const, asOf: '9999-12-31', members: null };

describe('what can be wrong with a file of bars is caught, and nothing else falls with it', () => {
  test.each(Object.keys(CORRUPTIONS))('%s', (name) => {
    const failures = Array.from({ length: 5 }, (_, seed) => failureOf(CORRUPTIONS[name], seed)).filter(Boolean);
    expect(failures).toEqual([]);
  });

  test('clean files pass, whatever their order, line ends and byte order mark', () => {
    for (let seed = 0; seed < 5; seed++) {
      const { bars } = groundOf(seed);
      const clean = checkBars([parseBarsCsv(csvOf(bars), 'a.csv')], rules);
      expect(clean.quarantined).toEqual([]);
      const shuffled = csvOf([...bars].reverse()).replaceAll('\n', '\r\n');
      expect(checkBars([parseBarsCsv(`\uFEFF${shuffled}`, 'a.csv')], rules).bars).toEqual(clean.bars);
    }
  });

  test('at least 30 kinds are tried', () => {
    expect(Object.keys(CORRUPTIONS).length).toBeGreaterThanOrEqual(30);
    expect(Object.keys(QUARANTINE_REASONS).length).toBeGreaterThanOrEqual(20);
  });
});
