import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { PORTFOLIO } from '../../adapters/chain/codec.ts';
import type { RawReceipt } from '../../adapters/chain/transactions.ts';
import { passTimeTo } from '../../local/chain/anvil.ts';
import { type LedgerLimits, LIMIT_NAMES, loosenings, nextLimitsCall } from '../../local/chain/limits.ts';
import { type Fixture, Ledger, startFixture } from './fixture.ts';

const ASSETS = 20;
const DELAY = 24 * 60 * 60;
const CAPS = [4000, 5000, 6000];
const stranger = '0x00000000000000000000000000000000000000aa';
/** Far from the ends of every range, so that each figure can go either way. */
const MIDDLE: LedgerLimits = {
  maxWeightBps: 2000,
  maxGrossBps: 9000,
  maxTurnoverBps: 4000,
  driftBpsPerDay: 400,
  passiveBandBps: 300,
  maxDrawdownBps: 1500,
  maxNavChangeBpsPerDay: 1000,
  resetAfterDays: 30,
};

jest.setTimeout(process.env.DRL_TEST_SUITE === 'slow' ? 3_600_000 : 180_000); // room for a busy machine

let fixture: Fixture;
let ledger: Ledger;
let snapshot: string;

beforeAll(async () => {
  fixture = await startFixture();
  ledger = await Ledger.create(fixture, ASSETS);
  await ledger.putLimits(MIDDLE, CAPS);
});
afterAll(() => fixture.close());
beforeEach(async () => {
  if (snapshot) await fixture.rpc.send('evm_revert', [snapshot]);
  snapshot = await fixture.rpc.send<string>('evm_snapshot', []);
});

const set = (change: Partial<LedgerLimits>, caps = CAPS): Promise<RawReceipt> =>
  ledger.send('admin', 'setLimits', [{ ...MIDDLE, ...change }, caps]);
const eventsOf = (receipt: RawReceipt): string[] =>
  receipt.logs.map((log) => PORTFOLIO.parseLog(log as never)?.name ?? 'unknown');
const timeOf = async (receipt: RawReceipt): Promise<number> =>
  Number(
    (await fixture.rpc.send<{ timestamp: string }>('eth_getBlockByNumber', [receipt.blockNumber, false])).timestamp,
  );

/** Both sides of every figure: tighter, looser. */
const sides: [name: keyof LedgerLimits, tighter: number, looser: number][] = [
  ...LIMIT_NAMES.filter((name) => name !== 'resetAfterDays').map((name): [keyof LedgerLimits, number, number] => [
    name,
    MIDDLE[name] - 1,
    MIDDLE[name] + 1,
  ]),
  ['resetAfterDays', 31, 29],
  ['resetAfterDays', 0, 1],
];

describe('limits', () => {
  test.each(sides)('%s: %i holds at once, %i after a day', async (name, tighter, looser) => {
    const before = await ledger.limits();
    expect(before).toMatchObject({ inForce: { limits: MIDDLE, groupCapsBps: CAPS }, pending: null });

    const proposed = await set({ [name]: looser });
    expect(eventsOf(proposed)).toEqual(['LimitsSet', 'LimitsProposed']);
    const dueAt = (await timeOf(proposed)) + DELAY;
    expect(await ledger.limits()).toMatchObject({
      inForce: before.inForce,
      pending: { limits: { ...MIDDLE, [name]: looser }, groupCapsBps: CAPS, dueAt },
    });

    expect(eventsOf(await set({ [name]: tighter }))).toEqual(['LimitsSet']);
    expect(await ledger.limits()).toMatchObject({
      inForce: { limits: { ...MIDDLE, [name]: tighter }, groupCapsBps: CAPS },
      pending: null,
    });
  });

  test.each([0, 1, 2])('cap of group %i: lower holds at once, higher after a day', async (group) => {
    const change = (by: number) => CAPS.map((cap, index) => (index === group ? cap + by : cap));
    await set({}, change(1));
    expect(await ledger.limits()).toMatchObject({
      inForce: { groupCapsBps: CAPS },
      pending: { limits: MIDDLE, groupCapsBps: change(1) },
    });
    await set({}, change(-1));
    expect(await ledger.limits()).toMatchObject({ inForce: { groupCapsBps: change(-1) }, pending: null });
  });

  test('days without a new high may become any number from never, but only after a day', async () => {
    await set({ resetAfterDays: 0 });
    await set({ resetAfterDays: 65_535 });
    expect(await ledger.limits()).toMatchObject({
      inForce: { limits: { resetAfterDays: 0 } },
      pending: { limits: { resetAfterDays: 65_535 } },
    });
  });

  test('of a mixed change the tighter half holds at once and the looser half waits', async () => {
    const receipt = await set({ maxWeightBps: 1000, maxGrossBps: 9500 }, [3000, 5500, 6000]);
    const tight = { ...MIDDLE, maxWeightBps: 1000 };
    expect(await ledger.limits()).toMatchObject({
      inForce: { limits: tight, groupCapsBps: [3000, 5000, 6000] },
      pending: { limits: { ...tight, maxGrossBps: 9500 }, groupCapsBps: [3000, 5500, 6000] },
    });
    expect(loosenings(await ledger.limits())).toEqual(['maxGrossBps 9000 -> 9500', 'group 1 5000 -> 5500']);
    expect(receipt.logs).toHaveLength(2);
    const [inForce, proposed] = receipt.logs.map((log) => PORTFOLIO.parseLog(log as never)?.args);
    expect(inForce?.limits.maxWeightBps).toBe(1000n);
    expect(inForce?.limits.maxGrossBps).toBe(9000n);
    expect([...(inForce?.groupCapsBps ?? [])]).toEqual([3000n, 5000n, 6000n]);
    expect(proposed?.limits.maxGrossBps).toBe(9500n);
    expect(proposed?.dueAt).toBe(BigInt((await timeOf(receipt)) + DELAY));
  });

  test('an order meets the tighter limits until the looser ones are applied, not until they are due', async () => {
    const take = async (bps: number) => ledger.tryRebalance(await ledger.sign(await ledger.order({ A001: bps })));
    await set({ maxWeightBps: 2500, passiveBandBps: 0 });
    expect([await take(2000), await take(2001)]).toEqual(['ok', 'AssetCapExceeded']);
    await passTimeTo(fixture.rpc, (await ledger.limits()).pending?.dueAt ?? 0);
    expect(await take(2001)).toBe('AssetCapExceeded');
    await ledger.send('admin', 'applyLimits');
    expect([await take(2500), await take(2501)]).toEqual(['ok', 'AssetCapExceeded']);
  });

  test('the delay ends at its second, not before', async () => {
    await set({ maxWeightBps: 2500 });
    const dueAt = (await ledger.limits()).pending?.dueAt ?? 0;
    const { admin } = fixture.addresses;
    await passTimeTo(fixture.rpc, dueAt - 1);
    expect(await ledger.tryCall(admin, 'applyLimits')).toBe('LimitsNotDue');
    await fixture.rpc.send('evm_setNextBlockTimestamp', [dueAt]);
    const applied = await ledger.send('admin', 'applyLimits');
    expect([await timeOf(applied), eventsOf(applied)]).toEqual([dueAt, ['LimitsSet']]);
    expect(await ledger.limits()).toMatchObject({ inForce: { limits: { maxWeightBps: 2500 } }, pending: null });
    expect(await ledger.tryCall(admin, 'applyLimits')).toBe('NoPendingLimits');
  });

  test('a new proposal replaces the pending one and its time', async () => {
    await set({ maxWeightBps: 3000 });
    const first = (await ledger.limits()).pending?.dueAt ?? 0;
    await passTimeTo(fixture.rpc, first - 10);
    const second = await set({ maxGrossBps: 9500 });
    const dueAt = (await timeOf(second)) + DELAY;
    await passTimeTo(fixture.rpc, first);
    expect(await ledger.tryCall(fixture.addresses.admin, 'applyLimits')).toBe('LimitsNotDue');
    await passTimeTo(fixture.rpc, dueAt);
    await ledger.send('admin', 'applyLimits');
    expect((await ledger.limits()).inForce.limits).toEqual({ ...MIDDLE, maxGrossBps: 9500 });
  });

  test.each(['guardian', 'admin'] as const)('the %s cancels what waits', async (role) => {
    expect(await ledger.tryCall(fixture.addresses[role], 'cancelLimits')).toBe('NoPendingLimits');
    await set({ maxWeightBps: 3000 });
    const cancelled = await ledger.send(role, 'cancelLimits');
    expect(PORTFOLIO.parseLog(cancelled.logs[0] as never)).toMatchObject({
      name: 'LimitsCancelled',
      args: [fixture.addresses[role]],
    });
    expect((await ledger.limits()).pending).toBeNull();
    await passTimeTo(fixture.rpc, (await timeOf(cancelled)) + DELAY);
    expect(await ledger.tryCall(fixture.addresses.admin, 'applyLimits')).toBe('NoPendingLimits');
  });

  test('nobody else sets, applies or cancels', async () => {
    await set({ maxWeightBps: 3000 });
    await passTimeTo(fixture.rpc, (await ledger.limits()).pending?.dueAt ?? 0);
    const { admin: _, guardian, ...others } = fixture.addresses;
    for (const account of [...Object.values(others), stranger]) {
      expect(await ledger.tryCall(account, 'setLimits', [MIDDLE, CAPS])).toBe('NotPermitted');
      expect(await ledger.tryCall(account, 'applyLimits')).toBe('NotPermitted');
      expect(await ledger.tryCall(account, 'cancelLimits')).toBe('NotPermitted');
    }
    expect(await ledger.tryCall(guardian, 'setLimits', [MIDDLE, CAPS])).toBe('NotPermitted');
    expect(await ledger.tryCall(guardian, 'applyLimits')).toBe('NotPermitted');
  });

  test('a pause holds orders up, not the limits; a new admin inherits what waits', async () => {
    await set({ maxWeightBps: 3000 });
    await ledger.send('guardian', 'pause');
    await ledger.send('admin', 'proposeAdmin', [fixture.addresses.guardian]);
    await ledger.send('guardian', 'acceptAdmin');
    await passTimeTo(fixture.rpc, (await ledger.limits()).pending?.dueAt ?? 0);
    expect(await ledger.tryCall(fixture.addresses.admin, 'applyLimits')).toBe('NotPermitted');
    await ledger.send('guardian', 'applyLimits');
    expect((await ledger.limits()).inForce.limits.maxWeightBps).toBe(3000);
  });

  test('an invalid proposal leaves the pending one alone', async () => {
    await set({ maxWeightBps: 3000 });
    const before = await ledger.limits();
    const { admin } = fixture.addresses;
    expect(await ledger.tryCall(admin, 'setLimits', [{ ...MIDDLE, maxGrossBps: 10_001 }, CAPS])).toBe('InvalidLimit');
    expect(await ledger.tryCall(admin, 'setLimits', [MIDDLE, CAPS.slice(1)])).toBe('WrongGroupCount');
    expect((await ledger.limits()).pending).toEqual(before.pending);
  });
});

test('drl chain init asks for the one call that is needed now', () => {
  const call = (data: string | null) => data && PORTFOLIO.parseTransaction({ data })?.name;
  const inForce = { limits: MIDDLE, groupCapsBps: CAPS };
  const looser = { ...inForce, limits: { ...MIDDLE, maxWeightBps: 2500 } };
  const pending = { ...looser, dueAt: 100 };
  expect(nextLimitsCall({ inForce, pending: null, blockTime: 0 }, inForce)).toBeNull();
  expect(call(nextLimitsCall({ inForce, pending: null, blockTime: 0 }, looser))).toBe('setLimits');
  expect(nextLimitsCall({ inForce, pending, blockTime: 99 }, looser)).toBeNull();
  expect(call(nextLimitsCall({ inForce, pending, blockTime: 100 }, looser))).toBe('applyLimits');
  expect(call(nextLimitsCall({ inForce, pending, blockTime: 100 }, inForce))).toBe('cancelLimits');
  const other = { ...inForce, groupCapsBps: [1, 2, 3] };
  expect(call(nextLimitsCall({ inForce, pending, blockTime: 100 }, other))).toBe('setLimits');
});
