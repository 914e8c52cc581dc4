import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { PortfolioChain } from '../../adapters/chain/port.ts';
import { getArtifactJson, getManifest, getPointer } from '../../adapters/object-store/port.ts';
import { MODEL, STRATEGY } from '../../contracts/test/fixture.ts';
import { openWorldChain, type SettlePorts, startWorld, type World } from '../../contracts/test/settlement-world.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import { AuditedChain, carries, checkSignatures } from '../../local/verify/ledger.ts';
import { decodeRebalance, navE18, settlementPointer } from '../artifacts/settlement.ts';
import { runStage } from '../middleware/stage.ts';
import { settleStage } from './settle.ts';

jest.setTimeout(process.env.DRL_TEST_SUITE === 'slow' ? 3_600_000 : 180_000); // room for a busy machine

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

type Output = Awaited<ReturnType<typeof settleStage.run>>;
const settle = async (ref: ArtifactRef, change: Partial<SettlePorts> = {}): Promise<Output> =>
  (await runStage(settleStage, world.event(ref), { ...world.ports, ...change })).output as Output;

const sentBy = async (): Promise<number> => (await world.chain.relayer()).nextNonce;

describe('one decision', () => {
  test('becomes one transaction, final at once on the local chain, with its trail in store and ledger', async () => {
    const { ref, decision } = await world.decide({ A000: 1200, A001: 800 }, 1.0123456789);
    const output = await settle(ref);
    expect(output).toMatchObject({
      status: 'finalized',
      epoch: 1,
      chainId: 31337,
      contract: world.ledger.deployment.contract,
    });
    expect(output.gasUsed).toBeGreaterThan(21_000);

    const state = await world.chain.state();
    expect(state).toMatchObject({ epoch: 1, weightsBps: decision.weightsBps, navE18: navE18(1.0123456789) });
    expect(await world.chain.rebalanceEvent(String(output.transaction))).toMatchObject({
      decisionHash: ref.hash,
      datasetHash: decision.dataset.hash,
      modelHash: MODEL,
    });

    const settlement = output.settlement as ArtifactRef;
    const pointer = await getPointer<{ settlement: ArtifactRef }>(world.store, STRATEGY, settlementPointer(ref.hash));
    expect(pointer?.value.settlement).toEqual(settlement);
    const manifest = await getManifest(world.store, STRATEGY, settlement);
    expect(manifest).toMatchObject({
      inputs: { decision: ref },
      facts: { transaction: output.transaction, status: 'finalized' },
    });
    const row = await world.relational.settlement(STRATEGY, ref.hash);
    expect(row).toMatchObject({ status: 'finalized', transaction: output.transaction, epoch: 1 });
    expect(await getArtifactJson(world.store, STRATEGY, settlement, 'receipt.json')).toEqual(
      JSON.parse(String(row?.receipt)),
    );
    const stored = decodeRebalance(
      JSON.stringify(await getArtifactJson(world.store, STRATEGY, settlement, 'order.json')),
    );
    const audited = new AuditedChain(world.fixture.rpc);
    const mined = await audited.mined(String(output.transaction));
    const ledger = await audited.ledger(world.ledger.deployment.contract);
    if (!mined || !ledger.ok) throw new Error('not mined, or not genuine');
    expect(carries(mined, stored, ledger)).toBe(true);
    expect((await checkSignatures(audited, ledger, mined, stored)).map(({ ok }) => ok)).toEqual([true, true]);
  });

  test('a second run sends nothing and says the same, with its memory and without', async () => {
    const { ref } = await world.decide({ A000: 1000 });
    const first = await settle(ref);
    const nonce = await sentBy();
    expect((await runStage(settleStage, world.event(ref), world.ports)).status).toBe('unchanged');
    expect(await settleStage.run(settleStage.input.parse(world.event(ref)), world.ports)).toEqual(first);
    expect(await sentBy()).toBe(nonce);
  });

  test('an RPC that answers for another chain is refused before anything is signed', async () => {
    const { ref } = await world.decide({ A000: 1000 });
    const settings = structuredClone(world.settings);
    settings.config.chain.chainId = 11_155_111;
    const chain = openWorldChain(world.fixture, world.ledger, settings);
    await expect(settle(ref, { chain })).rejects.toMatchObject({
      code: 'CHAIN_MISMATCH',
      kind: 'refused',
      facts: { configured: 11_155_111, answered: 31_337 },
    });
    expect(await world.relational.settlement(STRATEGY, ref.hash)).toBeNull();
  });

  test('without a ledger on the chain the day goes on: notInitialised, and asked again the next time', async () => {
    const { ref } = await world.decide({ A000: 1000 });
    const output = await settle(ref, { chain: replaced(world.chain, { contract: async () => null }) });
    expect(output).toEqual({
      status: 'notInitialised',
      transaction: null,
      epoch: null,
      gasUsed: null,
      contract: null,
      chainId: 31337,
      settlement: null,
    });
    expect(await settle(ref)).toMatchObject({ status: 'finalized' });
  });
});

test('an asset whose symbol has changed is settled under the name that the ledger has for it', async () => {
  const { ref } = await world.decide({ A000: 500, RENAMED: 1500 }, 1, { RENAMED: 'A001' });
  expect(await settle(ref)).toMatchObject({ status: 'finalized' });
  expect((await world.chain.state()).weightsBps).toEqual({ A000: 500, A001: 1500, A002: 0, CASH: 8000 });
});

describe('what the chain refuses is told in its own words, and nothing is recorded', () => {
  const refusals: [string, Record<string, number>, number, string][] = [
    ['an asset over its cap', { A000: 5000 }, 1, 'AssetCapExceeded'],
    ['a value that jumped', { A000: 1000 }, 9, 'NavOutOfBounds'],
  ];
  test.each(refusals)('%s', async (_, weights, nav, error) => {
    const { ref } = await world.decide(weights, nav);
    await expect(settle(ref)).rejects.toMatchObject({ code: 'CHAIN_REVERTED', kind: 'refused', facts: { error } });
    expect(await world.relational.settlement(STRATEGY, ref.hash)).toBeNull();
  });

  test('an asset that the ledger does not have', async () => {
    const { ref } = await world.decide({ NEW: 1000 });
    await expect(settle(ref)).rejects.toMatchObject({ code: 'UNKNOWN_ASSET', facts: { symbol: 'NEW' } });
  });

  test('a paused ledger', async () => {
    const { ref } = await world.decide({ A000: 1000 });
    await world.ledger.send('guardian', 'pause');
    await expect(settle(ref)).rejects.toMatchObject({ code: 'LEDGER_PAUSED' });
    await world.ledger.send('admin', 'unpause');
    expect(await settle(ref)).toMatchObject({ status: 'finalized' });
  });

  test('a model that nobody approved', async () => {
    const { ref } = await world.decide({ A000: 1000 });
    await world.ledger.send('approver', 'revokeModel', [`0x${MODEL}`]);
    await expect(settle(ref)).rejects.toMatchObject({ code: 'CHAIN_REVERTED', facts: { error: 'UnapprovedModel' } });
    expect(await world.chain.approveModel(MODEL)).toMatch(/^0x/);
    expect(await world.chain.approveModel(MODEL)).toBeNull();
    expect(await settle(ref)).toMatchObject({ status: 'finalized' });
  });

  test('a relayer without funds: address, balance and need', async () => {
    const { ref } = await world.decide({ A000: 1000 });
    const { address, balanceWei } = await world.chain.relayer();
    await world.fixture.rpc.send('anvil_setBalance', [address, '0x3e8']);
    await expect(settle(ref)).rejects.toMatchObject({ code: 'CHAIN_UNFUNDED', facts: { address, balanceWei: '1000' } });
    await world.fixture.rpc.send('anvil_setBalance', [address, `0x${balanceWei.toString(16)}`]);
    expect(await settle(ref)).toMatchObject({ status: 'finalized' });
  });

  test('fees above the ceiling: nothing is signed', async () => {
    const { ref } = await world.decide({ A000: 1000 });
    const settings = structuredClone(world.settings);
    settings.config.chain.maxFeePerGasWei = '1';
    await expect(settle(ref, { chain: openWorldChain(world.fixture, world.ledger, settings) })).rejects.toMatchObject({
      code: 'FEE_CEILING',
    });
    expect(await world.relational.settlement(STRATEGY, ref.hash)).toBeNull();
    expect(await settle(ref)).toMatchObject({ status: 'finalized' });
  });
});

describe('exactly once', () => {
  test('cut off before any one of its calls and run again: one transaction, the same bytes', async () => {
    let cuts = 0;
    for (let cutAt = 1; ; cutAt++) {
      const { ref } = await world.decide({ A000: 1000 + cutAt });
      const [nonce, { epoch }] = [await sentBy(), await world.chain.state()];
      const cut = cutPorts(world.ports, cutAt);
      const first = await settle(ref, cut.ports).catch((error: Error) => error);
      const recorded = await world.relational.settlement(STRATEGY, ref.hash);
      const again = await settle(ref);
      expect(again).toMatchObject({ status: 'finalized', epoch: epoch + 1 });
      if (recorded) expect(again.transaction).toBe(recorded.transaction);
      expect(await sentBy()).toBe(nonce + 1);
      expect((await world.chain.state()).epoch).toBe(epoch + 1);
      if (!(first instanceof Error)) break;
      expect(first.message).toBe(CUT);
      cuts += 1;
    }
    expect(cuts).toBeGreaterThan(15);
  });

  test('eight settle one decision at once: one row, one nonce, one answer', async () => {
    const { ref } = await world.decide({ A001: 700 });
    const nonce = await sentBy();
    const outputs = await Promise.all(
      Array.from({ length: 8 }, () => settleStage.run(settleStage.input.parse(world.event(ref)), world.ports)),
    );
    const final = await settle(ref);
    expect(new Set(outputs.map(({ transaction }) => transaction))).toEqual(new Set([final.transaction]));
    expect(await sentBy()).toBe(nonce + 1);
    expect(final.status).toBe('finalized');
  });

  test('the next decision first sends what an earlier run had signed', async () => {
    const earlier = await world.decide({ A000: 500 });
    const stop = replaced(world.chain, { broadcast: async () => Promise.reject(new Error(CUT)) });
    await expect(settle(earlier.ref, { chain: stop })).rejects.toThrow(CUT);
    const row = await world.relational.settlement(STRATEGY, earlier.ref.hash);
    expect(row?.status).toBe('signed');
    const next = await world.decide({ A000: 600 });
    const output = await settle(next.ref);
    expect(output).toMatchObject({ status: 'finalized', epoch: Number(row?.epoch) + 1 });
    expect(await world.relational.settlement(STRATEGY, earlier.ref.hash)).toMatchObject({
      status: 'finalized',
      transaction: row?.transaction,
    });
  });

  test('blocks that the local chain lost are sent again from the stored bytes', async () => {
    const before = await world.fixture.rpc.send<string>('evm_snapshot', []);
    const lost = [await world.decide({ A000: 510 }), await world.decide({ A000: 520 })];
    const first = await settle(lost[0].ref);
    const second = await settle(lost[1].ref);
    await world.fixture.rpc.send('evm_revert', [before]);
    expect(await world.chain.receipt(String(second.transaction))).toBeNull();
    const next = await world.decide({ A000: 530 });
    expect(await settle(next.ref)).toMatchObject({ status: 'finalized', epoch: Number(second.epoch) + 1 });
    for (const { transaction } of [first, second])
      expect(await world.chain.receipt(String(transaction))).toMatchObject({ status: 'success' });
  });

  test('a transaction that reverts when it is mined: alert, typed error with the reason, row failed, and the next day goes on', async () => {
    const { ref } = await world.decide({ A000: 540 });
    const paused = replaced(world.chain, {
      broadcast: async (raw: string) => {
        await world.ledger.send('guardian', 'pause'); // between the estimate and the block
        await world.chain.broadcast(raw);
      },
    });
    const code = { code: 'SETTLEMENT_REVERTED', facts: { error: 'ContractPaused' } };
    await expect(settle(ref, { chain: paused })).rejects.toMatchObject(code);
    expect(world.alerts.at(-1)).toMatchObject({ condition: 'failedTransaction', severity: 'critical' });
    expect(await world.relational.settlement(STRATEGY, ref.hash)).toMatchObject({ status: 'failed' });
    await expect(settle(ref)).rejects.toMatchObject(code);
    await world.ledger.send('admin', 'unpause');
    expect(await settle((await world.decide({ A000: 550 })).ref)).toMatchObject({ status: 'finalized' });
  });
});

const CUT = 'cut off';

/** The chain with some of its methods replaced. */
const replaced = (chain: PortfolioChain, change: Partial<PortfolioChain>): PortfolioChain =>
  new Proxy(chain, {
    get: (target, name) => {
      const value = Reflect.get(name in change ? change : target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });

/** Ports whose n-th call, of all of them together, never happens. Nothing after it happens either, as when the process is killed. */
function cutPorts(ports: SettlePorts, cutAt: number): { ports: Partial<SettlePorts> } {
  let calls = 0;
  const cut = <T extends object>(target: T): T =>
    new Proxy(target, {
      get: (own, name) => {
        const value = Reflect.get(own, name);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          calls += 1;
          if (calls >= cutAt) throw new Error(CUT);
          return value.apply(own, args);
        };
      },
    });
  return { ports: { store: cut(ports.store), ledger: cut(ports.ledger), chain: cut(ports.chain) } };
}
