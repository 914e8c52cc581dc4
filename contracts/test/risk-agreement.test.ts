import { describe, expect, jest, test } from '@jest/globals';
import { fromBasisPoints, toBasisPoints } from '../../domain/risk/basis-points.ts';
import { groupIndex, type RiskContext } from '../../domain/risk/context.ts';
import type { Limits } from '../../domain/risk/limits.ts';
import { projectWeights } from '../../domain/risk/projection.ts';
import { createRandom, type Random } from '../../domain/simulation/random.ts';
import { navE18 } from '../../functions/artifacts/settlement.ts';
import { ledgerAssets } from '../../local/chain/assets.ts';
import { ledgerLimits } from '../../local/chain/init.ts';
import { applyCall, createModel, type ModelLedger } from './reference-model.ts';

/**
 * What `domain/risk` projects and rounds is what the contract takes: books that drift and are traded day after day, against the
 * reference model, which the fuzz test ties to the contract.
 */
const SLOW = process.env.DRL_TEST_SUITE === 'slow';
const [LIVES, DAYS] = [SLOW ? 1_500 : 150, 12];
const MODEL = 'a1'.repeat(32);
const ACCOUNT = `0x${'11'.repeat(20)}`;
const ROLES = {
  strategist: ACCOUNT,
  relayer: ACCOUNT,
  attestor: ACCOUNT,
  approver: ACCOUNT,
  guardian: ACCOUNT,
  admin: ACCOUNT,
};

function drawLimits(random: Random): Limits {
  const cap = (least: number) => least + (1 - least) * random.uniform();
  const budget = 0.05 + 0.3 * random.uniform();
  return {
    maxWeight: cap(0.05),
    maxGroupWeight: cap(0.1),
    groupOverrides: random.uniform() < 0.5 ? { g0: cap(0.05) } : {},
    maxIlliquidWeight: cap(0.1),
    maxHubWeight: cap(0.1),
    maxGross: cap(0.1),
    maxTurnover: cap(0.02),
    drawdown: {
      budget,
      hardLimit: budget + 0.1 * random.uniform(),
      resetAfterDays: random.uniform() < 0.3 ? 1 + random.integer(9) : null,
    },
  };
}

interface Life {
  random: Random;
  limits: Limits;
  groups: string[];
  flags: Pick<RiskContext, 'hubs' | 'illiquid'>;
  ledger: ModelLedger;
  nav: number;
}

function begin(seed: number): Life {
  const random = createRandom(seed);
  const count = 2 + random.integer(19);
  const limits = drawLimits(random);
  const assets = Array.from({ length: count }, (_, a) => ({
    symbol: `A${String(a).padStart(3, '0')}`,
    group: `g${random.integer(4)}`,
  }));
  const { symbols, groups, groupCapsBps } = ledgerAssets(assets, limits);
  const made = {
    chainId: 1,
    contract: ACCOUNT,
    strategy: 'main',
    universe: 'u',
    assets: symbols,
    groupOf: groups,
    roles: ROLES,
  };
  const ledger = {
    ...createModel({ ...made, limits: ledgerLimits(limits), groupCapsBps }),
    approved: new Set([MODEL]),
  };
  const flags = () => Uint8Array.from({ length: count }, () => Number(random.uniform() < 0.3));
  return {
    random,
    limits,
    groups: assets.map(({ group }) => group),
    flags: { hubs: flags(), illiquid: flags() },
    ledger,
    nav: 1,
  };
}

/** What the prices of a day make of the held weights and of the value: a market move, and each asset's own. */
function drift({ random, ledger, nav }: Life, volatility: number): { drifted: Float64Array; nav: number } {
  const held = fromBasisPoints(Int32Array.from(ledger.weights)).subarray(0, ledger.assets.length);
  const market = volatility * random.normal();
  const grown = held.map((weight) => weight * (1 + Math.max(-0.5, market + volatility * random.normal())));
  const cash = ledger.weights[ledger.assets.length] / 10_000;
  const total = grown.reduce((sum, weight) => sum + weight, cash);
  return { drifted: grown.map((weight) => weight / total), nav: nav * total };
}

/** A concentrated wish, or a spread one, or one near what is held. */
function wish(random: Random, drifted: Float64Array): Float64Array {
  const kind = random.integer(3);
  if (kind === 0) return drifted.map((weight) => weight + 0.02 * random.normal());
  const raw = drifted.map(() => random.uniform() ** (kind === 1 ? 8 : 1));
  const sum = raw.reduce((total, weight) => total + weight, 0);
  return raw.map((weight) => weight / sum);
}

function day(
  life: Life,
  volatility: number,
  frozenShare: number,
): { result: string; context: RiskContext; bps: Int32Array } {
  const { random, limits, groups, flags, ledger } = life;
  const { drifted, nav } = drift(life, volatility);
  life.nav = nav;
  const highWaterMark = Number(ledger.highWaterMarkE18) / 1e18;
  const context: RiskContext = {
    ...{ limits, ...groupIndex(groups), ...flags, drifted },
    frozen: Uint8Array.from(drifted, () => Number(random.uniform() < frozenShare)),
    drawdown: ledger.epoch === 0 ? 0 : Math.max(0, 1 - nav / highWaterMark),
  };
  const bps = toBasisPoints(projectWeights(wish(random, drifted), context).weights, context);
  const outcome = applyCall(
    ledger,
    ACCOUNT,
    {
      name: 'rebalance',
      order: {
        ...{ strategy: 'main', epoch: ledger.epoch + 1, previousStateHash: ledger.stateHash },
        weightsBps: Object.fromEntries([...ledger.assets, 'CASH'].map((symbol, a) => [symbol, bps[a]])),
        ...{ modelHash: MODEL, decisionHash: 'd1'.repeat(32), datasetHash: 'da'.repeat(32) },
        pricesEpoch: Math.max(20_000, ledger.pricesEpoch + 1 + random.integer(3)),
        deadline: 1,
      },
      ...{ navE18: navE18(nav), orderSigner: ACCOUNT, navSigner: ACCOUNT },
    },
    1,
  );
  life.ledger = outcome.next;
  return { result: outcome.result, context, bps };
}

jest.setTimeout(SLOW ? 3_600_000 : 180_000); // room for a busy machine

describe('what the domain projects and rounds is what the contract takes', () => {
  test.each([
    ['calm markets', 0.004, 0],
    ['wild ones, down to the hard drawdown limit', 0.04, 0],
    ['calm ones with assets that cannot be traded', 0.004, 0.2],
    ['wild ones with assets that cannot be traded', 0.03, 0.3],
  ])('in %s', (_, volatility, frozenShare) => {
    const refused: object[] = [];
    for (let seed = 0; seed < LIVES; seed += 1) {
      const life = begin(seed);
      for (let at = 0; at < DAYS; at += 1) {
        const before = life.ledger;
        const { result, context, bps } = day(life, volatility, frozenShare);
        if (result !== 'ok')
          refused.push({
            seed,
            at,
            result,
            bps: Array.from(bps),
            last: before.weights,
            drifted: [...context.drifted],
            frozen: [...context.frozen],
            limits: before.limits,
            drawdown: context.drawdown,
          });
      }
    }

    expect(refused.slice(0, 2)).toEqual([]);
  });
});
