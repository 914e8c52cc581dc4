import type { RebalanceEvent } from '../../adapters/chain/port.ts';
import type { ObjectStore } from '../../adapters/object-store/port.ts';
import type { PolicyRuntime } from '../../adapters/policy-runtime/port.ts';
import type { Decision } from '../../domain/lineage/decision.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import { loadDecision, recomputeDecision } from '../../functions/artifacts/decision.ts';
import type { Link } from './artifact.ts';
import { eventOf, type GenuineLedger, type MinedRebalance } from './ledger.ts';

/** What the ledger settled in the epoch before; null: it was the first. */
export async function settledBefore(
  { epoch }: RebalanceEvent,
  mined: MinedRebalance,
  ledger: GenuineLedger,
): Promise<RebalanceEvent | null> {
  const log = epoch > 1 ? await ledger.history.rebalanceOf(epoch - 1, mined.block) : null;
  return log && eventOf({ logs: [log] }, ledger);
}

/**
 * The book that a decision continues is that of the decision which the ledger settled before; decisions between the two that were never settled
 * are computed again. So each value rests on the one before it, back to the first epoch.
 */
export async function predecessorLink(
  { store, runtimes }: { store: ObjectStore; runtimes: readonly PolicyRuntime[] },
  strategy: string,
  decision: Decision,
  event: RebalanceEvent,
  before: RebalanceEvent | null,
): Promise<Link> {
  const exact = runtimes.find(({ name }) => name === 'exact');
  const wanted = before?.decisionHash ?? null;
  let hash = decision.previousDecision;
  let unsettled = 0;
  for (; hash !== null && hash !== wanted; unsettled++) {
    const ref: ArtifactRef = { kind: 'decisions', hash };
    const again = exact ? await recomputeDecision(store, exact, strategy, ref) : null;
    if (again && again.differences.length > 0) break;
    hash = (again?.stored ?? (await loadDecision(store, strategy, ref))).previousDecision;
  }
  const ok = hash === wanted && (event.epoch === 1 || before?.stateHash === event.previousStateHash);
  const between = unsettled === 0 ? '' : `, over ${unsettled} that were not settled, computed again`;
  const found = wanted === null ? `the first of this ledger${between}` : `that of epoch ${event.epoch - 1}${between}`;
  const detail = ok ? found : `is not the one of epoch ${event.epoch - 1} on the chain`;
  return { link: 'decision before', path: `decisions/${decision.previousDecision ?? '-'}`, hash: wanted, ok, detail };
}
