import type { EnvironmentData } from '../../domain/environment/environment.ts';
import type { MarketPanel } from '../../domain/market/panel.ts';
import { isLongShort, type Limits } from '../../domain/risk/limits.ts';
import { PretrainingMarkets, WARM_UP_DAYS } from '../../domain/simulation/pretraining/market.ts';
import { createRandom } from '../../domain/simulation/random.ts';
import type { LearnJobSpec } from '../../domain/training/job.ts';
import { subUniverse, withOnly } from '../../domain/training/sub-universe.ts';
import type { Phase } from './phases.ts';
import { PortfolioEnvironments } from './portfolio-environments.ts';

/** Where a part of the course is learned, and for how long. */
interface Part {
  name: string;
  steps: number;
  /** Made when it is first needed. */
  market(): { data: EnvironmentData; from: number; to: number };
}

/** Random sub-universes in one part of a course whose universe is larger than the network is trained on. */
const DRAWS = 8;

/** Assets that a learner sees at once. */
export const seenAssets = ({ symbols, training }: LearnJobSpec): number => Math.min(symbols.length, training.maxAssets);

/** Environment steps of the whole course. */
export const courseSteps = ({ training }: LearnJobSpec): number =>
  training.totalSteps + (training.pretraining?.steps ?? 0);

/**
 * What a learner goes through: simulated markets, the stages of the curriculum, then history with all its assets and limits. Universes of more than
 * `maxAssets` assets are seen as random sub-universes, a new one several times in each part.
 */
export function courseOf(data: EnvironmentData, spec: LearnJobSpec): Phase[] {
  const parts = [...pretraining(data, spec), ...curriculum(data, spec)];
  const phases = parts.flatMap((part, i) => drawn(part, spec, parts.length - 1 - i));
  return phases.map(({ name, steps, market }, index) => ({
    name,
    steps,
    open: (cvar) => {
      const { data: seen, from, to } = market();
      const { maxStartDrawdown, training, seed } = spec;
      const episodeDays = Math.min(spec.episodeDays, to - from - 1);
      const options = { from, to, episodeDays, reward: training.reward, extra: { maxStartDrawdown } };
      return new PortfolioEnvironments(seen, options, training.environments, createRandom(seed).fork(index + 1), cvar);
    },
  }));
}

function pretraining(data: EnvironmentData, { training, from, to, seed }: LearnJobSpec): Part[] {
  const { pretraining: settings } = training;
  if (!settings) return [];
  const { markets, steps, sessions, paths } = settings;
  const simulated = new PretrainingMarkets(data, from, to);
  return Array.from({ length: paths }, (_, path) => {
    const kind = markets[path % markets.length];
    return {
      name: `${kind} ${path + 1} of ${paths}`,
      steps: Math.ceil(steps / paths),
      market: () => ({
        data: simulated.make(kind, seed * 1000 + path, sessions),
        from: WARM_UP_DAYS,
        to: sessions - 1,
      }),
    };
  });
}

function curriculum(data: EnvironmentData, { training, from, to }: LearnJobSpec): Part[] {
  const stages = training.curriculum?.stages ?? [];
  const whole: Part = {
    name: 'history',
    steps: Math.ceil(training.totalSteps * (1 - stages.reduce((sum, { share }) => sum + share, 0))),
    market: () => ({ data, from, to }),
  };
  const calm = calmest(data.panel, from, to);
  return [
    ...stages.map(({ share, assets, limits }, i): Part => {
      const seen = assets === null ? data : withOnly(data, calm.slice(0, assets));
      const staged = limits === 'loose' ? { ...seen, limits: loosened(data.limits) } : seen;
      return {
        name: `curriculum ${i + 1} of ${stages.length}`,
        steps: Math.ceil(training.totalSteps * share),
        market: () => ({ data: staged, from, to }),
      };
    }),
    whole,
  ];
}

/** @param place of the part, counted from the end of the course */
function drawn(part: Part, spec: LearnJobSpec, place: number): Part[] {
  const seen = seenAssets(spec);
  const all = spec.symbols.length;
  if (seen === all) return [part];
  return Array.from({ length: DRAWS }, (_, draw) => ({
    name: `${part.name}, ${seen} of ${all} assets, draw ${draw + 1}`,
    steps: Math.ceil(part.steps / DRAWS),
    market: () => {
      const { data, from, to } = part.market();
      return { data: subUniverse(data, drawAssets(spec, place, draw)), from, to };
    },
  }));
}

/** The assets of one draw, ascending: other ones in every draw of every part. */
export function drawAssets(spec: LearnJobSpec, place: number, draw: number): number[] {
  const drawn = createRandom(spec.seed * DRAWS + draw);
  const random = place === 0 ? drawn : drawn.fork(place);
  const left = spec.symbols.map((_, asset) => asset);
  const taken = Array.from({ length: seenAssets(spec) }, () => left.splice(random.integer(left.length), 1)[0]);
  return taken.sort((a, b) => a - b);
}

/** Assets by the standard deviation of their returns over the sessions, calmest first; those without a bar last. */
function calmest({ returns, tradable, symbols }: MarketPanel, from: number, to: number): number[] {
  const deviation = symbols.map((_, a) => {
    let [n, square] = [0, 0];
    for (let t = from; t <= to; t++) {
      const i = t * symbols.length + a;
      n += tradable[i];
      square += tradable[i] * returns[i] ** 2;
    }
    return n === 0 ? Number.POSITIVE_INFINITY : square / n;
  });
  return symbols.map((_, a) => a).sort((a, b) => deviation[a] - deviation[b]);
}

/** The same kind of book without caps, turnover limit or drawdown control. */
const loosened = (limits: Limits): Limits => ({
  ...limits,
  maxWeight: 1,
  maxGroupWeight: 1,
  groupOverrides: {},
  maxIlliquidWeight: 1,
  maxHubWeight: 1,
  maxTurnover: isLongShort(limits) ? 2 * limits.maxGross : 1, // from one side to the other
  drawdown: { ...limits.drawdown, budget: Number.POSITIVE_INFINITY, hardLimit: Number.POSITIVE_INFINITY },
});
