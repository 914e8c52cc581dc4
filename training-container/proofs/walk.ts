import { type BacktestResult, modelPolicy, runBacktest } from '../../domain/backtest/backtest.ts';
import { PortfolioEnvironment } from '../../domain/environment/environment.ts';
import { createExactPolicy } from '../../domain/policy/exact/exact.ts';
import type { Problem, Split, Task } from './problems.ts';

/** What happened on the way through a market. */
export interface Walk {
  /** Mean reward of a step. */
  reward: number;
  /** [steps][A] weights after the fill of each decision. */
  held: Float64Array[];
  /** [steps] session of each decision. */
  sessions: number[];
}

type Act = (t: number, held: Float64Array, observation: Float32Array) => ArrayLike<number>;

/** One episode through all sessions of a problem. */
export function walkWith({ data, from, to, reward }: Task, act: Act): Walk {
  const environment = new PortfolioEnvironment(data, { from, to, episodeDays: to - from - 1, reward });
  const observation = new Float32Array(environment.assets * environment.features);
  const walk: Walk = { reward: 0, held: [], sessions: [] };
  environment.resetAt(from);
  for (let done = false; !done; ) {
    environment.observe(observation, 0);
    walk.sessions.push(environment.t);
    const step = environment.step(Float32Array.from(act(environment.t, environment.book.held, observation)), 0);
    walk.reward += step.reward;
    walk.held.push(Float64Array.from(environment.book.held));
    done = step.done;
  }
  walk.reward /= walk.held.length;
  return walk;
}

/** The served policy's own walk, by the exact runtime. */
export function walkOf(problem: Task, onnx: Uint8Array): Walk {
  const policy = createExactPolicy(onnx);
  const assets = problem.data.panel.symbols.length;
  return walkWith(
    problem,
    (_t, _held, observation) => policy.act(observation, 1, assets, observation.length / assets) as Float32Array,
  );
}

/** How far a policy has come from the anchor (0) to the known optimum (1), by mean reward. */
export function shareOfOptimum(problem: Problem): (walk: Walk) => number {
  const assets = problem.data.panel.symbols.length;
  const { anchorLogit, anchorExposure } = problem.data.tensor;
  const anchor = walkWith(problem, (t) => [
    ...anchorLogit.subarray(t * assets, (t + 1) * assets),
    anchorExposure[t],
  ]).reward;
  const best = walkWith(problem, problem.best).reward;
  return ({ reward }) => (reward - anchor) / (best - anchor);
}

/** The served policy on the sessions that it has not seen. */
export function backtestOf(task: Task & Split, onnx: Uint8Array): Promise<BacktestResult> {
  const { data, test } = task;
  const policy = modelPolicy(task.name, createExactPolicy(onnx), data.tensor, data.normaliser);
  return runBacktest(data, policy, test, data.panel.dates.length - 3);
}
