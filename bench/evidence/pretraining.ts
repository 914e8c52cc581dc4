import { type MarketKind, PretrainingMarkets, WARM_UP_DAYS } from '../../domain/simulation/pretraining/market.ts';
import type { Pretraining } from '../../domain/training/pretraining.ts';
import type { PpoSettings } from '../../domain/training/settings.ts';
import { type Comparison, compareReturns, drawComparisons } from './comparison.ts';
import { type History, openOnce, SPLIT, type Split, titleOf } from './history.ts';
import { type MarketMoments, marketMoments } from './moments.ts';
import type { Study } from './study.ts';
import { PPO, trained } from './trained.ts';

export interface PretrainingSettings {
  readonly split: Split;
  /** `totalSteps` is that on history, after the simulated markets. */
  readonly training: PpoSettings;
  readonly pretraining: Pretraining;
  /** Simulated markets of each kind that the moments are averaged over. */
  readonly markets: number;
}

const SETTINGS: PretrainingSettings = {
  split: SPLIT,
  training: { ...PPO, totalSteps: 65_536 },
  pretraining: { markets: ['regimes', 'factors', 'bootstrap'], steps: 98_304, sessions: 4000, paths: 6 },
  markets: 4,
};

const ARMS = ['history alone, same steps on it', 'history alone, same steps in all', 'pre-trained'] as const;
const ANCHOR = 'anchor (no learning)';
const MOMENTS = 'moments';
type PretrainingRun = { arm: (typeof ARMS)[number] | typeof ANCHOR | typeof MOMENTS; seed: number };
type Moments = Record<string, MarketMoments>;
interface Result {
  /** Net returns by session. */
  returns?: number[];
  moments?: Moments;
}
interface Figures {
  comparison: Comparison;
  /** Of the history until the cut, and of markets simulated after it. */
  moments: Moments;
}

/** Simulated markets first, then history, against history alone. */
export function pretraining(settings = SETTINGS): Study<PretrainingRun, Result, Figures> {
  const history = openOnce(settings.split);
  return {
    name: 'pretraining',
    settings,
    seeds: 8,
    runs: (seeds) => [
      { arm: MOMENTS, seed: 0 },
      { arm: ANCHOR, seed: 0 },
      ...Array.from({ length: seeds }, (_, seed) => seed + 1).flatMap((seed) => ARMS.map((arm) => ({ arm, seed }))),
    ],
    measure: async ({ arm, seed }) => {
      if (arm === MOMENTS) return { moments: momentsOf(history(), settings) };
      if (arm === ANCHOR) return { returns: Array.from(await history().anchorReturns()) };
      const { onnx } = await trained(history().market, trainingOf(arm, settings), seed);
      return { returns: Array.from(await history().returnsOf(onnx)) };
    },
    figures: (measured) => {
      const of = (arm: string): Result[] => measured.filter(({ run }) => run.arm === arm).map(({ result }) => result);
      const arms = [ANCHOR, ...ARMS].map((arm) => ({ arm, returns: of(arm).map(({ returns = [] }) => returns) }));
      return {
        comparison: compareReturns(titleOf(settings.split), arms, 'pre-trained', ANCHOR),
        moments: of(MOMENTS)[0].moments ?? {},
      };
    },
    draw: ({ comparison }) =>
      drawComparisons(
        'Pre-training on simulated markets, then history, against history alone',
        [comparison],
        'The bar is the interquartile mean. At the right: the bar; pre-trained less this arm [90 % interval].',
      ),
  };
}

function trainingOf(arm: (typeof ARMS)[number], { training, pretraining }: PretrainingSettings): PpoSettings {
  if (arm === 'pre-trained') return { ...training, pretraining };
  const more = arm === 'history alone, same steps in all' ? pretraining.steps : 0;
  return { ...training, totalSteps: training.totalSteps + more };
}

function momentsOf({ market: { data, from, to } }: History, { pretraining, markets }: PretrainingSettings): Moments {
  const assets = data.panel.symbols.length;
  const simulated = new PretrainingMarkets(data, from, to);
  const seen = (returns: Float64Array, first: number, end: number): MarketMoments =>
    marketMoments(returns.subarray(first * assets, end * assets), assets);
  const meanOf = (kind: MarketKind): MarketMoments => {
    const each = Array.from({ length: markets }, (_, i) =>
      seen(simulated.make(kind, i + 1, pretraining.sessions).panel.returns, WARM_UP_DAYS, pretraining.sessions),
    );
    const names = Object.keys(each[0]) as (keyof MarketMoments)[];
    const mean = (name: keyof MarketMoments): number => each.reduce((sum, one) => sum + one[name], 0) / each.length;
    return Object.fromEntries(names.map((name) => [name, mean(name)])) as unknown as MarketMoments;
  };
  return {
    history: seen(data.panel.returns, from, to + 1),
    ...Object.fromEntries(pretraining.markets.map((kind) => [kind, meanOf(kind)])),
  };
}
