import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { LIMITS, testAssets } from '../../contracts/test/fixture.ts';
import { ledgerAssets } from './assets.ts';

test('more assets than the contract takes are refused before anything is sent, with what to do', () => {
  const source = readFileSync(new URL('../../contracts/src/PortfolioFactory.sol', import.meta.url), 'utf8');
  const most = Number(/MAX_ASSETS = (\d+);/.exec(source)?.[1]);
  expect(ledgerAssets(testAssets(most), LIMITS).symbols).toHaveLength(most);
  expect(() => ledgerAssets(testAssets(most + 1), LIMITS)).toThrow(
    expect.objectContaining({
      code: 'CHAIN_TOO_MANY_ASSETS',
      kind: 'badInput',
      facts: { field: 'symbols', value: most + 1, most },
      remedy: expect.stringContaining('universe.csv'),
    }),
  );
});
