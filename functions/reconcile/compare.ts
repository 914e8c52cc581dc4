import type { ChainReceipt, PortfolioState, RebalanceEvent, SignedRebalance } from '../../adapters/chain/port.ts';
import type { SettlementRow } from '../../adapters/ledger/port.ts';
import { type Decision, ledgerWeights } from '../../domain/lineage/decision.ts';
import { navE18 } from '../artifacts/settlement.ts';

/** Everything that three parties say about one decision. null: they say nothing. */
export interface Evidence {
  decisionHash: string;
  decision: Decision;
  row: SettlementRow | null;
  rebalance: SignedRebalance | null;
  /** As the ledger stored it. */
  storedReceipt: ChainReceipt | null;
  receipt: ChainReceipt | null;
  event: RebalanceEvent | null;
  state: PortfolioState;
}

/** One line of the comparison: what was meant, what the chain has, what the ledger has. null: that party has no say. */
export interface Check {
  check: string;
  intent: string | null;
  chain: string | null;
  ledger: string | null;
  ok: boolean;
}

const same = (check: string, intent: string | null, chain: string | null, ledger: string | null): Check => {
  const said = [intent, chain, ledger].filter((value) => value !== null);
  return { check, intent, chain, ledger, ok: said.every((value) => value === said[0]) };
};

/** Compare intent (the decision), chain (receipt, event, state) and ledger. `missing` first: without a row or an event there is nothing to compare. */
export function compare(evidence: Evidence): { checks: Check[]; differences: string[] } {
  const missing = whatIsMissing(evidence);
  if (missing.length > 0) return { checks: [], differences: missing };
  const checks = [
    ...transactionChecks(evidence),
    ...orderChecks(evidence),
    ...weightChecks(evidence),
    ...stateChecks(evidence),
  ];
  return { checks, differences: checks.filter(({ ok }) => !ok).map(inWords) };
}

function whatIsMissing({ row, receipt, event, decisionHash }: Evidence): string[] {
  if (!row) return [`the ledger has no settlement of decision ${decisionHash}`];
  if (!receipt) return [`the chain does not have transaction ${row.transaction}, which the ledger calls ${row.status}`];
  if (receipt.status === 'reverted')
    return [`transaction ${row.transaction} was mined and reverted: the order is not in force`];
  if (!event) return [`transaction ${row.transaction} holds no rebalance of this ledger`];
  return [];
}

function transactionChecks({ row, receipt, storedReceipt }: Evidence): Check[] {
  return [
    same('transaction', null, receipt?.transaction ?? null, row?.transaction ?? null),
    same('status', 'finalized', receipt?.finality ?? null, row?.status ?? 'none'),
    same('event logs of the receipt', null, logsOf(receipt), logsOf(storedReceipt)),
  ];
}

const logsOf = (receipt: ChainReceipt | null): string =>
  receipt ? receipt.logs.map(({ address, topics, data }) => [address, ...topics, data].join(' ')).join('; ') : 'none';

function orderChecks({ decision, decisionHash, event, rebalance, row }: Evidence): Check[] {
  const order = rebalance?.order;
  return [
    same('decision hash', decisionHash, event?.decisionHash ?? null, order?.decisionHash ?? null),
    same('model hash', decision.champion.modelHash, event?.modelHash ?? null, order?.modelHash ?? null),
    same('dataset hash', decision.dataset.hash, event?.datasetHash ?? null, order?.datasetHash ?? null),
    same(
      'NAV (1e-18)',
      String(navE18(decision.book.nav)),
      String(event?.navE18),
      String(rebalance?.attestation.navE18),
    ),
    same('epoch', null, String(event?.epoch), String(row?.epoch)),
    same('previous state', null, event?.previousStateHash ?? null, order?.previousStateHash ?? null),
  ];
}

/** Every asset that any of the three names; one that is left out has weight 0. */
function weightChecks({ decision, event, rebalance }: Evidence): Check[] {
  const intent = ledgerWeights(decision);
  const ledger = rebalance?.order.weightsBps ?? {};
  const symbols = new Set([...Object.keys(intent), ...Object.keys(event?.weightsBps ?? {}), ...Object.keys(ledger)]);
  const of = (weights: Record<string, number>, symbol: string) => String(weights[symbol] ?? 0);
  return [...symbols]
    .sort()
    .map((symbol) =>
      same(`weight of ${symbol} (bps)`, of(intent, symbol), of(event?.weightsBps ?? {}, symbol), of(ledger, symbol)),
    );
}

/** The contract itself must stand where the event left it, unless a later order has moved it on. */
function stateChecks({ event, state }: Evidence): Check[] {
  if (!event || state.epoch > event.epoch) return [];
  return [
    same('state of the contract', event.stateHash, state.stateHash, null),
    same('epoch of the contract', String(event.epoch), String(state.epoch), null),
  ];
}

function inWords({ check, intent, chain, ledger }: Check): string {
  const said = [
    intent === null ? [] : [`intended ${shorten(intent)}`],
    chain === null ? [] : [`the chain has ${shorten(chain)}`],
    ledger === null ? [] : [`the ledger has ${shorten(ledger)}`],
  ];
  return `${check}: ${said.flat().join(', ')}`;
}

const shorten = (value: string): string => (value.length > 80 ? `${value.slice(0, 77)}...` : value);
