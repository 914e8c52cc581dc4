import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { getAddress } from 'ethers';
import { nameHash } from '../../adapters/chain/codec.ts';
import { checkCode } from '../../adapters/chain/genuine.ts';
import { type Rpc, RpcError } from '../../adapters/chain/rpc.ts';
import { createLocalSigner } from '../../adapters/signer/local-key.ts';
import { type Fixture, Ledger, MODEL, STRATEGY, startFixture } from '../../contracts/test/fixture.ts';
import { LOCAL_CHAIN_ID } from '../chain/anvil.ts';
import {
  AuditedChain,
  carries,
  checkSignatures,
  eventOf,
  type GenuineLedger,
  type MinedRebalance,
  stateFollows,
} from './ledger.ts';

let fixture: Fixture;
let ledger: Ledger;
beforeAll(async () => {
  fixture = await startFixture();
  ledger = await Ledger.create(fixture, 20);
});
afterAll(() => fixture.close());

async function opened(
  chain: AuditedChain,
  transaction: string,
): Promise<{ mined: MinedRebalance; ledger: GenuineLedger }> {
  const mined = await chain.mined(transaction);
  const checked = mined && (await chain.ledger(mined.contract));
  if (!mined || !checked?.ok) throw new Error('not mined, or not genuine');
  return { mined, ledger: checked };
}

describe('an order is judged by the keys and approvals of its day', () => {
  test('rotated keys and a revoked model change nothing for what was settled before, and everything after', async () => {
    const chain = new AuditedChain(fixture.rpc);
    const before = await ledger.sign(await ledger.order({ A000: 1000 }));
    const { transactionHash: first } = await ledger.rebalance(before);
    const other = createLocalSigner(new Uint8Array(32).fill(77));
    await ledger.send('admin', 'setRole', [0, await other.address()]);
    const after = await ledger.sign(await ledger.order({ A000: 1100 }), 10n ** 18n, { strategist: other });
    const { transactionHash: second } = await ledger.rebalance(after);
    await ledger.send('approver', 'revokeModel', [`0x${MODEL}`]);

    const [old, young] = [await opened(chain, first), await opened(chain, second)];
    const event = eventOf(old.mined, old.ledger);
    expect(event).toMatchObject({ epoch: 1 });
    expect(event && stateFollows(event, old.ledger)).toBe(true);
    expect(event && stateFollows({ ...event, navE18: 1n }, old.ledger)).toBe(false);
    const verdicts = async ({ mined, ledger: genuine }: typeof old, signed: typeof before) =>
      (await checkSignatures(chain, genuine, mined, signed)).map(({ ok }) => ok);
    expect(await verdicts(old, before)).toEqual([true, true]);
    expect(await verdicts(young, after)).toEqual([true, true]);
    // the signature of the key that was rotated away, under an order of the time after
    expect(await verdicts(young, before)).toEqual([false, true]);
    expect(await verdicts(old, { ...before, attestation: { ...before.attestation, navE18: 1n } })).toEqual([
      true,
      false,
    ]);
    expect(await verdicts(old, { ...before, orderSignature: '0x1234' })).toEqual([false, true]);
    // another deadline is another order: it was never sent
    expect(carries(old.mined, before, old.ledger)).toBe(true);
    expect(carries(old.mined, { ...before, order: { ...before.order, deadline: 5 } }, old.ledger)).toBe(false);
    const { history } = old.ledger;
    expect(await history.modelApprovedAt(MODEL, old.mined)).toBe(true);
    expect(await history.modelApprovedAt('b2'.repeat(32), old.mined)).toBe(false);
    expect((await history.rebalances()).map(({ transactionHash }) => transactionHash)).toEqual([first, second]);
    expect((await history.rebalanceOf(1, young.mined.block))?.transactionHash).toBe(first);
    await ledger.send('approver', 'approveModel', [`0x${MODEL}`]);
  });

  test('a transaction that the chain does not have, and one that is no rebalance', async () => {
    const chain = new AuditedChain(fixture.rpc);
    expect(await chain.mined(`0x${'ab'.repeat(32)}`)).toBeNull();
    const { transactionHash } = await ledger.send('approver', 'approveModel', [`0x${'c3'.repeat(32)}`]);
    const { mined, ledger: genuine } = await opened(chain, transactionHash);
    expect(eventOf(mined, genuine)).toBeNull();
  });
});

describe('where a ledger comes from', () => {
  const clone = (): Promise<string> => fixture.rpc.send<string>('eth_getCode', [ledger.deployment.contract, 'latest']);

  test('a genuine one was made by a genuine factory, for an account, in a block', async () => {
    const checked = await new AuditedChain(fixture.rpc).ledger(ledger.deployment.contract);
    expect(checked).toMatchObject({
      ok: true,
      origin: {
        factory: ledger.deployment.factory,
        creator: fixture.addresses.admin,
        block: ledger.deployment.startBlock,
      },
      named: { strategy: nameHash(STRATEGY), universe: nameHash('universe-20') },
    });
  });

  test('the same code that someone put somewhere himself is refused: its first state is whatever he wrote', async () => {
    const look = `0x${'ab'.repeat(20)}`;
    await fixture.rpc.send('anvil_setCode', [look, await clone()]);
    expect(await checkCode(fixture.rpc, look, LOCAL_CHAIN_ID)).toMatchObject({ ok: true });
    expect(await new AuditedChain(fixture.rpc).ledger(getAddress(look))).toMatchObject({
      ok: false,
      detail: expect.stringContaining('no factory'),
    });
  });

  test('a proxy of another contract, an account and nothing are refused without a crash', async () => {
    const chain = new AuditedChain(fixture.rpc);
    const proxy = `0x${'cd'.repeat(20)}`;
    await fixture.rpc.send('anvil_setCode', [
      proxy,
      `0x363d3d373d3d3d363d73${'11'.repeat(20)}5af43d82803e903d91602b57fd5bf3`,
    ]);
    for (const address of [proxy, fixture.addresses.relayer, `0x${'00'.repeat(19)}99`])
      expect(await chain.ledger(getAddress(address))).toMatchObject({ ok: false });
  });

  test('nodes that bound what one answer holds, keep no old states, and know no final block are read all the same', async () => {
    let asked = 0;
    const { rpc } = fixture;
    const bounded: Rpc = {
      url: rpc.url,
      send: (method, params) => {
        const [filter, tag] = params as [{ fromBlock: string; toBlock: string }, string];
        const refuse = (code: number) => Promise.reject(new RpcError(method, code, 'refused', null));
        if (method === 'eth_getCode' && tag !== 'latest') return refuse(-32000);
        if (method === 'eth_getBlockByNumber' && String(filter) === 'finalized') return refuse(-32602);
        if (method !== 'eth_getLogs') return rpc.send(method, params);
        asked++;
        return Number(filter.toBlock) - Number(filter.fromBlock) > 3 ? refuse(-32005) : rpc.send(method, params);
      },
    };
    const chain = new AuditedChain(bounded);
    expect(await chain.ledger(ledger.deployment.contract)).toMatchObject({
      ok: true,
      origin: { block: ledger.deployment.startBlock },
    });
    const signed = await ledger.sign(await ledger.order({ A000: 1200 }), 10n ** 18n, {
      strategist: createLocalSigner(new Uint8Array(32).fill(77)),
    });
    const { mined, ledger: genuine } = await opened(chain, (await ledger.rebalance(signed)).transactionHash);
    expect(mined.final).toBe(false);
    expect((await checkSignatures(chain, genuine, mined, signed)).map(({ ok }) => ok)).toEqual([true, true]);
    expect(asked).toBeGreaterThan(4);
  });
});

describe('the code of a ledger', () => {
  const check = (contract: string) => checkCode(fixture.rpc, contract, LOCAL_CHAIN_ID);

  test('is what contracts/ compiles to; the factory, an account and a look-alike are no ledgers', async () => {
    const genuine = await check(ledger.deployment.contract);
    expect(genuine).toMatchObject({ ok: true });
    expect(await check(ledger.deployment.factory)).toMatchObject({ ok: false, implementation: null });
    expect(await check(fixture.addresses.relayer)).toMatchObject({ ok: false, implementation: null });
    // the implementation is not a clone of itself
    expect(await check(String(genuine.implementation))).toMatchObject({ ok: false });
    // the same code on a chain of another id: its domain would be another
    expect(await checkCode(fixture.rpc, ledger.deployment.contract, 1)).toMatchObject({ ok: false });
  });

  test('one altered byte anywhere is found, in what the constructor wrote too', async () => {
    const { implementation } = await check(ledger.deployment.contract);
    const code = await fixture.rpc.send<string>('eth_getCode', [implementation, 'latest']);
    const length = code.length / 2 - 1;
    const places = Array.from({ length: 60 }, (_, k) => Math.floor((k * (length - 1)) / 59));
    const written = code.indexOf(String(implementation).slice(2).toLowerCase()) / 2 - 1;
    try {
      for (const place of [...places, written]) {
        const at = 2 + 2 * place;
        const flipped = (Number.parseInt(code.slice(at, at + 2), 16) ^ 1).toString(16).padStart(2, '0');
        await fixture.rpc.send('anvil_setCode', [implementation, code.slice(0, at) + flipped + code.slice(at + 2)]);
        expect([place, (await check(ledger.deployment.contract)).ok]).toEqual([place, false]);
      }
    } finally {
      await fixture.rpc.send('anvil_setCode', [implementation, code]);
    }
    expect((await check(ledger.deployment.contract)).ok).toBe(true);
  });
});
