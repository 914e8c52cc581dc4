import type { Progress } from '../functions/ports.ts';
import { Pace } from './pace.ts';

/** One point of a learning curve as a page draws it. */
export interface CurvePoint {
  step: number;
  meanReward: number | null;
  /** Net growth a year (log), over what the learner lived through since the point before. */
  netGrowth: number | null;
}

/** A training of this process: where it is, how fast it goes, and its learning curve. */
export interface LiveTraining {
  name: string;
  step: number;
  total: number;
  stepsPerSecond: number | null;
  secondsLeft: number | null;
  points: CurvePoint[];
}

/** More points than these are thinned to every second one: a curve on a page is no wider. */
const MOST_POINTS = 256;
/** Older trainings are forgotten. */
const MOST_TRAININGS = 24;

/** The trainings of this process, the newest last, for the page that watches them. */
export class LiveTrainings {
  readonly #now: () => number;
  readonly #trainings = new Map<string, { pace: Pace; points: CurvePoint[]; every: number; seen: number }>();

  constructor(now = () => performance.now()) {
    this.#now = now;
  }

  readonly step: Progress = ({ step, total, unit, task, point }) => {
    if (unit !== 'env steps' || task === undefined) return;
    if (step === 0) this.#begin(task);
    // a model that is not learned has no curve, and ends all the same
    if (step > 0 && !point && !this.#trainings.has(task)) return;
    const training = this.#trainings.get(task) ?? this.#begin(task);
    training.pace.see(step, total, this.#now());
    if (!point) return;
    if (training.seen % training.every === 0)
      training.points.push({
        step,
        meanReward: point['charts/mean_reward'] ?? null,
        netGrowth: point['charts/net_growth'] ?? null,
      });
    training.seen += 1;
    if (training.points.length <= MOST_POINTS) return;
    training.points = training.points.filter((_, index) => index % 2 === 0);
    training.every *= 2;
  };

  list(): LiveTraining[] {
    return [...this.#trainings].map(([name, { pace, points }]) => ({
      name,
      step: pace.step,
      total: pace.total,
      stepsPerSecond: pace.perSecond,
      secondsLeft: pace.secondsLeft,
      points,
    }));
  }

  #begin(task: string) {
    const training = { pace: new Pace(this.#now()), points: [], every: 1, seen: 0 };
    this.#trainings.delete(task);
    this.#trainings.set(task, training);
    if (this.#trainings.size > MOST_TRAININGS) this.#trainings.delete(this.#trainings.keys().next().value as string);
    return training;
  }
}
