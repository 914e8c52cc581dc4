import { createPostgresLedger } from '../../adapters/ledger/postgres.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import { settleStage } from '../../functions/settle/settle.ts';
import type { Suite } from './result.ts';
import { Tally } from './result.ts';
import { audit, startChaosWorld } from './world.ts';

const EXECUTORS = 16;

/** Sixteen executors, each with its own database connection and view of the chain, settle one decision at once. */
export const settleRace: Suite = async ({ times, seed, goOn = () => true }) => {
  const started = performance.now();
  const chaos = await startChaosWorld();
  const { connectionString, world } = chaos;
  const executors = Array.from({ length: EXECUTORS }, () => ({
    ledger: connectionString ? createPostgresLedger({ connectionString, maxConnections: 1 }) : chaos.ledger,
    chain: chaos.chain({ onPoll: () => chaos.mine(2) }),
  }));
  const tally = new Tally();
  const decided: ArtifactRef[] = [];
  try {
    for (let run = 0; run < times; run++) {
      const ref = await chaos.decide();
      decided.push(ref);
      const input = settleStage.input.parse(world.event(ref));
      const outcomes = await Promise.allSettled(executors.map((ports) => settleStage.run(input, chaos.ports(ports))));
      const transactions = new Set(
        outcomes.map((outcome) => outcome.status === 'fulfilled' && outcome.value.transaction),
      );
      tally.add('losersWithError', outcomes.filter(({ status }) => status === 'rejected').length);
      transactions.delete(false);
      if (transactions.size > 1) tally.add('duplicates', 1, `answers with ${transactions.size} transactions`);
      const final = await settleStage.run(input, chaos.ports(executors[0]));
      tally.add('settled', final.status === 'finalized' ? 1 : 0);
      if (!goOn(run + 1)) break;
    }
    await audit(chaos, decided, tally);
  } finally {
    if (connectionString) await Promise.all(executors.map(({ ledger }) => ledger.close()));
    await chaos.close();
  }
  return {
    ...{ suite: 'settle-race', seed, times: decided.length, seconds: Math.round((performance.now() - started) / 1000) },
    ...{ ledger: chaos.ledgerName, figures: { executors: EXECUTORS, ...tally.figures }, seen: tally.seen },
  };
};
