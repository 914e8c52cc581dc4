import type { Curriculum } from '../../domain/training/curriculum.ts';
import type { PpoSettings } from '../../domain/training/settings.ts';
import { shareOfOptimum, walkOf } from '../../training-container/proofs/walk.ts';
import { type Comparison, compareReturns, compareShares, drawComparisons } from './comparison.ts';
import { openOnce, SPLIT, type Split, titleOf } from './history.ts';
import { type RegimeMarket, twinRegimes } from './known-optima.ts';
import type { Study } from './study.ts';
import { PPO, trained } from './trained.ts';

export interface CurriculumSettings {
  /** A simulated market of so many assets, one of which is on, or none; `maxWeight` is the limit that the curriculum tightens to. */
  readonly regimes: RegimeMarket & { readonly maxWeight: number };
  readonly split: Split;
  readonly training: PpoSettings;
  readonly curriculum: Curriculum;
}

const SETTINGS: CurriculumSettings = {
  regimes: { assets: 16, sessions: 5000, unseenSessions: 2000, onMean: 0.012, maxWeight: 0.5 },
  split: SPLIT,
  training: { ...PPO, totalSteps: 65_536 },
  curriculum: {
    stages: [
      { share: 0.25, assets: 4, limits: 'loose' },
      { share: 0.25, assets: null, limits: 'loose' },
    ],
  },
};

const ARMS = ['the whole from the start', 'curriculum'] as const;
const ANCHOR = 'anchor (no learning)';
type CurriculumRun = { market: 'regimes' | 'history'; arm: (typeof ARMS)[number] | typeof ANCHOR; seed: number };
interface Result {
  /** Share of the optimum, on the simulated market. */
  share?: number;
  /** Net returns by session, on history. */
  returns?: number[];
}

/** From few calm assets and loose limits to all of both, against the whole from the start, on the same steps. */
export function curriculum(settings = SETTINGS): Study<CurriculumRun, Result, Comparison[]> {
  const history = openOnce(settings.split);
  return {
    name: 'curriculum',
    settings,
    seeds: 10,
    runs: (seeds) => [
      { market: 'history', arm: ANCHOR, seed: 0 },
      ...Array.from({ length: seeds }, (_, seed) => seed + 1).flatMap((seed) =>
        (['regimes', 'history'] as const).flatMap((market) => ARMS.map((arm) => ({ market, arm, seed }))),
      ),
    ],
    measure: async ({ market, arm, seed }) => {
      if (arm === ANCHOR) return { returns: Array.from(await history().anchorReturns()) };
      const { training: base } = settings;
      const training = arm === 'curriculum' ? { ...base, curriculum: settings.curriculum } : base;
      if (market === 'regimes') return { share: await shareOnRegimes(settings, training, seed) };
      const { onnx } = await trained(history().market, training, seed);
      return { returns: Array.from(await history().returnsOf(onnx)) };
    },
    figures: (measured) => {
      const of = (market: string, arm: string): Result[] =>
        measured.filter(({ run }) => run.market === market && run.arm === arm).map(({ result }) => result);
      return [
        compareShares(
          `${settings.regimes.assets} simulated assets, one on or none`,
          ARMS.map((arm) => ({ arm, values: of('regimes', arm).map(({ share = 0 }) => share) })),
          'curriculum',
        ),
        compareReturns(
          titleOf(settings.split),
          [ANCHOR, ...ARMS].map((arm) => ({ arm, returns: of('history', arm).map(({ returns = [] }) => returns) })),
          'curriculum',
          ANCHOR,
        ),
      ];
    },
    draw: (comparisons) =>
      drawComparisons(
        'Curriculum against the whole from the start, on the same environment steps',
        comparisons,
        'The bar is the mean (Sharpe ratios: interquartile mean). At the right: the bar; curriculum less this arm [90 % interval].',
      ),
  };
}

async function shareOnRegimes({ regimes }: CurriculumSettings, training: PpoSettings, seed: number): Promise<number> {
  const { maxWeight, ...market } = regimes;
  const { seen, unseen } = twinRegimes(market, seed);
  const limited = <P extends typeof seen>(problem: P): P => ({
    ...problem,
    data: { ...problem.data, limits: { ...problem.data.limits, maxWeight } },
  });
  const { onnx } = await trained(limited(seen), training, seed);
  return shareOfOptimum(limited(unseen))(walkOf(limited(unseen), onnx));
}
