import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createPgliteLedger } from '../../adapters/ledger/pglite.ts';
import { STRATEGY } from '../../contracts/test/fixture.ts';
import { startWorld, type World } from '../../contracts/test/settlement-world.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import { settleStage } from './settle.ts';

/** Calls of the stage, in the order in which a clean run makes them; the process is killed as it makes one. */
const STEPS = [
  'signRebalance',
  'signTransaction',
  'recordSigned',
  'put',
  'recordAttempt',
  'broadcast',
  'updateSettlement',
  'receipt',
] as const;

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

test.each(STEPS.flatMap((step) => [[step, 'before'] as const, [step, 'after'] as const]))(
  'killed (SIGKILL) at %s, %s the call took effect: run again, there is one transaction',
  async (step, when) => {
    const folder = join(world.fixture.home, `ledger-${step}-${when}`);
    const { ref } = await world.decide({ A000: 1000 + STEPS.indexOf(step) * 10 });
    const [{ nextNonce }, { epoch }] = [await world.chain.relayer(), await world.chain.state()];
    await run(folder, ref, step, when);
    const ledger = await createPgliteLedger(folder);
    const recorded = await ledger.settlement(STRATEGY, ref.hash);
    const output = await settleStage.run(settleStage.input.parse(world.event(ref)), { ...world.ports, ledger });
    await ledger.close();
    expect(output).toMatchObject({ status: 'finalized', epoch: epoch + 1 });
    if (recorded) expect(output.transaction).toBe(recorded.transaction);
    expect((await world.chain.relayer()).nextNonce).toBe(nextNonce + 1);
    expect((await world.chain.state()).epoch).toBe(epoch + 1);
  },
);

/** Settle in a process of its own, which kills itself at the step. */
async function run(folder: string, ref: ArtifactRef, step: string, when: string): Promise<void> {
  const module = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
  const { fixture, ledger } = world;
  const script = `
    const { settleStage } = await import(${module('./settle.ts')});
    const { createPgliteLedger } = await import(${module('../../adapters/ledger/pglite.ts')});
    const { FilesystemObjectStore } = await import(${module('../../adapters/object-store/filesystem.ts')});
    const { createEvmChain } = await import(${module('../../adapters/chain/evm.ts')});
    const { createRpc } = await import(${module('../../adapters/chain/rpc.ts')});
    const { testSigners } = await import(${module('../../contracts/test/fixture.ts')});
    const settings = ${JSON.stringify(world.settings)};
    const killing = (target) => new Proxy(target, { get: (own, name) => {
      const value = Reflect.get(own, name);
      if (typeof value !== 'function') return value;
      if (name !== ${JSON.stringify(step)}) return value.bind(own);
      return async (...args) => {
        if (${JSON.stringify(when)} === 'after') await value.apply(own, args);
        process.kill(process.pid, 'SIGKILL');
        await new Promise(() => {});
      };
    } });
    const rpcUrl = ${JSON.stringify(fixture.local.rpcUrl)};
    const rpc = createRpc(rpcUrl);
    const chain = createEvmChain({ rpcUrl, chainConfig: settings.config.chain, deployment: ${JSON.stringify(ledger.deployment)}, signers: testSigners(), onPoll: () => rpc.send('anvil_mine', ['0x2']) });
    await settleStage.run(settleStage.input.parse(${JSON.stringify(world.event(ref))}), {
      settings,
      store: killing(new FilesystemObjectStore(${JSON.stringify(join(fixture.home, 'store'))})),
      ledger: killing(await createPgliteLedger(${JSON.stringify(folder)})),
      chain: killing(chain),
      alerts: { raise: async () => {} },
    });`;
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
  const [, signal] = await once(child, 'exit');
  expect(signal).toBe('SIGKILL');
}
