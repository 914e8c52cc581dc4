import { afterAll, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import type { SignedRebalance } from '../../adapters/chain/port.ts';
import type { RawReceipt } from '../../adapters/chain/transactions.ts';
import { createLocalSigner } from '../../adapters/signer/local-key.ts';
import { CONTRACT_ROLES } from '../../local/chain/init.ts';
import { type Fixture, Ledger, startFixture } from './fixture.ts';

/** A key that goes leaves its power at once; what it signed and was not mined is signed again by the next key, for the same epoch. */
const E18 = 10n ** 18n;
const next = createLocalSigner(new Uint8Array(32).fill(77));
type Rotated = 'strategist' | 'relayer' | 'attestor';

jest.setTimeout(process.env.DRL_TEST_SUITE === 'slow' ? 3_600_000 : 180_000); // room for a busy machine

let fixture: Fixture;
let ledger: Ledger;
let snapshot: string;
let nextAddress: string;

beforeAll(async () => {
  fixture = await startFixture();
  ledger = await Ledger.create(fixture, 3);
  nextAddress = await next.address();
  await fixture.rpc.send('anvil_impersonateAccount', [nextAddress]);
  await fixture.rpc.send('anvil_setBalance', [nextAddress, '0xde0b6b3a7640000']);
});
afterAll(() => fixture.close());
beforeEach(async () => {
  if (snapshot) await fixture.rpc.send('evm_revert', [snapshot]);
  snapshot = await fixture.rpc.send<string>('evm_snapshot', []);
});

const rotate = (role: Rotated): Promise<RawReceipt> =>
  ledger.send('admin', 'setRole', [CONTRACT_ROLES.indexOf(role), nextAddress]);

/** The same order, signed and sent by whoever holds the roles after `role` went to the next key. */
const after = async (role: Rotated, { order }: SignedRebalance) => ({
  rebalance: await ledger.sign(order, E18, role === 'relayer' ? {} : { [role]: next }),
  from: role === 'relayer' ? nextAddress : fixture.addresses.relayer,
});

const refusals: [Rotated, string][] = [
  ['strategist', 'InvalidOrderSignature'],
  ['relayer', 'NotPermitted'],
  ['attestor', 'InvalidAttestation'],
];

test.each(refusals)(
  'after the %s rotates, what the old key did is %s, and the same order for the same epoch is taken',
  async (role, refusal) => {
    const signed = await ledger.sign(await ledger.order({ A000: 1000 }));
    expect(await ledger.tryRebalance(signed)).toBe('ok');
    await rotate(role);
    expect(await ledger.tryRebalance(signed)).toBe(refusal);
    const { rebalance, from } = await after(role, signed);
    await ledger.sendData(from, ledger.rebalanceData(rebalance));
    expect(await ledger.state()).toMatchObject({ epoch: signed.order.epoch, weightsBps: { A000: 1000 } });
    expect(await ledger.tryRebalance(rebalance, from)).toBe('WrongEpoch');
  },
);

test.each(refusals)('an order that waits in the pool while the %s rotates leaves the epoch free', async (role) => {
  const { rpc, addresses } = fixture;
  const to = ledger.deployment.contract;
  const signed = await ledger.sign(await ledger.order({ A000: 1000 }));
  await rpc.send('evm_setAutomine', [false]);
  try {
    const waiting = await rpc.send<string>('eth_sendTransaction', [
      { from: addresses.relayer, to, data: ledger.rebalanceData(signed), gas: '0xf4240', gasPrice: '0x77359400' },
    ]);
    const setRole = ledger.callData('setRole', [CONTRACT_ROLES.indexOf(role), nextAddress]);
    await rpc.send('eth_sendTransaction', [
      { from: addresses.admin, to, data: setRole, gas: '0xf4240', gasPrice: '0x2540be400' },
    ]);
    await rpc.send('anvil_mine', ['0x1']);
    const receipt = await rpc.send<RawReceipt>('eth_getTransactionReceipt', [waiting]);
    expect(receipt.status).toBe('0x0');
  } finally {
    await rpc.send('evm_setAutomine', [true]);
  }
  expect(await ledger.state()).toMatchObject({ epoch: 0 });
  const { rebalance, from } = await after(role, signed);
  await ledger.sendData(from, ledger.rebalanceData(rebalance));
  expect(await ledger.state()).toMatchObject({ epoch: 1, weightsBps: { A000: 1000 } });
});

test('every key rotates between two orders, and the line of states goes on', async () => {
  const first = await ledger.sign(await ledger.order({ A000: 1000 }));
  await ledger.rebalance(first);
  const { stateHash } = await ledger.state();
  for (const role of ['strategist', 'relayer', 'attestor'] as const) await rotate(role);
  expect((await ledger.state()).stateHash).toBe(stateHash);
  const order = await ledger.order({ A000: 1500 });
  expect(order.previousStateHash).toBe(stateHash);
  const rebalance = await ledger.sign(order, E18, { strategist: next, attestor: next });
  await ledger.sendData(nextAddress, ledger.rebalanceData(rebalance));
  expect(await ledger.state()).toMatchObject({ epoch: 2, weightsBps: { A000: 1500 } });
});
