import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { Deployment } from '../../adapters/chain/evm.ts';
import { checkCode } from '../../adapters/chain/genuine.ts';
import {
  CHAIN_CONFIG,
  type Fixture,
  Ledger,
  LIMITS,
  STRATEGY,
  startFixture,
  testAssets,
} from '../../contracts/test/fixture.ts';
import { passTimeTo } from './anvil.ts';
import { initChain } from './init.ts';
import { readLimits } from './limits.ts';

const ASSETS = 3;

jest.setTimeout(process.env.DRL_TEST_SUITE === 'slow' ? 3_600_000 : 180_000); // room for a busy machine

let fixture: Fixture;
let ledger: Ledger;
beforeAll(async () => {
  fixture = await startFixture();
  ledger = await Ledger.create(fixture, ASSETS);
});
afterAll(() => fixture.close());

test('on a chain by URL drl chain init announces looser limits, sends nothing while they wait, and applies them when due', async () => {
  const chain = { ...CHAIN_CONFIG, rpcUrl: fixture.local.rpcUrl };
  const { rpc, local, signers } = fixture;
  const init = (maxWeight: number) =>
    initChain({
      ...{ chain, rpcUrl: local.rpcUrl, signers, strategy: STRATEGY, universe: 'by-url', assets: testAssets(3) },
      limits: { ...LIMITS, maxWeight },
      known: ledger.deployment,
    });
  const { contract } = await init(0.2);
  const look = async () => {
    const { inForce, pending } = await readLimits(rpc, contract);
    return { inForce: inForce.limits.maxWeightBps, pending: pending?.limits.maxWeightBps ?? null };
  };
  await init(0.3);
  expect(await look()).toEqual({ inForce: 2000, pending: 3000 });
  const block = await rpc.send('eth_blockNumber', []);
  await init(0.3);
  expect(await rpc.send('eth_blockNumber', [])).toBe(block);
  await passTimeTo(rpc, (await readLimits(rpc, contract)).pending?.dueAt ?? 0);
  await init(0.3);
  expect(await look()).toEqual({ inForce: 3000, pending: null });
  await init(0.4);
  await init(0.25); // tighter than what is in force: at once, and what waited is dropped
  expect(await look()).toEqual({ inForce: 2500, pending: null });
});

test('a ledger of older code is left where it is, and this code gets its own', async () => {
  const { rpc, local, signers } = fixture;
  const init = (known: Deployment) =>
    initChain({
      ...{ chain: CHAIN_CONFIG, rpcUrl: local.rpcUrl, signers, strategy: STRATEGY, universe: `universe-${ASSETS}` },
      ...{ assets: testAssets(ASSETS), limits: LIMITS, known },
    });
  const { deployment } = ledger;
  expect((await init(deployment)).contract).toBe(deployment.contract);
  const { implementation } = await checkCode(rpc, deployment.contract, CHAIN_CONFIG.chainId);
  const code = await rpc.send<string>('eth_getCode', [implementation, 'latest']);
  await rpc.send('anvil_setCode', [implementation, `${code}00`]);
  const renewed = await init(deployment);
  expect(renewed.factory).not.toBe(deployment.factory);
  expect(renewed.contract).not.toBe(deployment.contract);
  expect((await init(renewed)).contract).toBe(renewed.contract);
});
