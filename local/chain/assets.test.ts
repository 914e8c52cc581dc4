import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { loadSettings } from '../../config/load.ts';
import { LIMITS, testAssets } from '../../contracts/test/fixture.ts';
import { csvOf, fixtureBars } from '../../domain/market/bars-fixture.ts';
import { ROOT } from '../settings.ts';
import { ledgerAssets } from './assets.ts';
import { universeAssets } from './universe-assets.ts';

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

test('the list of a ledger has an instrument once, under its first symbol, and whoever took that symbol later under another', async () => {
  const bars = fixtureBars({ symbols: 3, sessions: 30, seed: 4 });
  const day = bars[15].date;
  const last = bars[20].date;
  const traded = bars.map((bar) => ({
    ...bar,
    symbol: bar.symbol === 'S001' && bar.date >= day ? 'S001X' : bar.symbol,
  }));
  const taken = bars.filter(({ symbol, date }) => symbol === 'S002' && date >= last);
  const text = (name: string, content: string) => ({ name, bytes: new TextEncoder().encode(content), origin: name });
  const files = [
    text('bars.csv', csvOf([...traded, ...taken.map((bar) => ({ ...bar, symbol: 'S001' }))])),
    text('actions.csv', `symbol,date,dividend,split,new_symbol\nS001,${day},0,1,S001X\n`),
  ];
  const { universe } = loadSettings({ root: ROOT });
  const provider = { kind: 'folder' as const, path: 'x' };
  const listed = async (members: 'all' | string[]) =>
    (await universeAssets({ fetch: async () => files }, { ...universe, calendar: 'XNYS', provider, members }))
      .map(({ symbol }) => symbol)
      .sort();
  expect(await listed('all')).toEqual(['S000', 'S001', 'S001#2', 'S002']);
  expect(await listed(['S001', 'S002'])).toEqual(['S001', 'S001#2', 'S002']);
});
