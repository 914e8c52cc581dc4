import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { type Fixture, Ledger, startFixture } from './fixture.ts';

const SNAPSHOT = new URL('../gas-snapshot.json', import.meta.url);
const TARGET = 100_000;
/** A ledger keeps its list of assets in its code, of which EIP-170 allows 24 KiB: 1,000 do not fit. */
const MOST = 740;

jest.setTimeout(process.env.DRL_TEST_SUITE === 'slow' ? 3_600_000 : 180_000); // room for a busy machine

let fixture: Fixture;
beforeAll(async () => {
  fixture = await startFixture();
});
afterAll(() => fixture.close());

/** Steady state: the third order of a ledger whose every weight moves. Keys, time and calldata are fixed, so gas is exact. */
async function rebalanceGas(count: number): Promise<number> {
  const ledger = await Ledger.create(fixture, count, { universe: `gas-${count}` });
  const each = Math.min(Math.floor(9_000 / count), 1_800);
  let gasUsed = 0;
  for (const shift of [0, 1, 2]) {
    const weights = Object.fromEntries(
      ledger.deployment.assets.map((symbol, index) => [symbol, each - ((index + shift) % 3)]),
    );
    const receipt = await ledger.rebalance(
      await ledger.sign(await ledger.order(weights), 10n ** 18n + BigInt(shift) * 10n ** 15n),
    );
    gasUsed = Number(receipt.gasUsed);
  }
  return gasUsed;
}

test('gas of a rebalance, with signature, attestation, caps, groups, turnover, epoch, model and NAV', async () => {
  const measured: Record<string, number> = {};
  for (const count of [5, 10, 15, 30, 41, 100, 117, MOST])
    measured[`rebalance of ${count} weights`] = await rebalanceGas(count);
  if (process.env.DRL_UPDATE_GAS === '1') writeFileSync(SNAPSHOT, `${JSON.stringify(measured, null, 2)}\n`);
  console.log(
    Object.entries(measured)
      .map(([name, gas]) => `${name}: ${gas.toLocaleString('en-US')} gas`)
      .join('\n'),
  );
  expect(measured['rebalance of 30 weights']).toBeLessThanOrEqual(TARGET);
  expect(measured).toEqual(JSON.parse(readFileSync(SNAPSHOT, 'utf8')));
});
