import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { AuditedChain, carries, checkSignatures } from '../../local/verify/ledger.ts';
import { type Fixture, Ledger, startFixture } from './fixture.ts';

/** Wallets as code of a few bytes: put the answer of `isValidSignature` into memory and return it. */
const answering = (magic: string): string => `0x7f${magic.padEnd(64, '0')}5f5260205ff3`;
const YES = '1626ba7e';
const WALLET = `0x${'a1'.repeat(20)}`;

let fixture: Fixture;
let ledger: Ledger;
beforeAll(async () => {
  fixture = await startFixture();
  ledger = await Ledger.create(fixture, 3);
});
afterAll(() => fixture.close());

const become = (code: string) => fixture.rpc.send('anvil_setCode', [WALLET, code]);

test.each<[role: number, wrong: string]>([
  [0, 'InvalidOrderSignature'],
  [2, 'InvalidAttestation'],
])(
  'a contract wallet (ERC-1271) holds role %i: what it accepts is taken, what it does not is refused',
  async (role, wrong) => {
    const { rpc, addresses } = fixture;
    const own = [addresses.strategist, '', addresses.attestor][role];
    await ledger.send('admin', 'setRole', [role, WALLET]);
    const rebalance = await ledger.sign(await ledger.order({ A000: 1000 + role }));
    // the key that held the role signed it, so that the wallet alone decides
    for (const code of ['0x', answering('ffffffff'), answering(''), '0x5f5ffd'])
      expect([code, await become(code).then(() => ledger.tryRebalance(rebalance))]).toEqual([code, wrong]);
    await become(answering(YES));
    expect(await ledger.tryRebalance(rebalance)).toBe('ok');
    const { transactionHash } = await ledger.rebalance(rebalance);

    // what the wallet says later is of later: the ledger asked it when it took the order
    await become(answering('ffffffff'));
    const chain = new AuditedChain(rpc);
    const [mined, genuine] = [await chain.mined(transactionHash), await chain.ledger(ledger.deployment.contract)];
    if (!mined || !genuine.ok) throw new Error('not mined, or not genuine');
    expect(carries(mined, rebalance, genuine)).toBe(true);
    const checks = await checkSignatures(chain, genuine, mined, rebalance);
    expect(checks.map(({ ok }) => ok)).toEqual([true, true]);
    expect(checks.find(({ detail }) => detail.includes('ERC-1271'))?.role).toBe(role === 0 ? 'strategist' : 'attestor');
    await ledger.send('admin', 'setRole', [role, own]);
  },
);
