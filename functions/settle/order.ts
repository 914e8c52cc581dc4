import type { NavAttestation, PortfolioState, RebalanceOrder } from '../../adapters/chain/port.ts';
import { type Decision, ledgerWeights } from '../../domain/lineage/decision.ts';
import { dayOfIso } from '../../domain/market/days.ts';
import { navE18 } from '../artifacts/settlement.ts';

/** The order that carries out a decision on a ledger in a given state, and the value to attest with it. */
export function orderOf(
  decision: Decision,
  decisionHash: string,
  state: PortfolioState,
  deadline: number,
): { order: RebalanceOrder; attestation: NavAttestation } {
  const { strategy, date } = decision;
  const head = { strategy, epoch: state.epoch + 1, pricesEpoch: dayOfIso(date) };
  return {
    order: {
      ...head,
      previousStateHash: state.stateHash,
      weightsBps: ledgerWeights(decision),
      modelHash: decision.champion.modelHash,
      decisionHash,
      datasetHash: decision.dataset.hash,
      deadline,
    },
    attestation: { ...head, navE18: navE18(decision.book.nav) },
  };
}
