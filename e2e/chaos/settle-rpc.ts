import { ProductError } from '../../domain/errors.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import { createRandom } from '../../domain/simulation/random.ts';
import { settleStage } from '../../functions/settle/settle.ts';
import { randomFaults, startFaultyRpc } from './faulty-rpc.ts';
import { type Suite, Tally } from './result.ts';
import { audit, startChaosWorld } from './world.ts';

/** Deeper than the deepest reorganisation of the proxy. */
const CONFIRMATIONS = 4;
const REPLACE_AFTER_SECONDS = 6;
const FAULTS_AT_MOST = 8;
/** Times that the stage is run while the network is faulty, and then at most until the order is final. */
const FAULTY_ROUNDS = 3;
const CLEAN_ROUNDS = 12;
const RPC = { timeoutMs: 40, retries: 1, backoffMs: 2 };

/** Generated sequences of faults between the executor and its node: each decision ends settled once, or alerted. */
export const settleRpc: Suite = async ({ times, seed, goOn = () => true }) => {
  const started = performance.now();
  const finality = { tag: 'finalized' as const, confirmations: CONFIRMATIONS, pollSeconds: 0, maxPolls: 1 };
  const chaos = await startChaosWorld({ finality, replaceAfterSeconds: REPLACE_AFTER_SECONDS });
  const proxy = await startFaultyRpc(chaos.world.fixture.local.rpcUrl);
  const random = createRandom(seed);
  const tally = new Tally();
  for (const name of ['falseFinals', 'notTyped', 'unsettled']) tally.add(name, 0);
  const decided: ArtifactRef[] = [];
  const { mine } = chaos;

  /** One run of the stage by a new process's view of the chain. True when it says final. */
  const settle = async (ref: ArtifactRef, rpc: typeof RPC | undefined): Promise<boolean> => {
    const chain = chaos.chain({ rpcUrl: rpc ? proxy.url : undefined, rpc });
    try {
      const output = await settleStage.run(settleStage.input.parse(chaos.world.event(ref)), chaos.ports({ chain }));
      if (output.status !== 'finalized') return false;
      if (!(await isDeep(String(output.transaction)))) tally.add('falseFinals', 1, `decision ${ref.hash}`);
      return true;
    } catch (error) {
      if (error instanceof ProductError) tally.add(`error ${error.code}`);
      else tally.add('notTyped', 1, error instanceof Error ? String(error.stack).slice(0, 600) : String(error));
      return false;
    }
  };
  const isDeep = async (transaction: string): Promise<boolean> => {
    const receipt = await chaos.rpc.send<{ blockNumber: string } | null>('eth_getTransactionReceipt', [transaction]);
    const head = Number(await chaos.rpc.send<string>('eth_blockNumber', []));
    return receipt !== null && head - Number(receipt.blockNumber) >= CONFIRMATIONS;
  };

  try {
    await chaos.rpc.send('evm_setAutomine', [false]);
    await mine(8);
    for (let run = 0; run < times; run++) {
      const ref = await chaos.decide();
      decided.push(ref);
      proxy.plan(randomFaults(random, 1 + random.integer(FAULTS_AT_MOST)));
      let final = false;
      for (let round = 0; round < FAULTY_ROUNDS && !final; round++) {
        final = await settle(ref, RPC);
        await mine(1 + random.integer(3));
      }
      proxy.plan([]);
      for (let round = 0; round < CLEAN_ROUNDS && !final; round++) {
        final = await settle(ref, undefined);
        if (!final) await mine(CONFIRMATIONS + 1);
      }
      if (final) tally.add('settled');
      else if (chaos.world.alerts.some(({ message }) => message.includes(ref.hash))) tally.add('alerted');
      else tally.add('unsettled', 1, `decision ${ref.hash}, run ${run}`);
      if (!goOn(run + 1)) break;
    }
    await audit(chaos, decided, tally);
  } finally {
    await proxy.close();
    await chaos.close();
  }
  const errors = Object.fromEntries(Object.entries(tally.figures).filter(([name]) => name.startsWith('error ')));
  const figures = Object.fromEntries(Object.entries(tally.figures).filter(([name]) => !name.startsWith('error ')));
  return {
    ...{ suite: 'settle-rpc', seed, times: decided.length, seconds: Math.round((performance.now() - started) / 1000) },
    ...{ ledger: chaos.ledgerName, figures: { ...figures, faults: proxy.met, errors }, seen: tally.seen },
  };
};
