import { formatEther } from 'ethers';
import type { ChainReceipt } from '../../adapters/chain/port.ts';
import { createPgliteLedger } from '../../adapters/ledger/pglite.ts';
import type { Ledger } from '../../adapters/ledger/port.ts';
import { compareHistory, type HistoryComparison } from '../../functions/reconcile/history.ts';
import { openChainForReading } from '../chain/open.ts';
import { existingHome, lockHome } from '../home.ts';
import { readSettings } from '../settings.ts';
import { table } from '../table.ts';
import { type CommonOptions, printJson } from './args.ts';

const REFUSED = 3;

interface Settled {
  epoch: number;
  nonce: number;
  status: string;
  transaction: string;
  decision: string;
  blockNumber: number | null;
  gasUsed: number | null;
  feeWei: string | null;
}

/** The settlements as the ledger has them, receipts and all, then held against what the chain says: 3 when the two tell different histories. */
export async function chainHistory(options: CommonOptions): Promise<number> {
  const home = existingHome(options.home);
  const settings = readSettings(options, home);
  const { strategy } = settings.config;
  const lock = lockHome(home, 'chain history');
  const ledger = await createPgliteLedger(home.ledger);
  try {
    const settlements = await readSettled(ledger, strategy);
    const opened = await openChainForReading({ home, settings, rpcUrl: null });
    const compared = opened && (await compareHistory(strategy, { ledger, chain: opened.chain }).finally(opened.close));
    const differences = compared?.differences ?? [];
    if (options.json) printJson({ ok: differences.length === 0, history: settlements, ...compared, differences });
    else print(settlements, compared);
    return differences.length === 0 ? 0 : REFUSED;
  } finally {
    await ledger.close();
    lock.release();
  }
}

/** Oldest first, without asking any node. */
async function readSettled(ledger: Ledger, strategy: string): Promise<Settled[]> {
  const rows = await ledger.settlements(strategy);
  return rows.map(({ epoch, nonce, status, transaction, decisionHash: decision, receipt }) => {
    const read = receipt === null ? null : (JSON.parse(receipt) as ChainReceipt);
    const price = read?.effectiveGasPriceWei;
    return {
      ...{ epoch, nonce, status, transaction, decision },
      blockNumber: read?.blockNumber ?? null,
      gasUsed: read?.gasUsed ?? null,
      feeWei: read && price !== undefined ? String(BigInt(read.gasUsed) * BigInt(price)) : null,
    };
  });
}

function print(settlements: readonly Settled[], compared: HistoryComparison | null): void {
  console.log(
    table(
      ['status', 'transaction', 'epoch', 'nonce', 'block', 'gas', 'fee ETH'],
      settlements.map(({ epoch, nonce, status, transaction, blockNumber, gasUsed, feeWei }) => [
        ...[status, transaction, String(epoch), String(nonce), String(blockNumber ?? '-'), String(gasUsed ?? '-')],
        feeWei === null ? '-' : formatEther(feeWei),
      ]),
      2,
    ),
  );
  for (const difference of compared?.differences ?? []) console.log(`DIFFERS  ${difference}`);
  console.log(`\n${verdict(compared)}`);
}

function verdict(compared: HistoryComparison | null): string {
  if (!compared) return 'not compared with a chain: this home has no ledger on one (drl chain init)';
  const told = compared.differences.length === 0 ? 'both tell the same history' : 'they tell different histories';
  return `${compared.settlements} settlements in the ledger, ${compared.ordersOnChain} orders on the chain: ${told}`;
}
