import { STRATEGY } from '../../contracts/test/fixture.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import { createRandom } from '../../domain/simulation/random.ts';
import { settleStage } from '../../functions/settle/settle.ts';
import { type Suite, Tally } from './result.ts';
import { audit, startChaosWorld } from './world.ts';

const DEEPEST = 32;
/** One more than the deepest reorganisation: nothing that is final by this rule is taken away. */
const CONFIRMATIONS = DEEPEST + 1;
const BLOCKS_TO_SETTLE_AGAIN = 2;

/**
 * Reorganisations of depth 1 to 32, up to three of them on one settlement, that take its transaction away or move it to another
 * block: never final before the rule says so, and mined again within two blocks.
 */
export const settleReorg: Suite = async ({ times, seed, goOn = () => true }) => {
  const started = performance.now();
  const finality = { tag: 'finalized' as const, confirmations: CONFIRMATIONS, pollSeconds: 0, maxPolls: 1 };
  const chaos = await startChaosWorld({ finality });
  const { rpc, world } = chaos;
  const random = createRandom(seed);
  const tally = new Tally();
  let done = 0;
  const decided: ArtifactRef[] = [];
  const chain = chaos.chain();
  const { mine } = chaos;
  const headNumber = async () => Number(await rpc.send<string>('eth_blockNumber', []));

  const settle = async (ref: ArtifactRef) => {
    const output = await settleStage.run(settleStage.input.parse(world.event(ref)), chaos.ports({ chain }));
    if (output.status === 'finalized') {
      const receipt = await rpc.send<{ blockNumber: string } | null>('eth_getTransactionReceipt', [output.transaction]);
      const depth = receipt ? (await headNumber()) - Number(receipt.blockNumber) : -1;
      if (depth < CONFIRMATIONS) tally.add('falseFinals', 1, `depth ${depth}`);
    }
    return output;
  };

  /** Take the transaction away, or move it within the new blocks. */
  const reorganise = async (ref: ArtifactRef, depth: number): Promise<void> => {
    const row = await chaos.ledger.settlement(STRATEGY, ref.hash);
    const moved = random.uniform() < 0.25 && row;
    await rpc.send('anvil_reorg', [depth, moved ? [[row.raw, random.integer(depth)]] : []]);
    tally.add(moved ? 'moved' : 'takenAway');
    for (let blocks = 0; ; blocks++) {
      if ((await settle(ref)).status !== 'submitted') return;
      if (blocks === BLOCKS_TO_SETTLE_AGAIN) return tally.add('slowAgain', 1, `decision ${ref.hash}`);
      await mine(1);
    }
  };

  try {
    await rpc.send('evm_setAutomine', [false]);
    for (const name of ['falseFinals', 'slowAgain']) tally.add(name, 0);
    while (done < times && goOn(done)) {
      const ref = await chaos.decide();
      decided.push(ref);
      await settle(ref);
      await mine(1);
      for (let more = 1 + random.integer(3); more > 0 && done < times; more--, done++) {
        const depth = 1 + (done % DEEPEST);
        await mine(random.integer(depth)); // so that the transaction lies within the depth
        if ((await settle(ref)).status === 'finalized') break; // deeper by now than any reorganisation
        const row = await chaos.ledger.settlement(STRATEGY, ref.hash);
        const at = row?.receipt ? (JSON.parse(row.receipt) as { blockNumber: number }).blockNumber : await headNumber();
        await reorganise(ref, Math.max(depth, Math.min(DEEPEST, (await headNumber()) - at + 1)));
      }
      await mine(CONFIRMATIONS + 1);
      if ((await settle(ref)).status !== 'finalized') tally.add('unsettled', 1, `decision ${ref.hash}`);
    }
    await audit(chaos, decided, tally);
  } finally {
    await chaos.close();
  }
  return {
    ...{ suite: 'settle-reorg', seed, times: done, seconds: Math.round((performance.now() - started) / 1000) },
    ...{ ledger: chaos.ledgerName, figures: { decisions: decided.length, ...tally.figures }, seen: tally.seen },
  };
};
