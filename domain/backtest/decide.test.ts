import { describe, expect, test } from '@jest/globals';
import { fitNormaliser } from '../features/normaliser.ts';
import type { FeatureTensor } from '../features/spec.ts';
import { canonicalJson, hashOf } from '../lineage/canonical.ts';
import { type Decision, decisionSchema, ledgerWeights } from '../lineage/decision.ts';
import type { Model } from '../lineage/model.ts';
import { type MarketPanel, panelUntil, withLateExits } from '../market/panel.ts';
import { cashPolicy } from '../policy/cash.ts';
import { createExactPolicy } from '../policy/exact/exact.ts';
import { type Policy, STATE_COLUMNS } from '../policy/policy.ts';
import type { Limits } from '../risk/limits.ts';
import { simulateKnownOptimum } from '../simulation/known-optimum.ts';
import { knownOptimumTensor } from '../simulation/known-optimum-tensor.ts';
import { modelPolicy, runBacktest } from './backtest.ts';
import { computeDecision, type DecidingModel, type DecisionInputs } from './decide.ts';

const SESSIONS = 330;
const START = 280;
const market = simulateKnownOptimum({ seed: 5, assets: 4, sessions: SESSIONS });
const { tensor, spec } = knownOptimumTensor(market);
const normaliser = fitNormaliser(tensor, market.panel.dates[255], market.panel.dates[275]);
const artifact = (kind: 'datasets' | 'features', hash: string) => ({ kind, hash: hash.repeat(64) });

const model: Model = {
  schema: 1,
  name: 'test model',
  kind: 'baseline',
  universe: 'known',
  symbols: [...market.panel.symbols],
  featureSpec: spec,
  featureSpecHash: hashOf(spec),
  normaliser,
  limits: {
    ...market.limits,
    maxWeight: 0.5,
    maxTurnover: 0.6,
    drawdown: { budget: 0.1, hardLimit: 0.15, resetAfterDays: 20 },
  },
  costs: { ...market.costs, commissionBps: 5, cashRateAnnual: 0.02 },
  trial: {
    kind: 'baseline',
    window: 0,
    seed: 0,
    trainFrom: '2004-01-02',
    trainTo: '2005-01-03',
    testFrom: '2005-01-04',
    testTo: '2005-02-03',
  },
  training: {},
  dataset: artifact('datasets', 'd'),
  features: artifact('features', 'f'),
  codeVersion: 'test',
};

/** Follows the regime's signal, which is the last feature column; exposure of the anchor. */
const follower: Policy = {
  act(observations, batch, assets, features) {
    const signal = features - STATE_COLUMNS.length - 1;
    const action = new Float32Array(batch * (assets + 1));
    for (let b = 0; b < batch; b += 1) {
      for (let a = 0; a < assets; a += 1)
        action[b * (assets + 1) + a] = 2 * observations[(b * assets + a) * features + signal];
    }
    return action;
  },
};
const champion: DecidingModel = { hash: '1'.repeat(64), model, policy: follower };

function tensorUntil(full: FeatureTensor, end: number): FeatureTensor {
  const rows = end * full.symbols.length;
  return {
    ...full,
    dates: full.dates.slice(0, end),
    values: full.values.slice(0, rows * full.columns.length),
    anchorLogit: full.anchorLogit.slice(0, rows),
    anchorExposure: full.anchorExposure.slice(0, end),
  };
}

function inputsAt(t: number, previous: DecisionInputs['previous'], panel: MarketPanel = market.panel): DecisionInputs {
  return {
    strategy: 'main',
    universe: 'known',
    date: panel.dates[t],
    champion,
    challenger: null,
    dataset: artifact('datasets', 'd'),
    features: artifact('features', 'f'),
    featureSpecHash: model.featureSpecHash,
    panel: panelUntil(panel, t + 1),
    tensor: tensorUntil(tensor, t + 1),
    ledgerNames: new Map(),
    groups: null,
    previous,
  };
}

async function decideDays(days: readonly number[], panel?: MarketPanel): Promise<Decision[]> {
  const decisions: Decision[] = [];
  for (const t of days) {
    const last = decisions.at(-1);
    const { decision } = await computeDecision(
      inputsAt(t, last ? { hash: hashOf(last), decision: last } : null, panel),
    );
    decisions.push(decisionSchema.parse(decision));
  }
  return decisions;
}

const daysFrom = (count: number): number[] => Array.from({ length: count }, (_, i) => START + i);

test('the first decision begins in cash at NAV 1, and its weights are whole basis points of one book', async () => {
  const [decision] = await decideDays([START]);
  expect(decision.book).toMatchObject({ nav: 1, highWaterMark: 1, daysSinceHigh: 0, held: { CASH: 1, KNOWN01: 0 } });
  expect(decision.previousBps).toEqual({ CASH: 10_000 });
  expect(Object.values(decision.weightsBps).reduce((sum, bps) => sum + bps, 0)).toBe(10_000);
  for (const symbol of market.panel.symbols) expect(decision.weightsBps[symbol]).toBeLessThanOrEqual(5_000);
  const traded = decision.trades.reduce((sum, trade) => sum + trade.changeBps, 0);
  expect(traded).toBe(10_000 - decision.weightsBps.CASH);
  expect(decision.turnover).toBeCloseTo(traded / 10_000, 12);
  expect(decision.expectedCostBps).toBeCloseTo((traded / 10_000) * 5, 9);
});

test("limits of the configuration hold where they are tighter than the champion's, and are written down", async () => {
  const decide = async (limits?: Limits) =>
    (await computeDecision({ ...inputsAt(START, null), ...(limits && { limits }) })).decision;
  const plain = await decide();
  expect(plain.limits).toBeUndefined();
  expect(await decide({ ...model.limits, maxWeight: 1, maxTurnover: 1 })).toEqual(plain);
  const tight = await decide({ ...model.limits, maxWeight: 0.2, maxHubWeight: 1 });
  expect(tight.limits).toEqual({ ...model.limits, maxWeight: 0.2 });
  expect(Math.max(...market.panel.symbols.map((symbol) => plain.weightsBps[symbol]))).toBeGreaterThan(2_000);
  for (const symbol of market.panel.symbols) expect(tight.weightsBps[symbol]).toBeLessThanOrEqual(2_000);
  expect(await decide(tight.limits)).toEqual(tight);
});

test('decided day by day, the book is that of the backtest but for the rounding to basis points', async () => {
  const days = daysFrom(45);
  const decisions = await decideDays(days);
  const data = { panel: market.panel, groups: null, limits: model.limits, costs: model.costs };
  const result = await runBacktest(
    data,
    modelPolicy('follower', follower, tensor, normaliser),
    START,
    days.at(-1) as number,
  );
  expect(result.dates).toEqual(decisions.map((decision) => decision.date));
  decisions.forEach((decision, k) => {
    expect(Math.abs(decision.book.nav / result.nav[k] - 1)).toBeLessThan(2e-4);
    for (const [a, symbol] of market.panel.symbols.entries()) {
      expect(Math.abs(decision.book.held[symbol] - result.weights[k * 4 + a])).toBeLessThan(5e-4);
    }
  });
  expect(Math.abs(result.nav[44] - 1)).toBeGreaterThan(0.01);
  expect(decisions.some((decision) => decision.limitsHit.length > 0)).toBe(true);
});

test('the same inputs give the same bytes, and every input shows', async () => {
  const [first, second] = await decideDays(daysFrom(2));
  const again = await computeDecision(inputsAt(START + 1, { hash: hashOf(first), decision: first }));
  expect(canonicalJson(again.decision)).toBe(canonicalJson(second));
  expect(second.previousDecision).toBe(hashOf(first));
  expect(second.previousBps).toEqual(first.weightsBps);
});

test('days that were not decided are held through: filled once, then only drift', async () => {
  const [, late] = await decideDays([START, START + 6]);
  const [first] = await decideDays([START]);
  let nav = 1 + 0.02 / 252;
  const cost = (first.turnover * 5) / 10_000;
  nav *= 1 - cost;
  const value = market.panel.symbols.map((symbol) => (first.weightsBps[symbol] / 10_000) * nav);
  let cash = (first.weightsBps.CASH / 10_000) * nav;
  for (let t = START + 2; t <= START + 6; t += 1) {
    value.forEach((_, a) => {
      value[a] *= 1 + market.panel.returns[t * 4 + a];
    });
    cash *= 1 + 0.02 / 252;
  }
  const total = value.reduce((sum, v) => sum + v, cash);
  expect(late.book.nav).toBeCloseTo(total, 10);
  expect(late.book.held.CASH).toBeCloseTo(cash / total, 10);
});

test('an asset whose symbol changes is held through, traded as one, and keeps its name in the ledger', async () => {
  const days = daysFrom(6);
  const plain = await decideDays(days);
  const named = (symbols: readonly string[]) => symbols.map((symbol) => (symbol === 'KNOWN02' ? 'NEW02' : symbol));
  let previous: Decision | undefined;
  for (const [k, t] of days.entries()) {
    const inputs = inputsAt(t, previous ? { hash: hashOf(previous), decision: previous } : null);
    const renamed = {
      ...inputs,
      panel: { ...inputs.panel, symbols: named(inputs.panel.symbols) },
      tensor: { ...inputs.tensor, symbols: named(inputs.tensor.symbols) },
      ledgerNames: new Map([['NEW02', 'KNOWN02']]),
    };
    const { decision } = await computeDecision(k < 3 ? inputs : renamed);
    previous = decisionSchema.parse(decision);
    const symbolNow = k < 3 ? 'KNOWN02' : 'NEW02';
    expect(decision.weightsBps[symbolNow]).toBe(plain[k].weightsBps.KNOWN02);
    expect(decision.book).toEqual({
      ...plain[k].book,
      held: expect.objectContaining({ [symbolNow]: plain[k].book.held.KNOWN02, CASH: plain[k].book.held.CASH }),
    });
    expect(new Map(decision.trades.map(({ symbol, changeBps }) => [symbol, changeBps]))).toEqual(
      new Map(plain[k].trades.map(({ symbol, changeBps }) => [symbol === 'KNOWN02' ? symbolNow : symbol, changeBps])),
    );
    expect(ledgerWeights(previous)).toEqual(plain[k].weightsBps);
  }
  expect(previous?.previousBps.NEW02).toBe(plain[4].weightsBps.KNOWN02);
  expect(plain.some(({ weightsBps }) => weightsBps.KNOWN02 > 0)).toBe(true);
});

test('an asset that ends its life moves to cash; a held symbol that is gone without an end stops the line', async () => {
  const exit = { t: START + 3, asset: 0, successor: -1, finalReturn: -0.5 };
  const tradable = Uint8Array.from(market.panel.tradable);
  for (let t = START + 3; t < SESSIONS; t += 1) tradable[t * 4] = 0;
  const panel: MarketPanel = { ...market.panel, tradable, exits: [exit] };
  const decisions = await decideDays(daysFrom(5), panel);
  expect(decisions[2].book.held.KNOWN01).toBeGreaterThan(0);
  expect(decisions[3].book.held.KNOWN01).toBe(0);
  expect(decisions[3].weightsBps.KNOWN01).toBe(0);

  const gone = { ...decisions[0], weightsBps: { GONE: 100, CASH: 9_900 } };
  await expect(computeDecision(inputsAt(START + 1, { hash: 'x', decision: gone }))).rejects.toMatchObject({
    code: 'DECIDE_HELD_SYMBOL',
    kind: 'refused',
    facts: { asset: 'GONE' },
  });
});

test('a bar that comes a day late, or is released, is earned by the book that had none', async () => {
  const [days, without] = [daysFrom(4), { ...market.panel }];
  const at = days[2] * 4 + 2;
  without.tradable = market.panel.tradable.slice();
  without.returns = market.panel.returns.slice();
  without.tradable[at] = 0;
  without.returns[at] = 0;
  const before = (await decideDays(days.slice(0, 3), without))[2];
  const lateBars = [{ symbol: 'KNOWN03', date: market.panel.dates[days[2]] }];
  const inputs = { ...inputsAt(days[3], { hash: hashOf(before), decision: before }), lateBars };
  const { decision } = await computeDecision(inputs);
  const { returns } = market.panel;
  const seen = [0, 1, 2, 3].map((a) => before.book.held[`KNOWN0${a + 1}`] * (a === 2 ? 1 + returns[at] : 1));
  const kept = seen.reduce((sum, value, a) => sum + value * (1 + returns[days[3] * 4 + a]), before.book.held.CASH);
  expect(before.book.held.KNOWN03 * Math.abs(returns[at])).toBeGreaterThan(1e-3);
  // Within the cost of the day's trades, and a day's interest.
  expect(Math.abs(decision.book.nav / before.book.nav / kept - 1)).toBeLessThan(3e-4);
});

describe('an asset that had left before anybody was told', () => {
  const LEFT = START + 2;
  const TOLD = START + 4;
  /** Without a bar from the exits on; before they are told, as in a halt. */
  const panelOf = (exits: MarketPanel['exits'], told: boolean): MarketPanel => {
    const { returns, tradable, listed } = market.panel;
    const panel = { ...market.panel, returns: returns.slice(), tradable: tradable.slice(), listed: listed.slice() };
    for (const { t: from, asset } of exits) {
      for (let t = from; t < SESSIONS; t += 1) {
        panel.returns[t * 4 + asset] = 0;
        panel.tradable[t * 4 + asset] = 0;
        if (told) panel.listed[t * 4 + asset] = 0;
      }
    }
    return { ...panel, exits: told ? exits : [] };
  };
  const toldLate = async (exits: MarketPanel['exits']) => {
    const before = await decideDays(daysFrom(4), panelOf(exits, false));
    const previous = before[3];
    const panel = panelOf(exits, true);
    const { decision } = await computeDecision(inputsAt(TOLD, { hash: hashOf(previous), decision: previous }, panel));
    return { previous, decision, grown: (a: number) => 1 + panel.returns[TOLD * 4 + a] };
  };

  test('is paid at the next session', async () => {
    const { previous, decision, grown } = await toldLate([{ t: LEFT, asset: 2, successor: -1, finalReturn: -1 }]);
    expect(previous.book.held.KNOWN03).toBeGreaterThan(0.3);
    expect(decision.book.held.KNOWN03).toBe(0);
    const { held, nav } = previous.book;
    const kept = [0, 1, 3].map((a) => held[`KNOWN0${a + 1}`] * grown(a));
    // Within the cost of the day's trades.
    expect(decision.book.nav / nav).toBeCloseTo(
      kept.reduce((sum, value) => sum + value, held.CASH),
      3,
    );
  });

  test('gives what the successors have earned since, and their own ends', async () => {
    const exits = [
      { t: LEFT, asset: 0, successor: 1, finalReturn: 0.5 },
      { t: LEFT + 1, asset: 1, successor: 2, finalReturn: 0.2 },
    ];
    const panel = panelOf(exits, true);
    const held = Float64Array.of(0.4, 0, 0, 0);
    expect(withLateExits(panel, held, TOLD - 1).exits.filter(({ t }) => t === TOLD)).toEqual([
      {
        t: TOLD,
        asset: 0,
        successor: 2,
        finalReturn: expect.closeTo(1.5 * 1.2 * (1 + panel.returns[TOLD * 4 + 2]) - 1, 12),
      },
    ]);
    expect(withLateExits(panel, Float64Array.of(0, 0, 0.4, 0), TOLD - 1)).toBe(panel);
  });
});

test('two symbols that turn out to be one instrument are one position', async () => {
  const [, before] = await decideDays(daysFrom(2));
  const { KNOWN03, ...others } = before.book.held;
  const { KNOWN03: bps, ...otherBps } = before.weightsBps;
  const split: Decision = {
    ...before,
    book: { ...before.book, held: { OLD: KNOWN03 * 0.75, ...others, KNOWN03: KNOWN03 * 0.25 } },
    weightsBps: { OLD: bps - 100, ...otherBps, KNOWN03: 100 },
  };
  const next = async (decision: Decision) => {
    const inputs = {
      ...inputsAt(START + 2, { hash: hashOf(decision), decision }),
      ledgerNames: new Map([['KNOWN03', 'OLD']]),
    };
    return (await computeDecision(inputs)).decision;
  };
  const [one, two] = [await next(before), await next(split)];
  expect(bps).toBeGreaterThan(100);
  expect(two.previousBps).toEqual(one.previousBps);
  expect(two.book.held.KNOWN03).toBeCloseTo(one.book.held.KNOWN03, 12);
});

test('what is held is not of the one that takes its symbol', async () => {
  const [before] = await decideDays(daysFrom(1));
  const taken = (day: number) => ({
    ...inputsAt(START + 1, { hash: hashOf(before), decision: before }),
    ledgerNames: new Map([['KNOWN03', 'KNOWN99']]),
    symbolsTaken: new Map([['KNOWN03', market.panel.dates[day]]]),
  });
  await expect(computeDecision(taken(START + 1))).rejects.toMatchObject({
    code: 'DECIDE_HELD_SYMBOL',
    facts: { asset: 'KNOWN03' },
  });
  // Told late: the one that is held had the symbol by then.
  expect((await computeDecision(taken(START))).decision.book.held.KNOWN03).toBeGreaterThan(0.3);
});

test('a challenger shares the capital: a tenth of all cash is a tenth less of everything', async () => {
  const cash = await createExactPolicy(cashPolicy(tensor.columns.length + STATE_COLUMNS.length));
  const deciding = { hash: '2'.repeat(64), model: { ...model, name: 'cash' }, policy: cash };
  const alone = await computeDecision(inputsAt(START, null));
  const shadow = await computeDecision({ ...inputsAt(START, null), challenger: { deciding, alpha: 0 } });
  const tenth = await computeDecision({ ...inputsAt(START, null), challenger: { deciding, alpha: 0.1 } });
  expect(shadow.decision.weightsBps).toEqual(alone.decision.weightsBps);
  expect(shadow.decision.challenger).toEqual({ modelHash: '2'.repeat(64), name: 'cash', alpha: 0 });
  for (const symbol of market.panel.symbols) {
    expect(tenth.decision.steps.blended[symbol]).toBeCloseTo(0.9 * alone.decision.steps.policy[symbol], 12);
  }
  await cash.close();
});

test('the all-cash policy holds no asset, bit for bit', async () => {
  const policy = await createExactPolicy(cashPolicy(tensor.columns.length + STATE_COLUMNS.length));
  const { decision } = await computeDecision({ ...inputsAt(START, null), champion: { ...champion, policy } });
  expect(decision.weightsBps).toEqual({ KNOWN01: 0, KNOWN02: 0, KNOWN03: 0, KNOWN04: 0, CASH: 10_000 });
  expect(decision.trades).toEqual([]);
  await policy.close();
});

test('another feature spec is refused, both named', async () => {
  await expect(computeDecision({ ...inputsAt(START, null), featureSpecHash: 'e'.repeat(64) })).rejects.toMatchObject({
    code: 'DECIDE_FEATURE_SPEC',
    facts: { modelFeatureSpec: model.featureSpecHash, todaysFeatureSpec: 'e'.repeat(64) },
  });
});

test('features of another day, or a previous decision that is not earlier, are refused', async () => {
  await expect(computeDecision({ ...inputsAt(START, null), date: '2030-01-02' })).rejects.toMatchObject({
    code: 'DECIDE_DATE',
  });
  const [first] = await decideDays([START]);
  await expect(computeDecision(inputsAt(START, { hash: 'x', decision: first }))).rejects.toMatchObject({
    code: 'DECIDE_PREVIOUS',
  });
});

test('a feature that was known yesterday and is NaN today stops with asset, day and field', async () => {
  const inputs = inputsAt(START, null);
  inputs.tensor.values[(START * 4 + 2) * tensor.columns.length + 1] = Number.NaN;
  await expect(computeDecision(inputs)).rejects.toMatchObject({
    code: 'DECIDE_NOT_FINITE',
    facts: { asset: 'KNOWN03', day: market.panel.dates[START], field: tensor.columns[1] },
  });
});

test('a feature that may lapse leaves its asset untraded: equity that turns negative stops no day', async () => {
  const days = daysFrom(2);
  const lapsed = async (name: string) => {
    const of = (t: number, previous: DecisionInputs['previous']): DecisionInputs => {
      const inputs = inputsAt(t, previous);
      return {
        ...inputs,
        tensor: { ...inputs.tensor, columns: [inputs.tensor.columns[0], name, ...tensor.columns.slice(2)] },
      };
    };
    const { decision: first } = await computeDecision(of(days[0], null));
    const second = of(days[1], { hash: hashOf(first), decision: first });
    second.tensor.values[(days[1] * 4 + 2) * tensor.columns.length + 1] = Number.NaN;
    second.tensor.anchorLogit[days[1] * 4 + 2] = Number.NaN;
    return (await computeDecision(second)).decision;
  };
  const decision = await lapsed('returnOnEquity');
  expect(decision.book.held.KNOWN03).toBeGreaterThan(0.3);
  expect(decision.weightsBps.KNOWN03).toBe(Math.round(decision.book.held.KNOWN03 * 10_000));
  await expect(lapsed('momentum63')).rejects.toMatchObject({ facts: { asset: 'KNOWN03', field: 'momentum63' } });
});

test('an action that is not finite stops with the asset', async () => {
  const policy: Policy = { act: (_, batch, assets) => new Float32Array(batch * (assets + 1)).fill(Number.NaN, 1, 2) };
  await expect(computeDecision({ ...inputsAt(START, null), champion: { ...champion, policy } })).rejects.toMatchObject({
    code: 'DECIDE_NOT_FINITE',
    facts: { asset: 'KNOWN02', field: 'action of test model' },
  });
});

test('a model that goes short is refused: the contract settles long-only books', async () => {
  const inputs = inputsAt(START, null);
  const signed = { ...inputs.champion.model, limits: { ...model.limits, mode: 'longShort' as const } };
  await expect(computeDecision({ ...inputs, champion: { ...inputs.champion, model: signed } })).rejects.toMatchObject({
    code: 'DECIDE_LONG_SHORT',
    facts: { field: 'limits.mode' },
  });
});
