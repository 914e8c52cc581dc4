import { createRandom } from '../simulation/random.ts';
import type { PortfolioEnvironment } from './environment.ts';

/**
 * Steps an environment with random actions and says what breaks the contract that learners rely on: finite observations and
 * rewards, weights that are those of a portfolio, an end, and the same seed giving the same episode. Empty: nothing found.
 * The environment is left in a new episode.
 */
export function checkEnvironment(environment: PortfolioEnvironment, seed: number, steps = 300): string[] {
  const problems = new Set<string>();
  const first = walk(environment, seed, steps, problems);
  const second = walk(environment, seed, steps, problems);
  if (first !== second) problems.add('the same seed does not give the same rewards');
  return [...problems];
}

function walk(environment: PortfolioEnvironment, seed: number, steps: number, problems: Set<string>): string {
  const random = createRandom(seed);
  const { assets, features } = environment;
  const observation = new Float32Array(assets * features);
  const action = new Float32Array(assets + 1);
  const trace: number[] = [];
  let ended = false;
  environment.reset(random);
  for (let i = 0; i < steps; i += 1) {
    observation.fill(Number.NaN);
    environment.observe(observation, 0);
    const bad = observation.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0)
      problems.add(`observation: asset ${Math.floor(bad / features)}, column ${bad % features} is not finite`);
    for (let k = 0; k <= assets; k += 1) action[k] = 2 * random.normal();
    const { reward, done } = environment.step(action, 0);
    if (!Number.isFinite(reward)) problems.add('a reward is not finite');
    checkBook(environment, problems);
    trace.push(reward, environment.book.nav);
    if (done) {
      ended = true;
      environment.reset(random);
    }
  }
  if (!ended && steps > 2000) problems.add(`no episode ended within ${steps} steps`);
  return trace.join();
}

function checkBook({ book }: PortfolioEnvironment, problems: Set<string>): void {
  let total = book.cash;
  for (const weight of book.held) {
    if (!(weight >= 0)) problems.add('a held weight is negative or not a number');
    total += weight;
  }
  if (Math.abs(total - 1) > 1e-9) problems.add('weights and cash do not sum to 1');
  if (!(book.nav > 0)) problems.add('NAV is not positive');
  if (book.highWaterMark < book.nav) problems.add('the high-water mark is below NAV');
}
