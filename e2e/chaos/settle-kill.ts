import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { ProductError } from '../../domain/errors.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import { createRandom } from '../../domain/simulation/random.ts';
import { settleStage } from '../../functions/settle/settle.ts';
import type { ExecutorJob } from './executor.ts';
import { type Suite, Tally } from './result.ts';
import { audit, type ChaosWorld, startChaosWorld } from './world.ts';

/** Share of the killed executors whose successor is killed as well. */
const KILLED_AGAIN = 0.25;

/** SIGKILL of a real executor process, before and after every call that it makes; run again, the decision is settled once. */
export const settleKill: Suite = async ({ times, seed, goOn = () => true }) => {
  const started = performance.now();
  const chaos = await startChaosWorld();
  const tally = new Tally();
  const random = createRandom(seed);
  const decided: ArtifactRef[] = [];
  const chain = chaos.chain({ onPoll: () => chaos.mine(2) });
  try {
    const executor = await bundled(chaos);
    const die = async (ref: ArtifactRef, step: number): Promise<boolean> => {
      const killed = await executor(ref, { call: 1 + (step >> 1), when: step % 2 === 0 ? 'before' : 'after' });
      if (killed) tally.add('killed');
      return killed;
    };
    let done = 0;
    for (let step = 0; done < times; step++) {
      const ref = await chaos.decide();
      decided.push(ref);
      if (!(await die(ref, step))) {
        tally.figures['steps'] = step; // one settlement has so many: from the first one again
        step = -1;
      } else {
        done += 1;
        // The executor that finishes what it finds may be killed too.
        if (done < times && random.uniform() < KILLED_AGAIN && (await die(ref, random.integer(step + 1)))) done += 1;
      }
      const output = await settleStage.run(settleStage.input.parse(chaos.world.event(ref)), chaos.ports({ chain }));
      tally.add(output.status === 'finalized' ? 'settled' : 'unsettled');
      if (!goOn(done)) break;
    }
    await audit(chaos, decided, tally);
  } finally {
    await chaos.close();
  }
  return {
    ...{
      suite: 'settle-kill',
      seed,
      times: tally.figures['killed'] ?? 0,
      seconds: Math.round((performance.now() - started) / 1000),
    },
    ...{ ledger: chaos.ledgerName, figures: { decisions: decided.length, ...tally.figures }, seen: tally.seen },
  };
};

/** The executor as one file, so that a thousand of them start fast. Answers whether the process was killed. */
async function bundled(chaos: ChaosWorld) {
  const { connectionString, settings, world } = chaos;
  if (connectionString === null)
    throw new ProductError('CHAOS_NO_POSTGRES', 'A process that is killed needs a database that is not', {
      remedy: 'Install the postgresql package. On PGlite: npm run test:slow -- functions/settle/settle-killed',
    });
  const file = join(world.fixture.home, 'executor.mjs');
  await build({
    ...{ entryPoints: [fileURLToPath(new URL('./executor.ts', import.meta.url))], outfile: file, bundle: true },
    ...{ platform: 'node', format: 'esm', target: 'node24', logLevel: 'warning', external: ['pg-native'] },
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  return async (ref: ArtifactRef, kill: ExecutorJob['kill']): Promise<boolean> => {
    const job: ExecutorJob = {
      ...{ rpcUrl: world.fixture.local.rpcUrl, connectionString, settings, kill, event: world.event(ref) },
      ...{ store: join(world.fixture.home, 'store'), deployment: world.ledger.deployment },
    };
    const child = spawn(process.execPath, [file, JSON.stringify(job)], { stdio: ['ignore', 'inherit', 'inherit'] });
    const [code, signal] = await once(child, 'exit');
    if (signal === null && code !== 0) throw new Error(`the executor ended with ${code}`);
    return signal === 'SIGKILL';
  };
}
