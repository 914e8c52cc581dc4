import { z } from 'zod';
import type { ChainReceipt } from '../../adapters/chain/port.ts';
import { getArtifactJson, putArtifact } from '../../adapters/object-store/port.ts';
import { canonicalJson } from '../../domain/lineage/canonical.ts';
import { decisionSchema } from '../../domain/lineage/decision.ts';
import { type ArtifactRef, artifactRefSchema } from '../../domain/lineage/manifest.ts';
import { decodeRebalance } from '../artifacts/settlement.ts';
import { runSchema, settleOutput } from '../contracts.ts';
import { defineStage } from '../middleware/stage.ts';
import type { Ports } from '../ports.ts';
import { type Check, compare, type Evidence } from './compare.ts';

const input = runSchema.extend({ decide: z.object({ decision: artifactRefSchema }), settle: settleOutput });
type ReconcileInput = z.infer<typeof input>;
type ReconcilePorts = Pick<Ports, 'settings' | 'store' | 'ledger' | 'chain' | 'alerts'>;

/** Intent = chain = ledger, asset by asset and hash by hash; every difference in plain words, and an alert when there is one. */
export const reconcileStage = defineStage({
  name: 'reconcile',
  input,
  needs: ['settings', 'store', 'ledger', 'chain', 'alerts'],
  isFinal: (output) => output.differences.length === 0,
  async run(event, ports) {
    const { checks, differences } =
      event.settle.status === 'notInitialised' ? notSettled(event.settle.chainId) : compare(await gather(event, ports));
    const reconciliation = await write(event, checks, differences, ports);
    if (differences.length > 0 && event.settle.status !== 'notInitialised') await alert(event, differences, ports);
    return { reconciliation, differences };
  },
});

const notSettled = (chainId: number): { checks: Check[]; differences: string[] } => ({
  checks: [],
  differences: [`not settled: chain ${chainId} has no ledger of this strategy yet (drl chain init)`],
});

async function gather(
  { strategy, decide }: ReconcileInput,
  { store, ledger, chain }: ReconcilePorts,
): Promise<Evidence> {
  const decisionHash = decide.decision.hash;
  const [decision, row, state] = await Promise.all([
    getArtifactJson(store, strategy, decide.decision, 'decision.json').then((value) => decisionSchema.parse(value)),
    ledger.settlement(strategy, decisionHash),
    chain.state(),
  ]);
  const [receipt, onChain] = row
    ? await Promise.all([chain.receipt(row.transaction), chain.rebalanceEvent(row.transaction)])
    : [null, null];
  return {
    decisionHash,
    decision,
    row,
    rebalance: row && decodeRebalance(row.rebalance),
    storedReceipt: row?.receipt ? (JSON.parse(row.receipt) as ChainReceipt) : null,
    receipt,
    event: onChain,
    state,
  };
}

function write(
  { strategy, date, decide, settle }: ReconcileInput,
  checks: Check[],
  differences: string[],
  { store }: ReconcilePorts,
): Promise<ArtifactRef> {
  const { transaction, epoch, status, chainId, contract } = settle;
  const document = {
    schema: 1,
    date,
    decision: decide.decision.hash,
    transaction,
    epoch,
    status,
    chainId,
    contract,
    checks,
    differences,
  };
  return putArtifact(store, strategy, {
    kind: 'reconciliations',
    files: { 'reconciliation.json': new TextEncoder().encode(canonicalJson(document)) },
    inputs: { decision: decide.decision, ...(settle.settlement ? { settlement: settle.settlement } : {}) },
    facts: { date, transaction, differences: differences.length },
  });
}

const alert = (
  { date, decide }: ReconcileInput,
  differences: string[],
  { alerts, settings }: ReconcilePorts,
): Promise<void> =>
  alerts.raise({
    id: `mismatch-${date}-${decide.decision.hash}`,
    condition: 'mismatch',
    severity: 'critical',
    message: `Intent, chain and ledger differ on ${date}: ${differences.join('; ')}`,
    runbook: `${settings.config.alerts.runbook}#mismatch`,
  });
