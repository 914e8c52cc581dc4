import { ObservationBuilder } from '../../domain/features/observation.ts';
import { createRandom } from '../../domain/simulation/random.ts';
import type { Problem } from '../../training-container/proofs/problems.ts';
import { walkWith } from '../../training-container/proofs/walk.ts';
import { EPISODE_DAYS, environmentsOf, GLANCE, glanceOf, learnProblem, TARGET_SHARE } from '../time-to-learn.ts';
import { writeArrays } from './arrays.ts';

/** Recorded for the check: environments, and steps; more than one episode. */
const RECORD = { environments: 4, steps: EPISODE_DAYS + 50 };

/** Write the market of one seed for market_env.py: what a policy sees, what it earns, the walks that a share is measured between, and a record of ours. */
export function writeMarket(folder: string, seed: number): void {
  const problem = learnProblem(seed);
  const { panel, tensor, limits } = problem.data;
  const [sessions, assets] = [panel.dates.length, panel.symbols.length];
  const facts = {
    from: problem.from,
    to: problem.to,
    episodeDays: EPISODE_DAYS,
    lambdaVolatility: problem.reward.lambdaVolatility,
    drawdownBudget: limits.drawdown.budget,
    targetShare: TARGET_SHARE,
    glance: { ...ends(glanceOf(problem)), enough: GLANCE.enough },
    whole: { ...ends(problem), enough: TARGET_SHARE },
  };
  const observations = observationsOf(problem);
  const { starts, actions, rewards, seen } = record(problem, seed);
  const n = RECORD.environments;
  writeArrays(folder, facts, {
    observations: { data: observations, shape: [sessions, assets, observations.length / (sessions * assets)] },
    returns: { data: panel.returns, shape: [sessions, assets] },
    starts: { data: starts, shape: [starts.length / n, n] },
    actions: { data: actions, shape: [RECORD.steps, n, assets + 1] },
    rewards: { data: rewards, shape: [RECORD.steps, n] },
    seen: { data: seen, shape: [RECORD.steps, n, assets, tensor.columns.length + 6] },
  });
}

/** Mean reward of the anchor and of the best policy over a problem's sessions: 0 and 1 of the share. */
function ends(problem: Problem): { from: number; to: number; anchor: number; best: number } {
  const { anchorLogit, anchorExposure } = problem.data.tensor;
  const assets = problem.data.panel.symbols.length;
  const anchor = walkWith(problem, (t) => [
    ...anchorLogit.subarray(t * assets, (t + 1) * assets),
    anchorExposure[t],
  ]).reward;
  return { from: problem.from, to: problem.to, anchor, best: walkWith(problem, problem.best).reward };
}

/** [T, A, F] float32 for a book that is all cash; the environment writes the columns of its own book over it. */
function observationsOf({ data: { panel, tensor, normaliser } }: Problem): Float32Array {
  const builder = new ObservationBuilder(tensor, normaliser);
  const size = builder.assets * builder.width;
  const out = new Float32Array(panel.dates.length * size);
  const held = new Float64Array(builder.assets);
  for (let t = 0; t < panel.dates.length; t++)
    builder.write(t, { held, cash: 1, drawdown: 0, usable: builder.usable(t, panel) }, out, t * size);
  return out;
}

/** Our environments under random actions: sessions at which episodes started, actions, rewards, and what was seen before each. */
function record(problem: Problem, seed: number) {
  const n = RECORD.environments;
  const environments = environmentsOf(problem, seed, n);
  const random = createRandom(seed);
  const sessions = (): number[] => environments.state().environments.map(({ t }) => t);
  const width = environments.observations.length;
  const actionWidth = n * (problem.data.panel.symbols.length + 1);
  const starts = sessions();
  const actions = Float32Array.from({ length: RECORD.steps * actionWidth }, () => 2 * random.normal());
  const rewards = new Float64Array(RECORD.steps * n);
  const seen = new Float32Array(RECORD.steps * width);
  for (let step = 0; step < RECORD.steps; step++) {
    seen.set(environments.observations, step * width);
    environments.step(actions.subarray(step * actionWidth, (step + 1) * actionWidth));
    rewards.set(environments.rewards, step * n);
    // All episodes are of one length, so all end together.
    if (environments.dones[0] === 1) starts.push(...sessions());
  }
  return { starts: Int32Array.from(starts), actions, rewards, seen };
}
