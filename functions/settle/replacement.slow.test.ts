import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createEvmChain } from '../../adapters/chain/evm.ts';
import type { PortfolioChain } from '../../adapters/chain/port.ts';
import { type Rpc, RpcError } from '../../adapters/chain/rpc.ts';
import type { AttemptRow, FeeRow } from '../../adapters/ledger/port.ts';
import { createLocalSigner } from '../../adapters/signer/local-key.ts';
import type { Signers } from '../../adapters/signer/port.ts';
import type { ChainConfig, Settings } from '../../config/schema.ts';
import { STRATEGY } from '../../contracts/test/fixture.ts';
import { type SettlePorts, startWorld, type World } from '../../contracts/test/settlement-world.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import { decodeRebalance } from '../artifacts/settlement.ts';
import { spentWei } from './fees.ts';
import { settleStage } from './settle.ts';

jest.setTimeout(process.env.DRL_TEST_SUITE === 'slow' ? 3_600_000 : 180_000); // room for a busy machine

/** Places in the contract's enum. */
const [STRATEGIST, RELAYER] = [0, 1];
const REPLACE_AFTER = 180;

let world: World;
let nonce: number;
let epoch: number;
let ref: ArtifactRef;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());
beforeEach(async () => {
  world.alerts.length = 0;
  ({ nextNonce: nonce } = await world.chain.relayer());
  ({ epoch } = await world.chain.state());
  ({ ref } = await world.decide({ A000: 1000 }));
  await world.fixture.rpc.send('evm_setAutomine', [false]);
});
afterEach(() => world.fixture.rpc.send('evm_setAutomine', [true]));

/** The chain as on a public network: nobody mines because it was asked. */
function chainOf(change: Partial<ChainConfig> = {}, signers: Signers = world.fixture.signers, rpc?: Rpc): SettlePorts {
  const config = { ...world.settings.config, chain: { ...world.settings.config.chain, ...change } };
  const settings: Settings = { ...world.settings, config };
  const { deployment } = world.ledger;
  const chain = createEvmChain({
    ...{ rpcUrl: world.fixture.local.rpcUrl, chainConfig: config.chain, deployment, signers, rpc },
  });
  return { ...world.ports, settings, chain };
}
const settle = (ports: SettlePorts = chainOf()) => settleStage.run(settleStage.input.parse(world.event(ref)), ports);
const mine = (blocks: number) => world.fixture.local.mine(blocks);
const drop = (transaction: string) => world.fixture.rpc.send('anvil_dropTransaction', [transaction]);
const attempts = (): Promise<AttemptRow[]> => world.relational.attempts(STRATEGY, ref.hash);
const row = () => world.relational.settlement(STRATEGY, ref.hash);

/** By the admin, mined at once; what waits in the pool may be mined with it. */
async function setRole(role: number, address: string): Promise<void> {
  await world.fixture.rpc.send('evm_setAutomine', [true]);
  await world.ledger.send('admin', 'setRole', [role, address]);
  await world.fixture.rpc.send('evm_setAutomine', [false]);
}

/** One empty block, so many seconds later. */
async function later(seconds: number): Promise<void> {
  const { timestamp } = await world.fixture.rpc.send<{ timestamp: string }>('eth_getBlockByNumber', ['latest', false]);
  await world.fixture.rpc.send('evm_setNextBlockTimestamp', [Number(timestamp) + seconds]);
  await mine(1);
}

async function expectOneSettlement(): Promise<void> {
  expect((await world.chain.relayer()).nextNonce).toBe(nonce + 1);
  expect((await world.chain.state()).epoch).toBe(epoch + 1);
}

describe('a transaction that is not mined', () => {
  test('in time is replaced at its nonce for an eighth more in both fees, and the mined one is reported', async () => {
    const first = await settle();
    expect(first).toMatchObject({ status: 'submitted', epoch: epoch + 1 });
    await drop(String(first.transaction));
    await later(REPLACE_AFTER);
    const second = await settle();
    const [old, replacement, ...more] = await attempts();
    expect(more).toEqual([]);
    expect(old).toMatchObject({ attempt: 1, transaction: first.transaction, nonce });
    expect(replacement).toMatchObject({ attempt: 2, transaction: second.transaction, nonce, rebalance: old.rebalance });
    for (const fee of ['maxFeePerGasWei', 'maxPriorityFeePerGasWei'] as const)
      expect(BigInt(replacement[fee]) * 8n).toBeGreaterThanOrEqual(BigInt(old[fee]) * 9n);
    await mine(3);
    expect(await settle()).toMatchObject({ status: 'finalized', transaction: replacement.transaction });
    expect(await row()).toMatchObject({
      status: 'finalized',
      transaction: replacement.transaction,
      raw: replacement.raw,
    });
    await expectOneSettlement();
  });

  test('and was replaced may still be the one that is mined', async () => {
    const first = await settle();
    await drop(String(first.transaction));
    await later(REPLACE_AFTER);
    const second = await settle();
    expect(second.transaction).not.toBe(first.transaction);
    await drop(String(second.transaction));
    await world.chain.broadcast((await attempts())[0].raw);
    await mine(3);
    expect(await settle()).toMatchObject({ status: 'finalized', transaction: first.transaction });
    expect((await row())?.transaction).toBe(first.transaction);
    await expectOneSettlement();
  });

  test('before its deadline is signed anew for the same decision, epoch and nonce', async () => {
    const first = await settle();
    await drop(String(first.transaction));
    await later(world.settings.config.chain.orderTtlSeconds + 5);
    await settle();
    await mine(3);
    expect(await settle()).toMatchObject({ status: 'finalized', epoch: epoch + 1 });
    const [old, anew] = (await attempts()).map(({ rebalance }) => decodeRebalance(rebalance).order);
    expect(anew).toEqual({ ...old, deadline: expect.any(Number) });
    expect(anew.deadline).toBeGreaterThan(old.deadline);
    await expectOneSettlement();
  });

  test("while the strategist's key was rotated is signed anew with the new key", async () => {
    const first = await settle();
    await drop(String(first.transaction));
    const strategist = createLocalSigner(new Uint8Array(32).fill(77));
    await setRole(STRATEGIST, await strategist.address());
    const rotated = chainOf({}, { ...world.fixture.signers, strategist });
    await settle(rotated);
    await mine(3);
    expect(await settle(rotated)).toMatchObject({ status: 'finalized', epoch: epoch + 1 });
    expect(await attempts()).toHaveLength(2);
    await expectOneSettlement();
    await setRole(STRATEGIST, world.fixture.addresses.strategist);
  });

  test('of a relayer that was rotated is no second nonce: its bytes fail, with an alert, and the next decision goes on', async () => {
    await drop(String((await settle()).transaction));
    const relayer = createLocalSigner(new Uint8Array(32).fill(78));
    const address = await relayer.address();
    await world.fixture.rpc.send('anvil_setBalance', [address, '0xde0b6b3a7640000']);
    await setRole(RELAYER, address);
    const rotated = chainOf({}, { ...world.fixture.signers, relayer });
    expect(await settle(rotated)).toMatchObject({ status: 'submitted' });
    await mine(3);
    await expect(settle(rotated)).rejects.toMatchObject({ code: 'SETTLEMENT_REVERTED' });
    expect(await row()).toMatchObject({ status: 'failed' });
    expect(await attempts()).toHaveLength(1);
    expect(world.alerts).toMatchObject([{ condition: 'failedTransaction' }]);
    ({ ref } = await world.decide({ A000: 1020 }));
    await settle(rotated);
    await mine(3);
    expect(await settle(rotated)).toMatchObject({ status: 'finalized', epoch: epoch + 1 });
    expect(await row()).toMatchObject({ relayer: address, nonce: 0 });
    await setRole(RELAYER, world.fixture.addresses.relayer);
  });

  test('is replaced by eight executors at once: one more attempt, which all of them send', async () => {
    const first = await settle();
    await drop(String(first.transaction));
    await later(REPLACE_AFTER);
    const outputs = await Promise.all(Array.from({ length: 8 }, () => settle()));
    expect(await attempts()).toHaveLength(2);
    expect(new Set(outputs.map(({ transaction }) => transaction)).size).toBe(1);
    await mine(3);
    expect(await settle()).toMatchObject({ status: 'finalized', transaction: outputs[0].transaction });
    await expectOneSettlement();
  });

  test('waits with its bytes, and an alert, where a replacement would cost more than the ceiling', async () => {
    const first = await settle();
    await drop(String(first.transaction));
    await later(REPLACE_AFTER);
    const [{ maxFeePerGasWei }] = await attempts();
    expect(await settle(chainOf({ maxFeePerGasWei }))).toMatchObject({
      status: 'submitted',
      transaction: first.transaction,
    });
    expect(world.alerts).toMatchObject([{ condition: 'feeCeiling', runbook: 'docs/runbook.md#feeceiling' }]);
    expect(await attempts()).toHaveLength(1);
    await mine(3);
    expect(await settle()).toMatchObject({ status: 'finalized', transaction: first.transaction });
    await expectOneSettlement();
  });

  test('and whose nonce someone else used has failed, with an alert; the next decision is settled', async () => {
    const first = await settle();
    await drop(String(first.transaction));
    const from = world.fixture.addresses.relayer;
    await world.fixture.rpc.send('eth_sendTransaction', [{ from, to: from, nonce: `0x${nonce.toString(16)}` }]);
    await mine(3);
    await expect(settle()).rejects.toMatchObject({ code: 'CHAIN_NONCE_USED' });
    expect(await row()).toMatchObject({ status: 'failed' });
    expect(world.alerts).toMatchObject([{ condition: 'failedTransaction' }]);
    ({ ref } = await world.decide({ A000: 1010 }));
    await settle();
    await mine(3);
    expect(await settle()).toMatchObject({ status: 'finalized', epoch: epoch + 1 });
  });
});

test('a receipt that a reorganisation takes away: confirmed, submitted, sent again, and final only then', async () => {
  const ports = chainOf({ finality: { tag: 'finalized', confirmations: 4, pollSeconds: 0, maxPolls: 1 } });
  const { transaction } = await settle(ports);
  await mine(1);
  expect(await settle(ports)).toMatchObject({ status: 'confirmed', transaction });
  expect(await row()).toMatchObject({ status: 'confirmed', receipt: expect.stringContaining(String(transaction)) });
  await world.fixture.rpc.send('anvil_reorg', [1, []]);
  expect(await settle(ports)).toMatchObject({ status: 'submitted', transaction });
  expect(await row()).toMatchObject({ status: 'submitted', receipt: null });
  await mine(4);
  expect(await settle(ports)).toMatchObject({ status: 'confirmed', transaction });
  await mine(1);
  expect(await settle(ports)).toMatchObject({ status: 'finalized', transaction });
  await expectOneSettlement();
});

test('a final settlement that the chain lost is sent again before the one that waits behind it', async () => {
  await settle();
  await mine(3);
  const lost = await settle();
  expect(lost.status).toBe('finalized');
  ({ ref } = await world.decide({ A000: 1030 }));
  await settle();
  await world.fixture.rpc.send('anvil_reorg', [4, []]); // deeper than what is final by the rule
  expect(await world.chain.knows(String(lost.transaction))).toBe(false);
  // The first poll may still meet a pool that counts what was reorganised away.
  for (const _ of ['counts wrongly', 'counts again']) {
    await settle();
    await mine(3);
  }
  expect(await settle()).toMatchObject({ status: 'finalized', epoch: epoch + 2 });
  expect(await world.chain.receipt(String(lost.transaction))).toMatchObject({ status: 'success' });
  expect((await world.chain.relayer()).nextNonce).toBe(nonce + 2);
});

describe('fees', () => {
  test.each([
    ['FEE_CEILING', 'feeCeiling', { maxTransactionFeeWei: '1000' }],
    ['FEE_BUDGET', 'feeBudget', { dailyFeeBudgetWei: '1000' }],
  ])(
    '%s: nothing is signed, an alert, and the order waits until it is within bounds',
    async (code, condition, change) => {
      await expect(settle(chainOf(change))).rejects.toMatchObject({ code, kind: 'failed' });
      await expect(settle(chainOf(change))).rejects.toMatchObject({ code });
      expect(world.alerts[0]).toMatchObject({ condition, id: `${condition}-${ref.hash}` });
      expect(await row()).toBeNull();
      await settle();
      await mine(3);
      expect(await settle()).toMatchObject({ status: 'finalized' });
      await expectOneSettlement();
    },
  );

  test('of a day: what receipts say was paid, and what is not mined at its most, once a settlement', () => {
    const fee = (decisionHash: string, change: Partial<FeeRow> = {}): FeeRow => ({
      ...{ strategy: 's', decisionHash, gasLimit: '100', maxFeePerGasWei: '10', status: 'submitted', receipt: null },
      ...change,
    });
    const paid = (blockTime: number) => JSON.stringify({ gasUsed: 70, effectiveGasPriceWei: '3', blockTime });
    const rows = [
      fee('waiting'),
      fee('waiting', { maxFeePerGasWei: '12' }),
      fee('today', { status: 'finalized', receipt: paid(1_000) }),
      fee('today', { status: 'finalized', receipt: paid(1_000), maxFeePerGasWei: '12' }),
      fee('yesterday', { status: 'finalized', receipt: paid(999) }),
      fee('nonce taken', { status: 'failed' }),
    ];
    expect(spentWei(rows, 1_000)).toBe(1_200n + 210n);
  });
});

describe('the nonce', () => {
  test('is settled with where the node has no state of the final block: a local chain that was started anew', async () => {
    const { rpc: node } = world.fixture;
    const send = <T>(method: string, params: readonly unknown[]): Promise<T> =>
      method === 'eth_getTransactionCount' && params[1] === 'finalized'
        ? Promise.reject(new RpcError(method, -32602, 'BlockOutOfRangeError', undefined))
        : node.send<T>(method, params);
    const ports = chainOf({}, world.fixture.signers, { url: node.url, send });
    await settle(ports);
    await mine(3);
    expect(await settle(ports)).toMatchObject({ status: 'finalized' });
    await expectOneSettlement();
  });

  const counted = (change: { nextNonce?: number; finalNonce?: number }): SettlePorts => {
    const ports = chainOf();
    const relayer = async () => ({ ...(await ports.chain.relayer()), ...change });
    return { ...ports, chain: overlay(ports.chain, { relayer }) };
  };

  test('of a node that counts more than the ledger gave out, or less, is not taken', async () => {
    await expect(settle(counted({ nextNonce: nonce + 3 }))).rejects.toMatchObject({ code: 'RELAYER_AHEAD' });
    await expect(settle(counted({ nextNonce: nonce - 1 }))).rejects.toMatchObject({ code: 'CHAIN_BEHIND' });
    expect(await row()).toBeNull();
    await settle();
    await mine(3);
    expect(await settle()).toMatchObject({ status: 'finalized' });
    await expectOneSettlement();
  });
});

const overlay = (chain: PortfolioChain, change: Partial<PortfolioChain>): PortfolioChain =>
  new Proxy(chain, {
    get: (target, name) => {
      const value = Reflect.get(name in change ? change : target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
