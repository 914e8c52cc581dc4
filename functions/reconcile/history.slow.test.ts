import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { ChainReceipt } from '../../adapters/chain/port.ts';
import type { Ledger, SettlementRow } from '../../adapters/ledger/port.ts';
import { STRATEGY } from '../../contracts/test/fixture.ts';
import { startWorld, type World } from '../../contracts/test/settlement-world.ts';
import { settleStage } from '../settle/settle.ts';
import { compareHistory } from './history.ts';

jest.setTimeout(process.env.DRL_TEST_SUITE === 'slow' ? 3_600_000 : 180_000); // room for a busy machine

let world: World;
beforeAll(async () => {
  world = await startWorld();
  for (const bps of [1000, 1100, 1200]) {
    const { ref } = await world.decide({ A000: bps });
    await settleStage.run(settleStage.input.parse(world.event(ref)), world.ports);
  }
});
afterAll(() => world.close());

/** The comparison with a ledger that tells another history. */
const told = async (change: (rows: SettlementRow[]) => SettlementRow[]) => {
  const rows = change(await world.relational.settlements(STRATEGY));
  const ledger = { settlements: async () => rows } as unknown as Ledger;
  return (await compareHistory(STRATEGY, { ledger, chain: world.chain })).differences;
};
const withReceipt = (row: SettlementRow, change: Partial<ChainReceipt>): SettlementRow => ({
  ...row,
  receipt: JSON.stringify({ ...(JSON.parse(String(row.receipt)) as ChainReceipt), ...change }),
});

test('the ledger has the history by itself: orders, receipts, prices and event logs', async () => {
  const rows = await world.relational.settlements(STRATEGY);
  expect(rows.map(({ epoch, status }) => [epoch, status])).toEqual([1, 2, 3].map((epoch) => [epoch, 'finalized']));
  for (const { receipt, transaction } of rows) {
    const read = JSON.parse(String(receipt)) as ChainReceipt;
    expect(read).toMatchObject({ transaction, status: 'success', blockTime: expect.any(Number) });
    expect(BigInt(String(read.effectiveGasPriceWei))).toBeGreaterThan(0n);
    expect(read.logs).toHaveLength(1);
  }
});

test('and the chain tells the same', async () => {
  expect(await compareHistory(STRATEGY, { ledger: world.relational, chain: world.chain })).toEqual({
    settlements: 3,
    ordersOnChain: 3,
    differences: [],
  });
});

test.each<[string, (rows: SettlementRow[]) => SettlementRow[], RegExp]>([
  ['an order that the ledger does not have', (rows) => rows.slice(1), /the ledger does not have: 0x/],
  [
    'a settlement that the chain does not have',
    ([first, ...rows]) => [{ ...first, transaction: '0xab' }, ...rows],
    /epoch 1: the chain has no order of 0xab/,
  ],
  [
    'another block',
    ([first, ...rows]) => [withReceipt(first, { blockHash: '0xcd' }), ...rows],
    /in block \d+ \(0xcd\)/,
  ],
  ['another event', ([first, ...rows]) => [withReceipt(first, { logs: [] }), ...rows], /the event of 0x\w+ is not/],
  ['no receipt', ([first, ...rows]) => [{ ...first, receipt: null }, ...rows], /has no receipt of it/],
  ['failed', ([first, ...rows]) => [{ ...first, status: 'failed' }, ...rows], /failed, and the chain took its order/],
])('a difference is found and said: %s', async (_, change, words) => {
  expect((await told(change)).join('\n')).toMatch(words);
});

test('what is not final yet has no say', async () => {
  expect(await told(([first, ...rows]) => [{ ...first, status: 'confirmed' }, ...rows])).toEqual([]);
});
