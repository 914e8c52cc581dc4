import { ProductError, refused } from '../../domain/errors.ts';
import { describeRevert } from './codec.ts';
import { RpcError } from './rpc.ts';

const TIGHTER =
  'The ledger keeps tighter limits than the configuration (looser ones wait a day), or the book has drifted. drl chain status shows both.';

/** What a person can do about an order that the contract refuses. */
const REMEDIES: Record<string, string> = {
  WrongEpoch: 'Another order came first. Run the day again: it reads the new epoch.',
  WrongState: 'Another order came first. Run the day again: it reads the new state.',
  StalePrices: 'The chain has an order on these prices, or on later ones. Settle a later session.',
  DeadlinePassed: 'The order waited too long. Raise chain.orderTtlSeconds for days like this one.',
  UnapprovedModel: 'Approve the model on the chain: drl model promote, or the promote stage.',
  ContractPaused: 'The guardian stopped the ledger. The admin starts it again when the reason is gone.',
  InvalidOrderSignature: 'The strategist of the contract is another key (drl chain roles).',
  InvalidAttestation: 'The attestor of the contract is another key (drl chain roles).',
  NotPermitted: 'The role belongs to another key (drl chain roles).',
  DrawdownLimit: 'Beyond the hard drawdown limit the ledger takes only orders that lower exposure.',
  NavOutOfBounds:
    'The value moved more than the limit of the ledger allows for these days. Check the prices; then the admin may raise the limit.',
  AssetCapExceeded: TIGHTER,
  GroupCapExceeded: TIGHTER,
  GrossCapExceeded: TIGHTER,
  TurnoverExceeded: TIGHTER,
  LimitsNotDue: 'Looser limits wait a day. drl chain status says until when; then run drl chain init again.',
  NoPendingLimits: 'No limits wait: they were applied, cancelled or replaced. drl chain status shows those in force.',
  InvalidLimit: 'Limits are fractions of the book: from 0 to 1 in the configuration.',
  ...Object.fromEntries(
    ['WrongGroupCount', 'WrongStrategy', 'WrongWeightCount', 'WeightsBeyondAssets', 'UnknownAsset'].map((name) => [
      name,
      'The order is for another ledger. Run drl chain init, which finds or makes the one of this strategy and universe.',
    ]),
  ),
  WeightsDoNotSum: 'The decision is no portfolio of 10,000 basis points. Decide the day again.',
  ZeroAddress: 'A role needs an address, and acceptAdmin a proposal before it (docs/trust.md).',
  WrongAssetCount: 'A ledger holds 1 to 740 assets. Choose fewer in the universe.',
  InvalidSymbol:
    'Symbols on the chain have 1 to 31 characters, each once, and none is CASH. Rename it in the universe.',
};

/** The bytes of a revert, wherever the node put them. */
function revertData(error: RpcError): string | null {
  const { data } = error;
  if (typeof data === 'string' && data.startsWith('0x')) return data;
  if (typeof data === 'object' && data !== null) {
    const inner = (data as { data?: unknown; result?: unknown }).data ?? (data as { result?: unknown }).result;
    if (typeof inner === 'string' && inner.startsWith('0x')) return inner;
  }
  return null;
}

export const isRevert = (error: unknown): error is RpcError =>
  error instanceof RpcError && (error.code === 3 || revertData(error) !== null || /revert/i.test(error.message));

/** `CHAIN_REVERTED` with the contract's own error, decoded. */
export function revertError(error: RpcError, facts: Record<string, unknown> = {}): ProductError {
  const data = revertData(error);
  const known = data === null ? null : describeRevert(data);
  return refused(
    'CHAIN_REVERTED',
    known ? `The contract refuses: ${known.text}` : 'The contract refuses, and does not say why',
    {
      facts: { ...facts, error: known?.name ?? null, ...known?.facts, ...(known ? {} : { node: error.message, data }) },
      remedy: known ? REMEDIES[known.name] : undefined,
      cause: error,
    },
  );
}

/** How nodes say that they have these very bytes already: Geth, Nethermind, Erigon, Besu, Reth, anvil. */
export const isAlreadyKnown = (error: unknown): boolean =>
  error instanceof RpcError &&
  /already known|already imported|alreadyknown|known transaction|already exists|already in mempool/i.test(
    error.message,
  );

/** How nodes say that the nonce is used: by these bytes, or by others. */
export const isNonceUsed = (error: unknown): boolean =>
  error instanceof RpcError &&
  /nonce too low|nonce.{0,20}(used|old|low)|oldnonce|replacement.{0,20}underpriced|underpriced.*replace|replacementnotallowed|could not replace/i.test(
    error.message,
  );

export const isUnfunded = (error: unknown): boolean =>
  error instanceof RpcError &&
  /insufficient (funds|balance)|doesn't have enough funds|upfront cost/i.test(error.message);

export const nodeRefused = (error: unknown, facts: Record<string, unknown>): ProductError =>
  new ProductError('CHAIN_REFUSED', 'The node does not take the transaction', {
    facts: { ...facts, node: error instanceof Error ? error.message : String(error) },
    remedy: 'The signed transaction is kept; run the stage again.',
    cause: error,
  });
