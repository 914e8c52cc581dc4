import { describe, expect, test } from '@jest/globals';
import type { BacktestResult } from '../backtest/backtest.ts';
import { fixtureCosts, fixtureLimits } from '../environment/fixture-data.ts';
import type { Gate } from '../lineage/gate-report.ts';
import { fixtureMarket, workingDays } from '../portfolio/fixture-market.ts';
import { createRandom } from '../simulation/random.ts';
import {
  type AlphaGateInput,
  evaluateAlphaGates,
  evaluateRiskGates,
  evidenceNotes,
  learningControlGate,
  verdictOf,
} from './gates.ts';
import { liquidityStress } from './liquidity-stress.ts';

const gates = {
  maxDrawdown: 0.15,
  maxTurnoverAnnual: 2.5,
  stressWindows: [
    { name: 'early', from: '2001-02-01', to: '2001-03-30', maxDrawdown: 0.1 },
    { name: '2008', from: '2008-01-01', to: '2009-03-31', maxDrawdown: 0.15 },
  ],
  liquidityStressMaxDrawdown: 0.15,
};

/** A result whose returns and turnover are given; NAV follows. */
function result(returns: number[], turnover = 0.005): BacktestResult {
  const n = returns.length + 1;
  const all = Float64Array.of(0, ...returns);
  const nav = new Float64Array(n).fill(1);
  for (let k = 1; k < n; k += 1) nav[k] = nav[k - 1] * (1 + all[k]);
  const filled = (value: number): Float64Array => new Float64Array(n).fill(value);
  return {
    name: 'p',
    dates: workingDays(n),
    symbols: ['A'],
    nav,
    returns: all,
    turnover: filled(turnover),
    costs: filled(0),
    weights: filled(0),
    exposure: filled(0),
    drawdown: filled(0),
    limitsHit: {},
    breaches: [],
  };
}
const quiet: number[] = Array.from({ length: 120 }, (_, i) => (i % 2 === 0 ? 0.002 : -0.001));
const by = (list: readonly Gate[]): Record<string, Gate> => Object.fromEntries(list.map((gate) => [gate.gate, gate]));

describe('risk gates', () => {
  test('pass a quiet policy; a stress window outside the history is null and excused', () => {
    const list = evaluateRiskGates({ gates, full: result(quiet), liquidityStress: result(quiet), reproducible: true });
    expect(list.map(({ gate, pass }) => `${gate} ${pass}`)).toEqual([
      'maxDrawdown true',
      'turnover true',
      'stress early true',
      'stress 2008 false',
      'liquidityStress true',
      'limits true',
      'reproducible true',
    ]);
    expect(by(list)['stress 2008']).toEqual({
      gate: 'stress 2008',
      group: 'risk',
      value: null,
      threshold: 0.15,
      pass: false,
      reason: expect.stringContaining('does not cover 2008-01-01 to 2009-03-31'),
    });
    expect(by(list).turnover.value).toBeCloseTo(1.26, 12);
    expect(verdictOf(list)).toEqual({ verdict: 'accepted', reasons: [] });
  });

  test('say what failed and by how much', () => {
    const crash = [...quiet];
    crash[30] = -0.2;
    const full = {
      ...result(crash, 0.02),
      breaches: [{ date: '2001-01-05', reasons: ['A: weight 50.00 % is above the cap of 25.00 %'] }],
    };
    const list = by(evaluateRiskGates({ gates, full, liquidityStress: result(crash), reproducible: false }));
    expect(list.maxDrawdown).toEqual({
      gate: 'maxDrawdown',
      group: 'risk',
      value: expect.closeTo(0.2, 2),
      threshold: 0.15,
      pass: false,
      reason: expect.stringMatching(/^the worst fall over all history is 20\.\d %, more than 15\.0 %$/),
    });
    expect(list.turnover.reason).toBe('one-way turnover is 504.0 % a year, more than 250.0 %');
    expect(list['stress early'].reason).toContain('from 2001-02-01 to 2001-03-30 is 20.');
    expect(list.liquidityStress.pass).toBe(false);
    expect(list.limits.reason).toContain('1 decisions break a limit, the first on 2001-01-05: A: weight');
    expect(list.reproducible).toMatchObject({ value: 0, pass: false });
    expect(verdictOf(Object.values(list)).reasons).toHaveLength(6);
  });

  test('what was not run is null, never passed', () => {
    const list = by(
      evaluateRiskGates({
        gates,
        full: { ...result(quiet), breaches: null },
        liquidityStress: null,
        reproducible: null,
      }),
    );
    for (const name of ['liquidityStress', 'limits', 'reproducible'])
      expect(list[name]).toMatchObject({ value: null, pass: false, reason: expect.any(String) });
  });

  test('the liquidity stress widens spreads and opens the market for one fill a week', () => {
    const panel = fixtureMarket({ sessions: 20, assets: 2 });
    const data = {
      panel,
      groups: null,
      limits: fixtureLimits,
      costs: { ...fixtureCosts, slippageOverrides: { A01: 7 } },
    };
    const stressed = liquidityStress(data);
    expect(stressed.costs).toMatchObject({ commissionBps: 1, slippageBps: 20, slippageOverrides: { A01: 35 } });
    expect(Array.from({ length: 20 }, (_, t) => stressed.panel.tradable[2 * t])).toEqual([
      1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0,
    ]);
    expect(stressed.panel.returns).toBe(panel.returns);
    expect(liquidityStress(data).panel).toBe(stressed.panel);
  });
});

describe('the learning control', () => {
  test('passes at the threshold, and says what failing means', () => {
    expect(learningControlGate(0.9, 0.9)).toEqual({
      gate: 'learningControl',
      group: 'control',
      value: 0.9,
      threshold: 0.9,
      pass: true,
    });
    expect(learningControlGate(0.5, 0.9).reason).toContain('50.0 % of a known optimum');
    expect(learningControlGate(null, 0.9)).toMatchObject({ value: null, pass: false });
  });
});

const alphaGates = {
  minSharpe: 1,
  sharpeYears: 2,
  minDeflatedSharpe: 0.95,
  maxPbo: 0.2,
  pboMinTrials: null,
  bootstrapLowerBound: -0.1,
  bootstrapSamples: 200,
  bootstrapBlockDays: 21,
  minDays: 252,
};

/** Challenger, champion and 1/N with the same market in them, over `days`; `edge` is the challenger's daily gain. */
function contest(days: number, edge: number, trialCount = 4): AlphaGateInput {
  const random = createRandom(31);
  const market = Float64Array.from({ length: days }, () => 0.005 * random.normal());
  const mean = market.reduce((sum, r) => sum + r, 0) / days;
  const plus = (extra: number, noise: number): Float64Array =>
    market.map((r) => r - mean + extra + noise * random.normal());
  const dates = workingDays(days);
  const half = Math.floor(days / 2);
  const challenger = plus(edge, 0.0005);
  const trials = [0, 1].flatMap((window) =>
    [1, 2].map((seed) => ({
      window,
      seed,
      returns: challenger.slice(window * half, window === 0 ? half : days).map((r) => r + 0.0002 * random.normal()),
    })),
  );
  return {
    gates: alphaGates,
    challenger: { dates, returns: challenger },
    champion: { dates, returns: plus(0, 0.0005) },
    volTarget: { dates, returns: plus(0, 0.0005) },
    trials,
    trialCount,
  };
}

describe('alpha gates', () => {
  test('pass a strong, long record', () => {
    const list = evaluateAlphaGates(contest(2520, 0.0008));
    expect(list.map(({ gate, pass }) => `${gate} ${pass}`)).toEqual([
      'sharpe true',
      'deflatedSharpe true',
      'notWorseThanChampion true',
      'notWorseThanVolTarget true',
    ]);
    expect(verdictOf(list).verdict).toBe('accepted');
  });

  test('reject a policy without skill in plain words', () => {
    const list = by(evaluateAlphaGates(contest(504, 0)));
    expect(list.sharpe.reason).toContain('over 504 days is');
    expect(list.sharpe.reason).toContain('standard error 0.71');
    expect(list.deflatedSharpe.reason).toContain('the best of 2 trials without skill');
    expect(list.sharpe.value).not.toBeNull();
  });

  test('a policy that is worse than the champion cannot hide', () => {
    const input = contest(2520, -0.0005);
    const gate = by(evaluateAlphaGates(input)).notWorseThanChampion;
    expect(gate.pass).toBe(false);
    expect(gate.value).toBeLessThan(-0.1);
    expect(gate.reason).toContain('90 % interval');
  });

  test('too few days are too little evidence: null, not passed, with the standard error', () => {
    for (const gate of evaluateAlphaGates(contest(100, 0.01))) {
      expect(gate).toMatchObject({
        value: null,
        pass: false,
        reason: 'too little evidence: 100 days give a standard error of 1.59 (at least 252 are needed)',
      });
    }
    expect(verdictOf(evaluateAlphaGates(contest(100, 0.01))).verdict).toBe('rejected');
  });

  test('one year shows its Sharpe ratio but does not pass a two-year gate', () => {
    const gate = by(evaluateAlphaGates(contest(252, 0.002))).sharpe;
    expect(gate.value).toBeGreaterThan(1);
    expect(gate).toMatchObject({
      pass: false,
      reason: expect.stringContaining('too little evidence: 252 days, 504 are needed'),
    });
  });

  test('constant returns have no Sharpe ratio', () => {
    const input = contest(600, 0);
    const list = evaluateAlphaGates({ ...input, challenger: { ...input.challenger, returns: new Float64Array(600) } });
    for (const gate of list) expect(gate).toMatchObject({ value: null, pass: false });
  });

  test('PBO is a gate from sixteen trials on, over the seeds that ran every window', () => {
    const input = { ...contest(600, 0.0005, 16), gates: { ...alphaGates, pboMinTrials: 16 } };
    expect(by(evaluateAlphaGates(input)).pbo.value).not.toBeNull();
    const single = { ...input, trials: input.trials.filter(({ seed }) => seed === 1) };
    expect(by(evaluateAlphaGates(single)).pbo).toMatchObject({
      value: null,
      pass: false,
      reason: expect.stringContaining('1 complete paths'),
    });
    expect(by(evaluateAlphaGates({ ...input, trialCount: 4 })).pbo).toMatchObject({
      value: null,
      pass: false,
      reason: expect.stringContaining('too little evidence: 4 trials, 16 are needed'),
    });
  });

  test('trials that left no returns count in full: more of them, a higher hurdle', () => {
    const few = by(evaluateAlphaGates(contest(1000, 0.0006, 4))).deflatedSharpe.value as number;
    const many = by(evaluateAlphaGates(contest(1000, 0.0006, 200))).deflatedSharpe.value as number;
    expect(many).toBeLessThan(few);
  });
});

describe('the arithmetic of evidence', () => {
  test('agrees with the figures that the design quotes', () => {
    const input = contest(504, 0, 10);
    const notes = evidenceNotes({ ...input, trials: [] });
    expect(notes[0]).toBe('The standard error of a Sharpe ratio over 504 days is 0.71.');
    expect(notes[1]).toContain('passes "Sharpe >= 1 over 504 days" 8 % of the time, one of 0.6 29 %, one of 1.0 50 %');
    expect(notes[2]).toContain('10 trials were logged; they count as 10 independent ones');
    expect(notes[2]).toContain('needs about 2.3');
    expect(evidenceNotes({ ...input, challenger: { dates: [], returns: new Float64Array(0) } })).toHaveLength(1);
  });
});
