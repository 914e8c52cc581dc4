import type { ChainConfig } from '../../config/schema.ts';
import { ProductError } from '../../domain/errors.ts';
import { type Rpc, RpcError } from './rpc.ts';
import type { RawReceipt } from './transactions.ts';

type FinalityRule = ChainConfig['finality'];
type Mined = Pick<RawReceipt, 'blockNumber' | 'blockHash'>;

export interface Place {
  finality: 'confirmed' | 'finalized';
  /** Time of the block, Unix seconds. */
  blockTime: number;
}

/**
 * Final: not after the tagged block, as many blocks above it as are asked for, and still the block of that height. null: it is not, so
 * a reorganisation moved the transaction, which is looked for again. The block above is asked for itself: a node that says a wrong
 * height has no such block.
 */
export async function placeOf(
  rpc: Rpc,
  { blockNumber, blockHash }: Mined,
  { tag, confirmations }: FinalityRule,
): Promise<Place | null> {
  const block = Number(blockNumber);
  const blockAt = (at: string) =>
    rpc.send<{ number: string; hash: string; timestamp: string } | null>('eth_getBlockByNumber', [at, false]);
  const [tagged, above, canonical] = await Promise.all([
    blockAt(tag),
    blockAt(`0x${(block + confirmations).toString(16)}`),
    blockAt(blockNumber),
  ]);
  if (canonical?.hash !== blockHash) return null;
  const final = tagged !== null && Number(tagged.number) >= block && above !== null;
  return { finality: final ? 'finalized' : 'confirmed', blockTime: Number(canonical.timestamp) };
}

/**
 * Whether the node of a second provider holds the same block and calls it final too. One that lags, lies or does not answer has not said so: the
 * transaction stays confirmed and is asked for again. A node of another chain is refused (`CHAIN_MISMATCH`).
 */
export async function agrees(witness: () => Promise<Rpc>, mined: Mined, rule: FinalityRule): Promise<boolean> {
  try {
    return (await placeOf(await witness(), mined, rule))?.finality === 'finalized';
  } catch (error) {
    if (error instanceof RpcError || (error instanceof ProductError && error.code === 'RPC_UNREACHABLE')) return false;
    throw error;
  }
}
