import { isLongShort } from '../risk/limits.ts';
import { createRandom } from '../simulation/random.ts';
import type { PortfolioEnvironment } from './environment.ts';

/**
 * Steps an environment with random actions and says what breaks the contract that learners rely on: finite observations and
 * rewards, weights that are those of a portfolio, an end, a state that can be restored, and the same seed giving the same episode. Empty: nothing found.
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
    const { reward, done, terminated } = environment.step(action, 0);
    if (!Number.isFinite(reward)) problems.add('a reward is not finite');
    if (terminated && !done) problems.add('an episode is terminated and goes on');
    checkBook(environment, problems);
    if (i % 7 === 3) checkState(environment, observation, problems);
    trace.push(reward, environment.book.nav);
    if (done) {
      ended = true;
      environment.reset(random);
    }
  }
  if (!ended && steps > 2000) problems.add(`no episode ended within ${steps} steps`);
  return trace.join();
}

/** What `state` gives, through JSON's precision, `restore` takes: the observation after it is the same to the bit. */
function checkState(environment: PortfolioEnvironment, scratch: Float32Array, problems: Set<string>): void {
  environment.observe(scratch, 0);
  const before = scratch.slice();
  const state = environment.state();
  const nav = environment.book.nav;
  environment.restore(state);
  environment.observe(scratch, 0);
  if (environment.book.nav !== nav || before.some((value, i) => value !== scratch[i]))
    problems.add('restoring a state gives another one');
}

function checkBook({ book, loop }: PortfolioEnvironment, problems: Set<string>): void {
  const longShort = isLongShort(loop.data.limits);
  let total = book.cash;
  for (const weight of book.held) {
    if (!(weight >= (longShort ? -Number.MAX_VALUE : 0))) problems.add('a held weight is negative or not a number');
    total += weight;
  }
  if (Math.abs(total - 1) > 1e-9) problems.add('weights and cash do not sum to 1');
  if (!(book.nav > 0)) problems.add('NAV is not positive');
  if (book.highWaterMark < book.nav) problems.add('the high-water mark is below NAV');
}
