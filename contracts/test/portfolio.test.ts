import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { TypedDataEncoder } from 'ethers';
import {
  decodeRebalanced,
  eip712Domain,
  encodeSymbols,
  FACTORY,
  nameHash,
  ORDER_TYPES,
  orderValue,
  PORTFOLIO,
  stateHashOf,
} from '../../adapters/chain/codec.ts';
import { signDigestHex } from '../../adapters/chain/transactions.ts';
import { createLocalSigner } from '../../adapters/signer/local-key.ts';
import { SIGNER_ROLES, type SignerRole } from '../../adapters/signer/port.ts';
import { LOCAL_CHAIN_ID } from '../../local/chain/anvil.ts';
import { ledgerAssets } from '../../local/chain/assets.ts';
import { ledgerLimits } from '../../local/chain/init.ts';
import { type Fixture, Ledger, LIMITS, MODEL, revertName, STRATEGY, startFixture, testAssets } from './fixture.ts';

const E18 = 10n ** 18n;
const SECP256K1_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const ASSETS = 20;
const stranger = '0x00000000000000000000000000000000000000aa';

jest.setTimeout(process.env.DRL_TEST_SUITE === 'slow' ? 3_600_000 : 180_000); // room for a busy machine

let fixture: Fixture;
let ledger: Ledger;
let snapshot: string;

beforeAll(async () => {
  fixture = await startFixture();
  ledger = await Ledger.create(fixture, ASSETS);
});
afterAll(() => fixture.close());

/** Each test begins on the fresh ledger. */
const fresh = async () => {
  if (snapshot) await fixture.rpc.send('evm_revert', [snapshot]);
  snapshot = await fixture.rpc.send<string>('evm_snapshot', []);
};

describe('rebalance', () => {
  beforeEach(fresh);

  test('takes a signed order: state, weights, one event from which the state hash follows', async () => {
    const before = await ledger.state();
    expect(before).toMatchObject({
      epoch: 0,
      navE18: E18,
      highWaterMarkE18: E18,
      paused: false,
      weightsBps: { CASH: 10_000, A000: 0 },
    });
    const order = await ledger.order({ A000: 2500, A015: 1, A016: 999, A019: 1500 });
    const receipt = await ledger.rebalance(await ledger.sign(order, 2n * E18));
    const after = await ledger.state();
    expect(receipt.logs).toHaveLength(1);
    const event = decodeRebalanced(receipt.logs[0] as never, ledger.deployment.assets);
    expect(event).toMatchObject({
      epoch: 1,
      modelHash: MODEL,
      decisionHash: order.decisionHash,
      datasetHash: order.datasetHash,
      previousStateHash: before.stateHash,
      stateHash: after.stateHash,
      navE18: 2n * E18,
      pricesEpoch: 20_000,
    });
    expect(event && stateHashOf(event, ledger.deployment.assets)).toBe(after.stateHash);
    expect(after.weightsBps).toEqual({ ...before.weightsBps, ...order.weightsBps });
    expect(event?.weightsBps).toEqual(after.weightsBps);
    expect(after).toMatchObject({ epoch: 1, navE18: 2n * E18, highWaterMarkE18: 2n * E18, pricesEpoch: 20_000 });
    for (const [symbol, bps] of Object.entries(after.weightsBps))
      expect(Number(await ledger.read('weights', encodeSymbols([symbol])))).toBe(bps);
  });

  test('history: the state can be rebuilt from the events alone', async () => {
    let head = (await ledger.state()).stateHash;
    for (const bps of [1000, 2000, 1500]) {
      const receipt = await ledger.rebalance(await ledger.sign(await ledger.order({ A001: bps, A002: 500 })));
      const event = decodeRebalanced(receipt.logs[0] as never, ledger.deployment.assets);
      expect(event?.previousStateHash).toBe(head);
      head = event ? stateHashOf(event, ledger.deployment.assets) : '';
    }
    expect((await ledger.state()).stateHash).toBe(head);
  });

  const replayed: [string, (order: Awaited<ReturnType<Ledger['order']>>) => object, string][] = [
    ['another strategy', () => ({ strategy: 'other' }), 'WrongStrategy'],
    ['an epoch too early', () => ({ epoch: 0 }), 'WrongEpoch'],
    ['an epoch too late', () => ({ epoch: 2 }), 'WrongEpoch'],
    ['another previous state', () => ({ previousStateHash: '00'.repeat(32) }), 'WrongState'],
    ['a deadline that has passed', () => ({ deadline: 1_600_000_000 }), 'DeadlinePassed'],
    ['prices of no day', () => ({ pricesEpoch: 0 }), 'StalePrices'],
    ['a model that is not approved', () => ({ modelHash: 'b2'.repeat(32) }), 'UnapprovedModel'],
    ['weights that do not sum', (order) => ({ weightsBps: { ...order.weightsBps, CASH: 8_999 } }), 'WeightsDoNotSum'],
    ['an asset over its cap', () => ({ weightsBps: { A000: 2501, CASH: 7499 } }), 'AssetCapExceeded'],
    ['a group over its cap', () => ({ weightsBps: { A000: 2001, A003: 2000, CASH: 5999 } }), 'GroupCapExceeded'],
    [
      'assets over the gross cap',
      () => ({ weightsBps: { A000: 2000, A001: 2400, A002: 2400, A003: 1000, A004: 1701, CASH: 499 } }),
      'GrossCapExceeded',
    ],
  ];
  test.each(replayed)('refuses %s', async (_, change, error) => {
    const order = await ledger.order({ A000: 1000 });
    expect(await ledger.tryRebalance(await ledger.sign(order))).toBe('ok');
    expect(await ledger.tryRebalance(await ledger.sign({ ...order, ...change(order) }))).toBe(error);
  });

  test('an order is taken once: replayed, it meets another epoch', async () => {
    const rebalance = await ledger.sign(await ledger.order({ A000: 1000 }));
    await ledger.rebalance(rebalance);
    expect(await ledger.tryRebalance(rebalance)).toBe('WrongEpoch');
  });

  test('signatures are bound to chain, contract and signer', async () => {
    const order = await ledger.order({ A000: 1000 });
    const other = createLocalSigner(new Uint8Array(32).fill(99));
    expect(await ledger.tryRebalance(await ledger.sign(order, E18, { strategist: other }))).toBe(
      'InvalidOrderSignature',
    );
    expect(await ledger.tryRebalance(await ledger.sign(order, E18, { chainId: 1 }))).toBe('InvalidOrderSignature');
    expect(await ledger.tryRebalance(await ledger.sign(order, E18, { contract: stranger }))).toBe(
      'InvalidOrderSignature',
    );
    expect(await ledger.tryRebalance(await ledger.sign(order, E18, { attestor: other }))).toBe('InvalidAttestation');
    for (const attestation of [{ epoch: 2 }, { pricesEpoch: 1 }, { navE18: E18 + 1n }, { strategy: 'other' }]) {
      expect(await ledger.tryRebalance(await ledger.sign(order, E18, { attestation }))).toBe('InvalidAttestation');
    }
  });

  test('malleated and malformed signatures are refused', async () => {
    const rebalance = await ledger.sign(await ledger.order({ A000: 1000 }));
    const [r, s, v] = [
      rebalance.orderSignature.slice(2, 66),
      rebalance.orderSignature.slice(66, 130),
      rebalance.orderSignature.slice(130),
    ];
    const highS = (SECP256K1_ORDER - BigInt(`0x${s}`)).toString(16).padStart(64, '0');
    for (const orderSignature of [
      `0x${r}${highS}${v === '1b' ? '1c' : '1b'}`,
      `0x${r}${s}`,
      '0x',
      `0x${'00'.repeat(65)}`,
    ]) {
      expect(await ledger.tryRebalance({ ...rebalance, orderSignature })).toBe('InvalidOrderSignature');
    }
  });

  test('a contract wallet signs by its own rule (ERC-1271)', async () => {
    const rebalance = await ledger.sign(await ledger.order({ A000: 1000 }));
    await ledger.send('admin', 'setRole', [0, stranger]);
    const answer = async (word: string) => {
      await fixture.rpc.send('anvil_setCode', [stranger, `0x63${word}60e01b5f5260205ff3`]); // returns this word to whoever asks
      return ledger.tryRebalance({ ...rebalance, orderSignature: '0x1234' });
    };
    expect([await answer('1626ba7e'), await answer('ffffffff')]).toEqual(['ok', 'InvalidOrderSignature']);
  });

  test('only the relayer submits', async () => {
    const rebalance = await ledger.sign(await ledger.order({ A000: 1000 }));
    for (const role of SIGNER_ROLES.filter((each) => each !== 'relayer')) {
      expect(await ledger.tryRebalance(rebalance, fixture.addresses[role])).toBe('NotPermitted');
    }
  });

  test.each([
    ['one word too many', 'WrongWeightCount', (words: bigint[]) => [...words, 0n]],
    ['one word too few', 'WrongWeightCount', (words: bigint[]) => words.slice(0, 1)],
    ['a weight behind the cash', 'WeightsBeyondAssets', (words: bigint[]) => [words[0], words[1] | (1n << 80n)]],
  ])('refuses %s', async (_, error, change) => {
    const order = await ledger.order({ A000: 1000 });
    const value = orderValue(order, ledger.deployment.assets);
    const changed = { ...value, weights: change(value.weights) }; // the codec itself writes no such order
    const digest = TypedDataEncoder.hash(
      eip712Domain(LOCAL_CHAIN_ID, ledger.deployment.contract),
      ORDER_TYPES,
      changed,
    );
    const { attestationSignature } = await ledger.sign(order);
    const signature = await signDigestHex(fixture.signers.strategist, digest);
    expect(
      await ledger.tryData(PORTFOLIO.encodeFunctionData('rebalance', [changed, signature, E18, attestationSignature])),
    ).toBe(error);
  });

  test('purchases are bounded from the second order on, sales never, and days without prices widen the bound', async () => {
    await ledger.rebalance(await ledger.sign(await ledger.order({ A000: 2000, A001: 2500, A002: 2500, A004: 2000 }))); // the first is free: 9,000 bought
    await ledger.rebalance(await ledger.sign(await ledger.order({ A001: 500 }))); // all but sold out at once
    const bought = { A001: 2500, A002: 2500, A004: 1001 }; // 5,501: cap 5,000 and 500 a day
    expect(await ledger.tryRebalance(await ledger.sign(await ledger.order({ ...bought, A004: 1001 })))).toBe(
      'TurnoverExceeded',
    );
    expect(await ledger.tryRebalance(await ledger.sign(await ledger.order({ ...bought, A004: 1000 })))).toBe('ok');
    const { pricesEpoch } = await ledger.state();
    expect(
      await ledger.tryRebalance(await ledger.sign(await ledger.order(bought, { pricesEpoch: pricesEpoch + 2 }))),
    ).toBe('ok');
  });

  test('a position over its cap may stay, may drift within the band, and may not be bought', async () => {
    await ledger.rebalance(await ledger.sign(await ledger.order({ A000: 2400, A001: 1000 })));
    const [, caps] = ledger.limitArguments();
    const take = async (A000: number) =>
      ledger.tryRebalance(await ledger.sign(await ledger.order({ A000, A001: 1000 })));
    expect([await take(2500), await take(2900), await take(2901)]).toEqual(['ok', 'ok', 'AssetCapExceeded']);
    await ledger.putLimits({ maxWeightBps: 1000 });
    expect([await take(2400), await take(2401), await take(1500)]).toEqual(['ok', 'AssetCapExceeded', 'ok']);
    await ledger.putLimits({}, [1000, ...caps.slice(1)]);
    expect([await take(2400), await take(2401)]).toEqual(['ok', 'GroupCapExceeded']);
  });

  test('so may the sum of assets: a book that cannot be sold may drift over its cap', async () => {
    await ledger.rebalance(await ledger.sign(await ledger.order({ A000: 2000, A001: 1000 })));
    await ledger.putLimits({ maxGrossBps: 3000, passiveBandBps: 100 });
    const take = async (A001: number) =>
      ledger.tryRebalance(await ledger.sign(await ledger.order({ A000: 2000, A001 })));
    expect([await take(1000), await take(1100), await take(1101)]).toEqual(['ok', 'ok', 'GrossCapExceeded']);
    await ledger.putLimits({ maxGrossBps: 1000, passiveBandBps: 100 });
    expect([await take(1000), await take(1001)]).toEqual(['ok', 'GrossCapExceeded']);
  });

  test('the attested value is bounded by the day, positive, and free only the first time', async () => {
    const at = async (nav: bigint, days = 1) => {
      const state = await ledger.state();
      return ledger.tryRebalance(
        await ledger.sign(
          await ledger.order({ A000: 100 }, { pricesEpoch: Math.max(20_000, state.pricesEpoch + days) }),
          nav,
        ),
      );
    };
    expect(await at(0n)).toBe('NavOutOfBounds');
    expect(await at(37n * E18)).toBe('ok');
    await ledger.rebalance(await ledger.sign(await ledger.order({ A000: 100 }), E18));
    const up = (E18 * 12n) / 10n;
    expect([await at(up), await at(up + 1n), await at(up + 1n, 2)]).toEqual(['ok', 'NavOutOfBounds', 'ok']);
    const down = (E18 * 8n) / 10n;
    expect([await at(down), await at(down - 1n), await at(0n, 9)]).toEqual([
      'DrawdownLimit',
      'NavOutOfBounds',
      'NavOutOfBounds',
    ]);
  });

  test('beyond the hard drawdown limit only orders that lower exposure are taken', async () => {
    await ledger.rebalance(await ledger.sign(await ledger.order({ A000: 1000, A001: 1000 })));
    const at = (E18 * 85n) / 100n;
    const take = async (weights: Record<string, number>, nav: bigint) =>
      ledger.tryRebalance(await ledger.sign(await ledger.order(weights), nav));
    expect(await take({ A000: 1500, A001: 1000 }, at)).toBe('ok'); // exactly at the limit
    expect(await take({ A000: 1000, A001: 1000 }, at - 1n)).toBe('DrawdownLimit');
    expect(await take({ A002: 1999 }, at - 1n)).toBe('ok');
    expect(await take({}, at - 1n)).toBe('ok');
    await ledger.rebalance(await ledger.sign(await ledger.order({}), at - 1n));
    expect(await take({}, at - 1n)).toBe('ok'); // all cash stays possible
    expect(await take({ A000: 1 }, at - 1n)).toBe('DrawdownLimit');
  });

  test('the high-water mark restarts after its days, where that is configured', async () => {
    await ledger.putLimits({ resetAfterDays: 3 });
    await ledger.rebalance(await ledger.sign(await ledger.order({ A000: 100 })));
    const low = (E18 * 82n) / 100n;
    const take = async (days: number) =>
      ledger.tryRebalance(await ledger.sign(await ledger.order({ A000: 100 }, { pricesEpoch: 20_000 + days }), low));
    expect([await take(1), await take(2), await take(3)]).toEqual(['DrawdownLimit', 'DrawdownLimit', 'ok']);
    await ledger.rebalance(await ledger.sign(await ledger.order({ A000: 100 }, { pricesEpoch: 20_003 }), low));
    expect((await ledger.state()).highWaterMarkE18).toBe(low);
  });
});

describe('roles', () => {
  beforeEach(fresh);

  test('each call is its role alone', async () => {
    const allowed: [string, unknown[], SignerRole[]][] = [
      ['approveModel', [`0x${MODEL}`], ['approver']],
      ['revokeModel', [`0x${MODEL}`], ['approver']],
      ['pause', [], ['guardian', 'admin']],
      ['unpause', [], ['admin']],
      ['setRole', [0, stranger], ['admin']],
      ['setLimits', ledger.limitArguments(), ['admin']],
      ['proposeAdmin', [stranger], ['admin']],
    ];
    for (const [name, args, roles] of allowed) {
      for (const role of SIGNER_ROLES) {
        expect([name, role, await ledger.tryCall(fixture.addresses[role], name, args)]).toEqual([
          name,
          role,
          roles.includes(role) ? 'ok' : 'NotPermitted',
        ]);
      }
    }
  });

  test('a paused ledger takes nothing until the admin starts it again', async () => {
    const rebalance = await ledger.sign(await ledger.order({ A000: 1000 }));
    await ledger.send('guardian', 'pause');
    expect((await ledger.state()).paused).toBe(true);
    expect(await ledger.tryRebalance(rebalance)).toBe('ContractPaused');
    await ledger.send('admin', 'unpause');
    expect(await ledger.tryRebalance(rebalance)).toBe('ok');
  });

  test('a revoked model no longer decides', async () => {
    await ledger.send('approver', 'revokeModel', [`0x${MODEL}`]);
    expect(await ledger.read('isModelApproved', [`0x${MODEL}`])).toBe(false);
    expect(await ledger.tryRebalance(await ledger.sign(await ledger.order({ A000: 1000 })))).toBe('UnapprovedModel');
  });

  test('admin changes hands in two steps', async () => {
    expect(await ledger.tryCall(stranger, 'acceptAdmin')).toBe('ZeroAddress');
    await ledger.send('admin', 'proposeAdmin', [fixture.addresses.guardian]);
    expect(await ledger.read('pendingAdmin')).toBe(fixture.addresses.guardian);
    expect(await ledger.tryCall(fixture.addresses.admin, 'acceptAdmin')).toBe('NotPermitted');
    await ledger.send('guardian', 'acceptAdmin');
    expect((await ledger.read('roles')).admin).toBe(fixture.addresses.guardian);
    expect(await ledger.tryCall(fixture.addresses.admin, 'unpause')).toBe('NotPermitted');
    expect(BigInt(await ledger.read('pendingAdmin'))).toBe(0n);
  });

  test('a role goes to another key, and the old one loses it', async () => {
    const other = createLocalSigner(new Uint8Array(32).fill(77));
    const order = await ledger.order({ A000: 1000 });
    await ledger.send('admin', 'setRole', [0, await other.address()]);
    expect(await ledger.tryRebalance(await ledger.sign(order))).toBe('InvalidOrderSignature');
    expect(await ledger.tryRebalance(await ledger.sign(order, E18, { strategist: other }))).toBe('ok');
    for (const role of [1, 2, 3, 4]) await ledger.send('admin', 'setRole', [role, stranger]);
    const roles = await ledger.read('roles');
    expect([roles.relayer, roles.attestor, roles.approver, roles.guardian].map(BigInt)).toEqual(
      Array(4).fill(BigInt(stranger)),
    );
    expect(await ledger.tryCall(fixture.addresses.admin, 'setRole', [0, `0x${'0'.repeat(40)}`])).toBe('ZeroAddress');
  });

  test('limits above the whole, or another number of groups, are refused', async () => {
    const limits = ledgerLimits(LIMITS);
    const caps = ledgerAssets(testAssets(ASSETS), LIMITS).groupCapsBps;
    const set = (change: object, groupCaps = caps) =>
      ledger.tryCall(fixture.addresses.admin, 'setLimits', [{ ...limits, ...change }, groupCaps]);
    for (const key of Object.keys(limits).filter((each) => each !== 'resetAfterDays'))
      expect(await set({ [key]: 10_001 })).toBe('InvalidLimit');
    expect(await set({}, [...caps.slice(1), 10_001])).toBe('InvalidLimit');
    expect(await set({}, caps.slice(1))).toBe('WrongGroupCount');
    await ledger.send('admin', 'setLimits', [{ ...limits, maxWeightBps: 321 }, [1, 2, 3]]);
    expect(Number((await ledger.read('limits')).maxWeightBps)).toBe(321);
    expect([...(await ledger.read('groupCapsBps'))].map(Number)).toEqual([1, 2, 3]);
  });
});

describe('views and factory', () => {
  beforeEach(fresh);

  test('the ledger names its strategy, universe, assets and groups', async () => {
    expect(await ledger.read('strategy')).toBe(nameHash(STRATEGY));
    expect(await ledger.read('universe')).toBe(nameHash(`universe-${ASSETS}`));
    expect([...(await ledger.read('assets'))]).toEqual(encodeSymbols(ledger.deployment.assets));
    expect(Number(await ledger.read('groupOf', [4]))).toBe(1);
    expect(await ledger.tryCall(stranger, 'weights', encodeSymbols(['NONE']))).toBe('UnknownAsset');
  });

  test('nobody initialises a ledger, or the implementation, again', async () => {
    const args = [fixture.addresses, ledgerLimits(LIMITS), [1, 2, 3]];
    expect(await ledger.tryCall(stranger, 'initialize', args)).toMatch(/InvalidInitialization|0xf92ee8a9/);
  });

  test('more than 16 groups: their caps take a second word', async () => {
    const other = await Ledger.create(fixture, ASSETS, { groups: ASSETS, universe: 'many-groups' });
    const caps = Array.from({ length: ASSETS }, (_, group) => 1000 + group);
    await other.putLimits({}, caps);
    expect([...(await other.read('groupCapsBps'))].map(Number)).toEqual(caps);
    const symbol = other.deployment.assets[ASSETS - 1];
    const group = Number(await other.read('groupOf', [ASSETS - 1]));
    const take = async (bps: number) => other.tryRebalance(await other.sign(await other.order({ [symbol]: bps })));
    expect([await take(caps[group]), await take(caps[group] + 501)]).toEqual(['ok', 'GroupCapExceeded']);
  });

  test('a ledger without an admin is not made', async () => {
    const data = FACTORY.encodeFunctionData('create', [
      ...[nameHash('s'), nameHash('u'), encodeSymbols(['A']), [0]],
      ...[{ ...fixture.addresses, admin: `0x${'0'.repeat(40)}` }, ledgerLimits(LIMITS), [6000]],
    ]);
    const create = fixture.rpc.send('eth_call', [{ from: stranger, to: ledger.deployment.factory, data }, 'latest']);
    expect(await create.then(() => 'ok', revertName)).toBe('ZeroAddress');
  });

  test('the factory refuses lists that are not in order, empty, too long, or name cash', async () => {
    const { groupCapsBps } = ledgerAssets(testAssets(2), LIMITS);
    const create = async (symbols: string[], groups = symbols.map(() => 0)) => {
      const data = FACTORY.encodeFunctionData('create', [
        nameHash('s'),
        nameHash('u'),
        encodeSymbols(symbols),
        groups,
        fixture.addresses,
        ledgerLimits(LIMITS),
        groupCapsBps.slice(0, 1),
      ]);
      return fixture.rpc
        .send('eth_call', [{ from: stranger, to: ledger.deployment.factory, data }, 'latest'])
        .then(() => 'ok', revertName);
    };
    expect(await create(['A', 'B'])).toBe('ok');
    for (const symbols of [['B', 'A'], ['A', 'A'], ['A', 'CASH'], ['']])
      expect(await create(symbols)).toBe('InvalidSymbol');
    expect(await create([])).toBe('WrongAssetCount');
    expect(await create(['A', 'B'], [0])).toBe('WrongAssetCount');
    expect(await create(['A', 'B'], [0, 1])).toBe('WrongGroupCount');
    expect(await create(testAssets(741).map(({ symbol }) => symbol))).toBe('WrongAssetCount');
  });

  test.each([1, 15, 16, 31, 32, 117])('ledgers of %i assets take an order that ends in cash', async (count) => {
    const other = await Ledger.create(fixture, count);
    const last = other.deployment.assets[count - 1];
    await other.rebalance(await other.sign(await other.order({ [last]: 1234 })));
    expect((await other.state()).weightsBps).toMatchObject({ [last]: 1234, CASH: 8766 });
    expect(Number(await other.read('weights', encodeSymbols(['CASH'])))).toBe(8766);
  });
});
