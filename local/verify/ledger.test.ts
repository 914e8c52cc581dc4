import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { checkCode } from '../../adapters/chain/genuine.ts';
import { createLocalSigner } from '../../adapters/signer/local-key.ts';
import { type Fixture, Ledger, MODEL, startFixture } from '../../contracts/test/fixture.ts';
import { LOCAL_CHAIN_ID } from '../chain/anvil.ts';
import { AuditedLedger } from './ledger.ts';

let fixture: Fixture;
let ledger: Ledger;
beforeAll(async () => {
  fixture = await startFixture();
  ledger = await Ledger.create(fixture, 20);
});
afterAll(() => fixture.close());

describe('an order is judged by the keys and approvals of its day', () => {
  test('rotated keys and a revoked model change nothing for what was settled before, and everything after', async () => {
    const audited = new AuditedLedger(fixture.rpc);
    const before = await ledger.sign(await ledger.order({ A000: 1000 }));
    const { transactionHash: first } = await ledger.rebalance(before);
    const other = createLocalSigner(new Uint8Array(32).fill(77));
    await ledger.send('admin', 'setRole', [0, await other.address()]);
    const after = await ledger.sign(await ledger.order({ A000: 1100 }), 10n ** 18n, { strategist: other });
    const { transactionHash: second } = await ledger.rebalance(after);
    await ledger.send('approver', 'revokeModel', [`0x${MODEL}`]);

    const [old, young] = [await audited.rebalance(first), await audited.rebalance(second)];
    if (!old || !young) throw new Error('not mined');
    expect(old).toMatchObject({ succeeded: true, stateFollows: true, event: { epoch: 1 }, code: { ok: true } });
    const verdicts = async (mined: typeof old, signed: typeof before) =>
      (await audited.signatures(mined, signed)).map(({ ok }) => ok);
    expect(await verdicts(old, before)).toEqual([true, true]);
    expect(await verdicts(young, after)).toEqual([true, true]);
    // the signature of the key that was rotated away, under an order of the time after
    expect(await verdicts(young, before)).toEqual([false, true]);
    expect(await verdicts(old, { ...before, attestation: { ...before.attestation, navE18: 1n } })).toEqual([
      true,
      false,
    ]);
    expect(await verdicts(old, { ...before, orderSignature: '0x1234' })).toEqual([false, true]);
    expect(await audited.modelApproved(old, MODEL)).toBe(true);
    expect(await audited.modelApproved(old, 'b2'.repeat(32))).toBe(false);
    await ledger.send('approver', 'approveModel', [`0x${MODEL}`]);
  });

  test('a transaction that the chain does not have, and one that is no rebalance', async () => {
    const audited = new AuditedLedger(fixture.rpc);
    expect(await audited.rebalance(`0x${'ab'.repeat(32)}`)).toBeNull();
    const { transactionHash } = await ledger.send('approver', 'approveModel', [`0x${'c3'.repeat(32)}`]);
    expect(await audited.rebalance(transactionHash)).toMatchObject({ event: null, code: { ok: true } });
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
