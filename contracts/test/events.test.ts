import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { encodeSymbols, nameHash } from '../../adapters/chain/codec.ts';
import { LOCAL_CHAIN_ID, passTimeTo } from '../../local/chain/anvil.ts';
import { type Fixture, Ledger, MODEL, STRATEGY, startFixture } from './fixture.ts';
import { viewCalls, viewWords } from './fuzz/encode.ts';
import { type RawLog, rebuild } from './rebuild.ts';

const E18 = 10n ** 18n;
const ASSETS = 20;
const OTHER = 'a2'.repeat(32);
const stranger = '0x00000000000000000000000000000000000000aa';

jest.setTimeout(process.env.DRL_TEST_SUITE === 'slow' ? 3_600_000 : 180_000); // room for a busy machine

let fixture: Fixture;
let ledger: Ledger;
beforeAll(async () => {
  fixture = await startFixture();
  ledger = await Ledger.create(fixture, ASSETS);
});
afterAll(() => fixture.close());

const order = async (weights: Record<string, number>, nav: bigint) =>
  ledger.rebalance(await ledger.sign(await ledger.order(weights), nav));

/** One of everything that a ledger can go through. */
const life: [string, () => Promise<unknown>][] = [
  ['nothing', async () => {}],
  ['an order', () => order({ A000: 2000, A016: 1500, A019: 1 }, 2n * E18)],
  ['a fall of the value', () => order({ A000: 2100 }, (E18 * 19n) / 10n)],
  [
    'a mixed change of limits',
    () => ledger.send('admin', 'setLimits', ledger.limitArguments({ maxWeightBps: 2400, maxGrossBps: 9900 })),
  ],
  ['a cancelled one', () => ledger.send('guardian', 'cancelLimits')],
  [
    'looser group caps',
    () => ledger.send('admin', 'setLimits', ledger.limitArguments({ resetAfterDays: 3 }, [7000, 7000, 7000])),
  ],
  [
    'their application',
    async () => {
      await passTimeTo(fixture.rpc, (await ledger.limits()).pending?.dueAt ?? 0);
      await ledger.send('admin', 'applyLimits');
    },
  ],
  ['an approval', () => ledger.send('approver', 'approveModel', [`0x${OTHER}`])],
  ['a revocation', () => ledger.send('approver', 'revokeModel', [`0x${MODEL}`])],
  ['a new attestor', () => ledger.send('admin', 'setRole', [2, stranger])],
  ['a pause', () => ledger.send('guardian', 'pause')],
  ['its end', () => ledger.send('admin', 'unpause')],
  ['a proposed admin', () => ledger.send('admin', 'proposeAdmin', [fixture.addresses.guardian])],
  ['an accepted one', () => ledger.send('guardian', 'acceptAdmin')],
];

test.each(life)('after %s the logs alone give what every view answers', async (_, happen) => {
  await happen();
  const { contract, factory } = ledger.deployment;
  const logs = await fixture.rpc.send<RawLog[]>('eth_getLogs', [{ address: [factory, contract], fromBlock: '0x0' }]);
  const rebuilt = rebuild(logs, factory, LOCAL_CHAIN_ID);
  const models = [MODEL, OTHER];
  const answers = await Promise.all(
    viewCalls(models).map((data) =>
      fixture.rpc.send<string>('eth_call', [{ to: contract, data: `0x${data}` }, 'latest']),
    ),
  );
  expect(viewWords(rebuilt, models)).toBe(answers.map((answer) => answer.slice(2)).join(''));
  expect(rebuilt).toMatchObject({
    contract,
    strategyHash: nameHash(STRATEGY),
    universeHash: nameHash(`universe-${ASSETS}`),
  });
  expect([await ledger.read('strategy'), await ledger.read('universe')]).toEqual([
    rebuilt.strategyHash,
    rebuilt.universeHash,
  ]);
  expect([...(await ledger.read('assets'))]).toEqual(encodeSymbols(rebuilt.assets));
  for (const [asset, group] of rebuilt.groupOf.entries())
    expect(Number(await ledger.read('groupOf', [asset]))).toBe(group);
  for (const [lane, symbol] of [...rebuilt.assets, 'CASH'].entries())
    expect(Number(await ledger.read('weights', encodeSymbols([symbol])))).toBe(rebuilt.weights[lane]);
});
