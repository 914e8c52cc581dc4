import type { ChainReceipt, RebalanceLog } from '../../adapters/chain/port.ts';
import type { SettlementRow } from '../../adapters/ledger/port.ts';
import type { Ports } from '../ports.ts';

/** The settlements of the ledger and the orders of the chain, held against each other. */
export interface HistoryComparison {
  settlements: number;
  ordersOnChain: number;
  /** In plain words; none: both tell the same history. */
  differences: string[];
}

type Told = Pick<RebalanceLog, 'blockNumber' | 'blockHash'> & { said: Set<string> };

const wordsOf = ({ topics, data }: Pick<RebalanceLog, 'topics' | 'data'>): string => [...topics, data].join(' ');

/**
 * The whole history of a strategy: every final settlement of the ledger is on the chain, in the same block and with the same event, and
 * every order that the chain took is a settlement of the ledger. What is not final yet has no say, nor what went to a contract that the present
 * one replaced.
 */
export async function compareHistory(
  strategy: string,
  { ledger, chain }: Pick<Ports, 'ledger' | 'chain'>,
): Promise<HistoryComparison> {
  // The chain first: an order that is taken in between is in the ledger by then.
  const orders = await chain.rebalances();
  const contract = await chain.contract();
  const settlements = (await ledger.settlements(strategy)).filter(
    ({ chainId, raw }) => chainId === chain.chainId && chain.readTransaction(raw).to === contract,
  );
  const known = new Map(settlements.map((row) => [row.transaction, row]));
  const onChain = new Map(orders.map((order) => [order.transaction, order]));
  const differences = [
    ...settlements.flatMap((row) => differencesOf(row, onChain.get(row.transaction))),
    ...orders
      .filter(({ transaction }) => !known.has(transaction))
      .map(
        ({ transaction, blockNumber }) =>
          `the chain took an order that the ledger does not have: ${transaction}, block ${blockNumber}`,
      ),
  ];
  return { settlements: settlements.length, ordersOnChain: orders.length, differences };
}

function differencesOf(row: SettlementRow, order: RebalanceLog | undefined): string[] {
  const { status, transaction, epoch } = row;
  if (status === 'failed')
    return order ? [`epoch ${epoch}: the ledger calls ${transaction} failed, and the chain took its order`] : [];
  if (status !== 'finalized') return [];
  const told = toldBy(row);
  if (!told) return [`epoch ${epoch}: the ledger calls ${transaction} final and has no receipt of it`];
  if (!order) return [`epoch ${epoch}: the chain has no order of ${transaction}, which the ledger calls final`];
  return [
    ...(told.blockHash === order.blockHash
      ? []
      : [
          `epoch ${epoch}: the ledger has ${transaction} in block ${told.blockNumber} (${told.blockHash}), the chain in ${order.blockNumber} (${order.blockHash})`,
        ]),
    ...(told.said.has(wordsOf(order))
      ? []
      : [`epoch ${epoch}: the event of ${transaction} is not the one in the ledger`]),
  ];
}

function toldBy({ receipt }: SettlementRow): Told | null {
  if (receipt === null) return null;
  const { blockNumber, blockHash, logs } = JSON.parse(receipt) as ChainReceipt;
  return { blockNumber, blockHash, said: new Set(logs.map(wordsOf)) };
}
