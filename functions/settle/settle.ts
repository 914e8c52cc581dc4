import { z } from 'zod';
import type { SettlementRow } from '../../adapters/ledger/port.ts';
import { getArtifactJson } from '../../adapters/object-store/port.ts';
import { ProductError, refused } from '../../domain/errors.ts';
import { type Decision, decisionSchema } from '../../domain/lineage/decision.ts';
import { type ArtifactRef, artifactRefSchema } from '../../domain/lineage/manifest.ts';
import { putSettlement } from '../artifacts/settlement.ts';
import { runSchema, type settleOutput } from '../contracts.ts';
import { defineStage } from '../middleware/stage.ts';
import type { Ports } from '../ports.ts';
import { attemptsOf, receiptOf } from './attempts.ts';
import { type Followed, follow } from './follow.ts';
import { signAndRecord } from './sign.ts';

const input = runSchema.extend({ decide: z.object({ decision: artifactRefSchema }) });
type SettlePorts = Pick<Ports, 'settings' | 'store' | 'ledger' | 'chain' | 'alerts'>;
type SettleOutput = z.infer<typeof settleOutput>;

/** How far back lost blocks are looked for. */
const RECENT_DECISIONS = 64;

/**
 * A decision becomes one transaction: signed, recorded, stored, and only then sent. Run again, whatever happened in between, it
 * finishes what it finds: what is recorded is sent again, or replaced at its nonce, so that it is mined once.
 */
export const settleStage = defineStage({
  name: 'settle',
  input,
  needs: ['settings', 'store', 'ledger', 'chain', 'alerts'],
  isFinal: (output) => output.status === 'finalized',
  async run({ strategy, decide }, ports): Promise<SettleOutput> {
    const { chain, ledger, store } = ports;
    const contract = await chain.contract();
    if (contract === null) return notInitialised(chain.chainId);
    const decision = await readDecision(strategy, decide.decision, ports);
    const decisionHash = decide.decision.hash;
    let row = await ledger.settlement(strategy, decisionHash);
    if (!row) {
      await finishEarlier(strategy, ports);
      await resendLost(strategy, ports);
      row = await signAndRecord(decision, decisionHash, ports);
    }
    requireSameChain(row, chain.chainId);
    const signed = await putSettlement(store, row, contract, decision.date, null);
    const followed = await follow(row, ports);
    const receipt = followed.status === 'finalized' ? followed.receipt : null;
    const changed = receipt !== null || followed.row.transaction !== row.transaction;
    const settlement = changed ? await putSettlement(store, followed.row, contract, decision.date, receipt) : signed;
    return outputOf(contract, followed, settlement);
  },
});

const notInitialised = (chainId: number): SettleOutput => ({
  status: 'notInitialised',
  transaction: null,
  epoch: null,
  gasUsed: null,
  contract: null,
  chainId,
  settlement: null,
});

const outputOf = (contract: string, { status, receipt, row }: Followed, settlement: ArtifactRef): SettleOutput => ({
  status,
  transaction: row.transaction,
  epoch: row.epoch,
  gasUsed: receipt?.gasUsed ?? null,
  contract,
  chainId: row.chainId,
  settlement,
});

async function readDecision(strategy: string, ref: ArtifactRef, { store }: Pick<Ports, 'store'>): Promise<Decision> {
  const decision = decisionSchema.parse(await getArtifactJson(store, strategy, ref, 'decision.json'));
  if (decision.strategy !== strategy) {
    throw refused('SETTLE_STRATEGY', 'The decision is of another strategy', {
      facts: { strategy, decisionStrategy: decision.strategy, decision: ref.hash },
    });
  }
  return decision;
}

function requireSameChain(row: SettlementRow, chainId: number): void {
  if (row.chainId === chainId) return;
  throw refused('SETTLE_CHAIN', 'The decision was settled on another chain', {
    facts: { decision: row.decisionHash, transaction: row.transaction, settledOn: row.chainId, configured: chainId },
    remedy: 'Use a strategy or home of its own for each chain.',
  });
}

/**
 * An executor that starts anew first sends what a killed one had signed. What the chain refused is alerted and passed over; what is
 * not mined yet holds the epoch that the next order would take, so the next order waits.
 */
async function finishEarlier(strategy: string, ports: SettlePorts): Promise<void> {
  for (const row of await ports.ledger.unsettled(strategy)) {
    if (row.chainId !== ports.chain.chainId) continue;
    const followed = await follow(row, ports).catch((error: unknown) => {
      if (error instanceof ProductError && error.code === 'SETTLEMENT_REVERTED') return null;
      throw error;
    });
    if (followed && followed.receipt?.status !== 'success') throw pending(followed.row);
  }
}

/** A local chain that was cut off may have lost its last blocks, final ones too: their bytes are sent again, oldest first. */
async function resendLost(strategy: string, { chain, ledger }: SettlePorts): Promise<void> {
  const lost: SettlementRow[] = [];
  for (const { decisionHash } of await ledger.decisions(strategy, RECENT_DECISIONS)) {
    const row = await ledger.settlement(strategy, decisionHash);
    if (row?.status !== 'finalized' || row.chainId !== chain.chainId) continue;
    if (await receiptOf(await attemptsOf(row, { chain, ledger }), chain)) break;
    lost.push(row);
  }
  for (const row of lost.reverse()) {
    await chain.broadcast(row.raw);
    if (!(await chain.receipt(row.transaction))) throw pending(row);
  }
}

const pending = ({ transaction, epoch, nonce, decisionHash }: SettlementRow): ProductError =>
  new ProductError('SETTLEMENT_PENDING', 'An earlier settlement is not mined yet', {
    facts: { transaction, epoch, nonce, decision: decisionHash },
    remedy: 'It is sent. Run the day again when it is mined.',
  });
