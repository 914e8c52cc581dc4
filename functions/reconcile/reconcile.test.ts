import { afterAll, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import type { PortfolioChain } from '../../adapters/chain/port.ts';
import type { Ledger, SettlementRow } from '../../adapters/ledger/port.ts';
import { getArtifactJson } from '../../adapters/object-store/port.ts';
import { STRATEGY } from '../../contracts/test/fixture.ts';
import { startWorld, type World } from '../../contracts/test/settlement-world.ts';
import { refused } from '../../domain/errors.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import { decodeRebalance, encodeRebalance } from '../artifacts/settlement.ts';
import { runStage } from '../middleware/stage.ts';
import { settleStage } from '../settle/settle.ts';
import { reconcileStage } from './reconcile.ts';

jest.setTimeout(process.env.DRL_TEST_SUITE === 'slow' ? 3_600_000 : 180_000); // room for a busy machine

let world: World;
let ref: ArtifactRef;
let settled: Awaited<ReturnType<typeof settleStage.run>>;
beforeAll(async () => {
  world = await startWorld();
  ({ ref } = await world.decide({ A000: 1200, A001: 800 }, 1.0123));
  settled = (await runStage(settleStage, world.event(ref), world.ports)).output as typeof settled;
});
afterAll(() => world.close());
beforeEach(() => {
  world.alerts.length = 0;
});

type Output = { reconciliation: ArtifactRef; differences: string[] };
interface Document {
  checks: { check: string; ok: boolean; intent: string | null; chain: string | null; ledger: string | null }[];
  differences: string[];
}

const reconcile = async (
  change: { chain?: Partial<PortfolioChain>; row?: Partial<SettlementRow> | null; settle?: object } = {},
) => {
  const chain = overlay(world.chain, change.chain ?? {});
  const settlement = async () => {
    const row = await world.relational.settlement(STRATEGY, ref.hash);
    return change.row === null || !row ? null : { ...row, ...change.row };
  };
  const ledger = overlay<Ledger>(world.relational, { settlement });
  const event = { ...world.event(ref), settle: { ...settled, ...change.settle } };
  const input = reconcileStage.input.parse(event);
  const output = (await reconcileStage.run(input, { ...world.ports, chain, ledger })) as Output;
  return {
    ...output,
    document: await getArtifactJson<Document>(world.store, STRATEGY, output.reconciliation, 'reconciliation.json'),
  };
};

const overlay = <T extends object>(target: T, change: Partial<T>): T =>
  new Proxy(target, {
    get: (own, name) => {
      const value = Reflect.get(name in change ? change : own, name);
      return typeof value === 'function' ? value.bind(own) : value;
    },
  });

test('a settled day: intent, chain and ledger agree on everything that any of them says', async () => {
  const { differences, document } = await reconcile();
  expect(differences).toEqual([]);
  expect(document.checks.every(({ ok }) => ok)).toBe(true);
  expect(document.checks.map(({ check }) => check)).toEqual(
    expect.arrayContaining([
      'weight of A000 (bps)',
      'weight of CASH (bps)',
      'NAV (1e-18)',
      'model hash',
      'state of the contract',
      'event logs of the receipt',
    ]),
  );
  expect(document.checks.find(({ check }) => check === 'weight of A000 (bps)')).toMatchObject({
    intent: '1200',
    chain: '1200',
    ledger: '1200',
  });
  expect(world.alerts).toEqual([]);
});

test('run again it writes the same artifact and is answered from memory', async () => {
  const event = { ...world.event(ref), settle: settled };
  const first = await runStage(reconcileStage, event, world.ports);
  expect(await runStage(reconcileStage, event, world.ports)).toEqual({ status: 'unchanged', output: first.output });
});

const event = async () => {
  const found = await world.chain.rebalanceEvent(String(settled.transaction));
  if (!found) throw refused('TEST', 'no event');
  return found;
};

test.each<[string, () => Promise<Parameters<typeof reconcile>[0]>, RegExp]>([
  ['the ledger forgot it', async () => ({ row: null }), /the ledger has no settlement of decision/],
  [
    'the chain does not have it',
    async () => ({ chain: { receipt: async () => null } }),
    /the chain does not have transaction 0x.*which the ledger calls finalized/,
  ],
  [
    'another weight on the chain',
    async () => ({
      chain: {
        rebalanceEvent: async () => ({ ...(await event()), weightsBps: { A000: 1201, A001: 800, CASH: 7999 } }),
      },
    }),
    /weight of A000 \(bps\): intended 1200, the chain has 1201, the ledger has 1200/,
  ],
  [
    'another NAV on the chain',
    async () => ({ chain: { rebalanceEvent: async () => ({ ...(await event()), navE18: 1n }) } }),
    /NAV \(1e-18\): intended 10122999999999\d{5}, the chain has 1,/,
  ],
  [
    'another model on the chain',
    async () => ({ chain: { rebalanceEvent: async () => ({ ...(await event()), modelHash: 'ff'.repeat(32) }) } }),
    /model hash: intended a1a1/,
  ],
  [
    'the contract went back',
    async () => ({ chain: { state: async () => ({ ...(await world.chain.state()), epoch: 0, stateHash: '00' }) } }),
    /epoch of the contract: intended 1, the chain has 0/,
  ],
  [
    'a receipt that reverted',
    async () => ({
      chain: {
        receipt: async (transaction: string) => ({
          ...(await world.chain.receipt(transaction))!,
          status: 'reverted' as const,
        }),
      },
    }),
    /was mined and reverted/,
  ],
  [
    'a transaction without a rebalance',
    async () => ({ chain: { rebalanceEvent: async () => null } }),
    /holds no rebalance/,
  ],
  [
    'not final in the ledger',
    async () => ({ row: { status: 'confirmed' as const } }),
    /status: intended finalized, the chain has finalized, the ledger has confirmed/,
  ],
])('%s: said in plain words, and an alert', async (_, change, words) => {
  const { differences, document } = await reconcile(await change());
  expect(differences.join('\n')).toMatch(words);
  expect(document.differences).toEqual(differences);
  expect(world.alerts).toMatchObject([
    { condition: 'mismatch', severity: 'critical', id: expect.stringContaining(ref.hash) },
  ]);
});

test('an order in the ledger that is not the one decided', async () => {
  const row = await world.relational.settlement(STRATEGY, ref.hash);
  const rebalance = decodeRebalance(String(row?.rebalance));
  rebalance.order.weightsBps = { ...rebalance.order.weightsBps, A001: 799, CASH: 8001 };
  const { differences } = await reconcile({ row: { rebalance: encodeRebalance(rebalance) } });
  expect(differences).toEqual([
    'weight of A001 (bps): intended 800, the chain has 800, the ledger has 799',
    'weight of CASH (bps): intended 8000, the chain has 8000, the ledger has 8001',
  ]);
});

test('before the ledger is on the chain: said, but no alarm', async () => {
  const { differences } = await reconcile({
    settle: {
      status: 'notInitialised',
      transaction: null,
      settlement: null,
      epoch: null,
      gasUsed: null,
      contract: null,
    },
  });
  expect(differences).toEqual([expect.stringContaining('drl chain init')]);
  expect(world.alerts).toEqual([]);
});
