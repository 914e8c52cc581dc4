import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import type { RebalanceOrder } from '../../adapters/chain/port.ts';
import { createLocalSigner } from '../../adapters/signer/local-key.ts';
import { createRandom, type Random } from '../../domain/simulation/random.ts';
import { ledgerAssets, ledgerLimits } from '../../local/chain/init.ts';
import { type Fixture, Ledger, LIMITS, MODEL, STRATEGY, startFixture, testAssets } from './fixture.ts';
import { applyOrder, type Circumstances, type ModelLedger } from './reference-model.ts';

const RUNS = process.env.DRL_TEST_SUITE === 'slow' ? 400 : 8;
const STEPS = 25;
const E18 = 10n ** 18n;
const LOOSE = { ...LIMITS, drawdown: { ...LIMITS.drawdown, resetAfterDays: 9 } };

jest.setTimeout(process.env.DRL_TEST_SUITE === 'slow' ? 3_600_000 : 120_000); // room for a busy machine

let fixture: Fixture;
beforeAll(async () => {
  fixture = await startFixture();
});
afterAll(() => fixture.close());

const pick = <T>(random: Random, values: readonly T[]): T => values[random.integer(values.length)];

/** Mostly portfolios near the last one and near the limits; at times nonsense. */
function drawWeights(random: Random, { assets, weights, limits }: ModelLedger): Record<string, number> {
  const drawn = weights.slice(0, assets.length).map((last) => {
    const kind = random.integer(10);
    if (kind < 4) return last;
    if (kind < 7) return Math.max(0, last + random.integer(801) - 400);
    if (kind < 9) return 0;
    return pick(random, [
      limits.maxWeightBps,
      limits.maxWeightBps + 1,
      limits.maxWeightBps + limits.passiveBandBps,
      random.integer(3000),
      random.integer(65_536),
    ]);
  });
  let gross = drawn.reduce((total, bps) => total + bps, 0);
  const wanted = pick(random, [limits.maxGrossBps, limits.maxGrossBps + 1, 10_000, 5_000]);
  if (gross > wanted && random.uniform() < 0.9) {
    for (const [a, bps] of drawn.entries()) drawn[a] = Math.floor((bps * wanted) / gross);
    gross = drawn.reduce((total, bps) => total + bps, 0);
  }
  const cash = random.uniform() < 0.95 ? 10_000 - gross : random.integer(10_001);
  return {
    ...Object.fromEntries(assets.map((symbol, a) => [symbol, Math.min(drawn[a], 10_000)])),
    CASH: Math.min(10_000, Math.max(0, cash)),
  };
}

function drawOrder(random: Random, ledger: ModelLedger): RebalanceOrder {
  const order: RebalanceOrder = {
    strategy: STRATEGY,
    epoch: ledger.epoch + 1,
    previousStateHash: ledger.stateHash,
    weightsBps: drawWeights(random, ledger),
    modelHash: MODEL,
    decisionHash: random
      .integer(2 ** 31)
      .toString(16)
      .padStart(64, '0'),
    datasetHash: 'da'.repeat(32),
    pricesEpoch: (ledger.pricesEpoch || 20_000) + 1 + random.integer(4),
    deadline: 4_000_000_000,
  };
  const spoil: Partial<RebalanceOrder>[] = [
    { strategy: 'other' },
    { epoch: random.integer(5) },
    { previousStateHash: '11'.repeat(32) },
    { deadline: 1_699_999_999 },
    { pricesEpoch: ledger.pricesEpoch },
    { modelHash: 'b2'.repeat(32) },
  ];
  return random.uniform() < 0.15 ? { ...order, ...pick(random, spoil) } : order;
}

function drawNav(random: Random, { navE18, highWaterMarkE18 }: ModelLedger): bigint {
  const factor = BigInt(Math.round(pick(random, [1, 0.99, 1.01, 0.9, 1.15, 0.8, 1.2, 0.5, 3, 0]) * 10_000));
  return random.uniform() < 0.1
    ? (highWaterMarkE18 * 85n) / 100n - BigInt(random.integer(2))
    : (navE18 * factor) / 10_000n;
}

async function freshModel(ledger: Ledger, count: number): Promise<ModelLedger> {
  const { stateHash } = await ledger.state();
  const { symbols, groups, groupCapsBps } = ledgerAssets(testAssets(count), LOOSE);
  return {
    ...{ strategy: STRATEGY, assets: symbols, groupOf: groups, limits: ledgerLimits(LOOSE), groupCapsBps },
    ...{ epoch: 0, pricesEpoch: 0, highSince: 0, stateHash, navE18: E18, highWaterMarkE18: E18 },
    ...{ weights: [...symbols.map(() => 0), 10_000], approved: new Set([MODEL]), paused: false },
  };
}

test('contract and reference model agree on every generated order: the same error or the same state', async () => {
  const other = createLocalSigner(new Uint8Array(32).fill(99));
  const seen = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(fc.integer(), fc.constantFrom(3, 7, 16, 20), async (seed, count) => {
      const random = createRandom(seed);
      const ledger = await Ledger.create(fixture, count, { limits: LOOSE, universe: `fuzz-${seed}-${count}` });
      let model = await freshModel(ledger, count);
      for (let step = 0; step < STEPS; step++) {
        const order = drawOrder(random, model);
        const nav = drawNav(random, model);
        const how: Circumstances = {
          fromRelayer: random.uniform() > 0.02,
          strategistSigned: random.uniform() > 0.03,
          attestorSigned: random.uniform() > 0.03,
          blockTime: 1_700_000_000,
        };
        const rebalance = await ledger.sign(order, nav, {
          ...(how.strategistSigned ? {} : { strategist: other }),
          ...(how.attestorSigned ? {} : { attestor: other }),
        });
        const { result, next } = applyOrder(model, order, nav, how);
        expect(await ledger.tryRebalance(rebalance, how.fromRelayer ? undefined : fixture.addresses.guardian)).toBe(
          result,
        );
        seen.set(result, (seen.get(result) ?? 0) + 1);
        if (result !== 'ok') continue;
        await ledger.rebalance(rebalance);
        const state = await ledger.state();
        model = { ...next, stateHash: state.stateHash };
        expect(state).toMatchObject({
          epoch: next.epoch,
          pricesEpoch: next.pricesEpoch,
          navE18: next.navE18,
          highWaterMarkE18: next.highWaterMarkE18,
        });
        expect(Object.values(state.weightsBps)).toEqual(next.weights);
      }
    }),
    { numRuns: RUNS, seed: 20_260_101, endOnFailure: true },
  );
  // The generator reaches both sides of the rules that matter most.
  const rules = [
    'ok',
    'AssetCapExceeded',
    'GrossCapExceeded',
    'TurnoverExceeded',
    'DrawdownLimit',
    'GroupCapExceeded',
    'NavOutOfBounds',
    'WeightsDoNotSum',
  ];
  expect([...seen.keys()]).toEqual(expect.arrayContaining(rules));
});
