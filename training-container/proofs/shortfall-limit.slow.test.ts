import { expect, test } from '@jest/globals';
import { LEARNERS } from './learners.ts';
import { regimeProblem } from './problems.ts';
import { backtestOf } from './walk.ts';

const LEVEL = 0.95;
const LIMIT = 0.008;

/** Mean loss of the worst 5 % of sessions. */
function shortfall(returns: Float64Array): number {
  const worst = Float64Array.from(returns)
    .sort()
    .subarray(0, Math.round((1 - LEVEL) * returns.length));
  return -worst.reduce((sum, value) => sum + value, 0) / worst.length;
}

test.each(LEARNERS.map((learner) => [learner.name, learner] as const))(
  '%s holds the expected shortfall within its limit on sessions that it has not seen, and earns less for it',
  async (_, learner) => {
    const problem = regimeProblem(5);
    const test = problem.to - 1500;
    const task = { ...problem, to: test - 1, test };
    const free = await backtestOf(task, await learner.solve(task, 1, { steps: 131_072 }));
    const cvar = { level: LEVEL, limit: LIMIT, learningRate: 0.2 };
    const limited = { ...task, reward: { ...task.reward, cvar } };
    const held = await backtestOf(limited, await learner.solve(limited, 1, { steps: 131_072 }));
    const growth = ({ nav }: typeof free): number => nav.at(-1) ?? 0;
    expect(shortfall(free.returns)).toBeGreaterThan(1.5 * LIMIT);
    expect(shortfall(held.returns)).toBeLessThan(LIMIT);
    expect(growth(held)).toBeLessThan(growth(free));
    expect(growth(held)).toBeGreaterThan(1.2);
  },
);
