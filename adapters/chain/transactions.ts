import { Signature, Transaction } from 'ethers';
import type { ChainConfig } from '../../config/schema.ts';
import { ProductError, refused } from '../../domain/errors.ts';
import type { Signer } from '../signer/port.ts';
import { isAlreadyKnown, isNonceUsed, isRevert, isUnfunded, nodeRefused, revertError } from './errors.ts';
import type { FeeBounds, SignedTransaction } from './port.ts';
import type { Rpc } from './rpc.ts';

const GWEI = 1_000_000_000n;
/** Tip where a node does not say one. */
const DEFAULT_TIP_WEI = GWEI;
/** Room over the estimate: the state may move between estimate and block. */
const gasWithRoom = (estimate: bigint): bigint => estimate + estimate / 4n + 10_000n;

export interface Call {
  to: string | null;
  data: string;
}

export interface RawReceipt {
  transactionHash: string;
  transactionIndex: string;
  blockNumber: string;
  blockHash: string;
  status: string;
  gasUsed: string;
  effectiveGasPrice: string;
  contractAddress: string | null;
  logs: { address: string; topics: string[]; data: string; logIndex: string }[];
}

const hex = (value: bigint | number): string => `0x${value.toString(16)}`;

/** The 65 bytes that the contract and ethers take. */
export async function signDigestHex(signer: Signer, digest: string): Promise<string> {
  const signature = await signer.signDigest(new Uint8Array(Buffer.from(digest.slice(2), 'hex')));
  return Signature.from(signature).serialized;
}

/** Build and sign an EIP-1559 transaction; nothing is broadcast. Refuses what would revert, cost too much, or cannot be paid. */
export async function buildTransaction(
  rpc: Rpc,
  config: Pick<ChainConfig, 'chainId' | 'maxFeePerGasWei'>,
  signer: Signer,
  call: Call,
  nonce: number,
  bounds: FeeBounds & { maxTransactionFeeWei?: bigint } = {},
): Promise<SignedTransaction> {
  const from = await signer.address();
  const gasLimit = gasWithRoom(await estimate(rpc, from, call));
  const fees = await feesWithin(rpc, ceilingOf(config, gasLimit, bounds.maxTransactionFeeWei), bounds.replaces);
  requireBudget(gasLimit * fees.maxFeePerGas, bounds.budgetWei);
  await requireBalance(rpc, from, gasLimit * fees.maxFeePerGas);
  const transaction = Transaction.from({
    type: 2,
    chainId: config.chainId,
    nonce,
    to: call.to,
    data: call.data,
    value: 0,
    gasLimit,
    ...fees,
  });
  transaction.signature = Signature.from(await signDigestHex(signer, transaction.unsignedHash));
  return describe(transaction);
}

/** What signed bytes say, and the contract that they call. */
export function readTransaction(raw: string): SignedTransaction & { to: string } {
  const transaction = Transaction.from(raw);
  return { ...describe(transaction), to: String(transaction.to) };
}

const describe = (transaction: Transaction): SignedTransaction => ({
  raw: transaction.serialized,
  hash: String(transaction.hash),
  nonce: transaction.nonce,
  gasLimit: String(transaction.gasLimit),
  maxFeePerGasWei: String(transaction.maxFeePerGas),
  maxPriorityFeePerGasWei: String(transaction.maxPriorityFeePerGas),
});

async function estimate(rpc: Rpc, from: string, { to, data }: Call): Promise<bigint> {
  try {
    return BigInt(await rpc.send<string>('eth_estimateGas', [{ from, ...(to === null ? {} : { to }), data }]));
  } catch (error) {
    if (isRevert(error)) throw revertError(error, { from, to });
    if (isUnfunded(error)) throw await unfunded(rpc, from, null, error);
    throw error;
  }
}

interface Ceiling {
  perGasWei: bigint;
  facts: Record<string, unknown>;
}

/** The lower of the ceiling for a unit of gas and the one for the whole transaction. */
function ceilingOf(config: Pick<ChainConfig, 'maxFeePerGasWei'>, gasLimit: bigint, transactionWei?: bigint): Ceiling {
  const perGas = BigInt(config.maxFeePerGasWei);
  const facts = { maxFeePerGasWei: config.maxFeePerGasWei };
  if (transactionWei === undefined) return { perGasWei: perGas, facts };
  const share = transactionWei / gasLimit;
  return {
    perGasWei: smaller(share, perGas),
    facts: { ...facts, maxTransactionFeeWei: String(transactionWei), gasLimit: String(gasLimit) },
  };
}

function requireBudget(feeWei: bigint, budgetWei: bigint | undefined): void {
  if (budgetWei === undefined || feeWei <= budgetWei) return;
  throw new ProductError('FEE_BUDGET', 'The fees of the day would go over the budget', {
    facts: { transactionFeeWei: String(feeWei), leftOfBudgetWei: String(budgetWei) },
    remedy:
      'Nothing was signed. Run the stage again on the next day (UTC), or raise chain.dailyFeeBudgetWei. See the runbook, feeBudget.',
  });
}

/** What nodes ask of a replacement, at least: an eighth more, rounded up. */
const bumped = (weiText: string): bigint => (BigInt(weiText) * 9n + 7n) / 8n;
const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const smaller = (a: bigint, b: bigint): bigint => (a > b ? b : a);

/** Twice the base fee and the tip, under the ceiling; a replacement no less than its bump. Nothing is signed where the ceiling is too low. */
async function feesWithin(
  rpc: Rpc,
  { perGasWei: ceiling, facts }: Ceiling,
  replaces: FeeBounds['replaces'],
): Promise<{ maxFeePerGas: bigint; maxPriorityFeePerGas: bigint }> {
  const [block, tip] = await Promise.all([
    rpc.send<{ baseFeePerGas?: string }>('eth_getBlockByNumber', ['latest', false]),
    rpc.send<string>('eth_maxPriorityFeePerGas', []).then(BigInt, () => DEFAULT_TIP_WEI),
  ]);
  const base = BigInt(block.baseFeePerGas ?? 0);
  const least = replaces ? bumped(replaces.maxFeePerGasWei) : 0n;
  const leastTip = replaces ? bumped(replaces.maxPriorityFeePerGasWei) : 0n;
  if (base >= ceiling || least > ceiling) {
    throw new ProductError('FEE_CEILING', 'Gas costs more than the ceiling allows', {
      facts: { baseFeePerGasWei: String(base), ...(replaces ? { replacementNeedsWei: String(least) } : {}), ...facts },
      remedy:
        'Nothing was signed. Wait for lower fees and run the stage again, or raise chain.maxFeePerGasWei or chain.maxTransactionFeeWei.',
    });
  }
  const wantedTip = larger(tip, leastTip);
  const maxFeePerGas = smaller(larger(2n * base + wantedTip, least), ceiling);
  return { maxFeePerGas, maxPriorityFeePerGas: smaller(wantedTip, larger(maxFeePerGas - base, leastTip)) };
}

async function requireBalance(rpc: Rpc, address: string, neededWei: bigint): Promise<void> {
  const balance = BigInt(await rpc.send<string>('eth_getBalance', [address, 'latest']));
  if (balance < neededWei) throw await unfunded(rpc, address, neededWei);
}

async function unfunded(rpc: Rpc, address: string, neededWei: bigint | null, cause?: unknown): Promise<ProductError> {
  const balanceWei = await rpc.send<string>('eth_getBalance', [address, 'latest']).then(
    (value) => String(BigInt(value)),
    () => null,
  );
  return refused('CHAIN_UNFUNDED', 'The account cannot pay for the transaction', {
    facts: { address, balanceWei, neededWei: neededWei === null ? null : String(neededWei) },
    remedy: 'Send ETH of this network to the address and run the stage again.',
    cause,
  });
}

/** Send signed bytes. Success also when the node has them already, or when these very bytes are mined. */
export async function broadcastRaw(rpc: Rpc, raw: string): Promise<void> {
  try {
    await rpc.send('eth_sendRawTransaction', [raw]);
  } catch (error) {
    if (isAlreadyKnown(error)) return;
    const { hash, from, nonce } = Transaction.from(raw);
    if (await rpc.send<unknown>('eth_getTransactionByHash', [hash])) return;
    const facts = { transaction: hash, from, nonce };
    if (isNonceUsed(error)) {
      throw refused('CHAIN_NONCE_USED', 'Another transaction of the relayer holds this nonce', {
        facts,
        remedy:
          'One process owns the relayer on a chain. Find the other transaction of this nonce before anything is sent again.',
        cause: error,
      });
    }
    if (isUnfunded(error)) throw await unfunded(rpc, String(from), null, error);
    throw nodeRefused(error, facts);
  }
}

export const rawReceipt = (rpc: Rpc, hash: string): Promise<RawReceipt | null> =>
  rpc.send<RawReceipt | null>('eth_getTransactionReceipt', [hash]);

export const transactionCount = async (rpc: Rpc, address: string, tag = 'pending'): Promise<number> =>
  Number(await rpc.send<string>('eth_getTransactionCount', [address, tag]));

/** For the rare calls of approver, guardian and admin: sign, send, and wait until mined. */
export async function sendAndWait(
  rpc: Rpc,
  config: Pick<ChainConfig, 'chainId' | 'maxFeePerGasWei'>,
  signer: Signer,
  call: Call,
  waitMs = 300_000,
): Promise<RawReceipt> {
  const signed = await buildTransaction(rpc, config, signer, call, await transactionCount(rpc, await signer.address()));
  await broadcastRaw(rpc, signed.raw);
  for (let pauseMs = 10, waited = 0; ; waited += pauseMs, pauseMs = Math.min(4_000, pauseMs * 2)) {
    const receipt = await rawReceipt(rpc, signed.hash);
    if (receipt) {
      if (receipt.status === hex(1)) return receipt;
      throw refused('CHAIN_REVERTED', 'The transaction was mined and reverted', {
        facts: { transaction: signed.hash, to: call.to },
      });
    }
    if (waited >= waitMs) {
      throw new ProductError('CHAIN_SLOW', 'The transaction is not mined yet', {
        facts: { transaction: signed.hash, waitedSeconds: Math.round(waited / 1000) },
        remedy: 'It is sent and may still be mined; run the command again later.',
      });
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
