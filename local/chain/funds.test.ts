import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { CHAIN_CONFIG, type Fixture, startFixture } from '../../contracts/test/fixture.ts';
import { type MissingFunds, requireFunds } from './funds.ts';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await startFixture();
});
afterAll(() => fixture.close());

test('all that lack are named at once; whoever waits goes on as soon as they are funded', async () => {
  const { rpc, addresses } = fixture;
  const options = { rpc, chain: CHAIN_CONFIG, roles: addresses, pauseMs: 10 };
  const fund = (address: string, wei: bigint) => rpc.send('anvil_setBalance', [address, `0x${wei.toString(16)}`]);
  for (const address of Object.values(addresses)) await fund(address, 0n);
  const error = await requireFunds(options).catch((caught) => caught);
  expect(error).toMatchObject({ code: 'CHAIN_UNFUNDED', kind: 'refused' });
  const accounts = ['admin', 'approver', 'guardian', 'relayer'] as const;
  expect(Object.keys(error.facts).sort()).toEqual(accounts.map((role) => `${role} ${addresses[role]}`));

  const told: MissingFunds[] = [];
  const waiting = requireFunds({ ...options, onMissing: (missing) => void told.push(missing) });
  for (const role of accounts) {
    const before = told.length;
    while (told.length === before) await new Promise((resolve) => setTimeout(resolve, 5));
    await fund(addresses[role], 10n ** 18n);
  }
  await waiting;
  expect(told.map((missing) => Object.keys(missing).length)).toEqual([4, 3, 2, 1]);
  expect(Object.values(told[0])[0]).toMatch(/^0\.\d{6} ETH missing$/);
});
