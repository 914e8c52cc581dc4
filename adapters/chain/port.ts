import type { ProductError } from '../../domain/errors.ts';

export type Finality = 'submitted' | 'confirmed' | 'finalized';

export interface ChainReceipt {
  transaction: string;
  blockNumber: number;
  blockHash: string;
  status: 'success' | 'reverted';
  gasUsed: number;
  /** Absent in receipts of ledgers before version 2. */
  effectiveGasPriceWei?: string;
  /** Time of its block, Unix seconds; absent in receipts of ledgers before version 2. */
  blockTime?: number;
  finality: Finality;
  logs: { address: string; topics: string[]; data: string; logIndex: number }[];
}

/** The portfolio ledger as the contract holds it. */
export interface PortfolioState {
  epoch: number;
  stateHash: string;
  /** NAV and its high-water mark, 1e18 = 1. */
  navE18: bigint;
  highWaterMarkE18: bigint;
  /** Last ordered weights in basis points, in the order of the strategy's asset list; CASH is the last. */
  weightsBps: Record<string, number>;
  paused: boolean;
}

/** The `Rebalanced` event of one transaction, decoded. */
export interface RebalanceEvent {
  epoch: number;
  weightsBps: Record<string, number>;
  /** 64 hex characters, no prefix. */
  modelHash: string;
  decisionHash: string;
  datasetHash: string;
  navE18: bigint;
  previousStateHash: string;
  stateHash: string;
}

/** A `Rebalanced` event as the chain stores it. */
export interface RebalanceLog {
  transaction: string;
  blockNumber: number;
  blockHash: string;
  topics: string[];
  data: string;
}

/** An order as the strategist signs it (EIP-712). Hashes: 64 hex characters, no prefix. */
export interface RebalanceOrder {
  strategy: string;
  epoch: number;
  previousStateHash: string;
  weightsBps: Record<string, number>;
  modelHash: string;
  decisionHash: string;
  datasetHash: string;
  /** Session date of the prices, as days since 1970-01-01. */
  pricesEpoch: number;
  /** Unix seconds. */
  deadline: number;
}

/** NAV after marking, attested by the price attestor in the same call. */
export interface NavAttestation {
  strategy: string;
  epoch: number;
  pricesEpoch: number;
  navE18: bigint;
}

export interface SignedRebalance {
  order: RebalanceOrder;
  orderSignature: string;
  attestation: NavAttestation;
  attestationSignature: string;
}

/** A signed transaction: its bytes, and what they say. */
export interface SignedTransaction {
  raw: string;
  hash: string;
  nonce: number;
  gasLimit: string;
  maxFeePerGasWei: string;
  maxPriorityFeePerGasWei: string;
}

/** What a transaction may cost. */
export interface FeeBounds {
  /** Fees of the transaction that this one replaces at its nonce: nodes take the new one for 12.5 % more in both. */
  replaces?: Pick<SignedTransaction, 'maxFeePerGasWei' | 'maxPriorityFeePerGasWei'>;
  /** Gas limit x fee per gas stays within it (`FEE_BUDGET`). */
  budgetWei?: bigint;
}

/** One EVM chain by URL and chain id, and the product's contract on it. */
export interface PortfolioChain {
  readonly chainId: number;
  readonly network: string;
  /** Address of the strategy's ledger, or null before `drl chain init`. */
  contract(): Promise<string | null>;
  state(): Promise<PortfolioState>;
  isModelApproved(modelHash: string): Promise<boolean>;
  /** Approve a model with the approver's key; nothing is sent when it is approved already. Returns the transaction or null. */
  approveModel(modelHash: string): Promise<string | null>;
  /** Sign order and attestation with the strategist's and the attestor's keys. */
  signRebalance(order: RebalanceOrder, attestation: NavAttestation): Promise<SignedRebalance>;
  /**
   * Build and sign the relayer's transaction; nothing is broadcast.
   * @throws FEE_CEILING, FEE_BUDGET, CHAIN_UNFUNDED, CHAIN_REVERTED before anything is signed.
   */
  signTransaction(rebalance: SignedRebalance, nonce: number, bounds?: FeeBounds): Promise<SignedTransaction>;
  /** What signed bytes say, and the contract that they call. */
  readTransaction(raw: string): SignedTransaction & { to: string };
  /** `nextNonce` counts what the node holds, mined or not; `finalNonce` what is final. */
  relayer(): Promise<{ address: string; nextNonce: number; finalNonce: number; balanceWei: bigint }>;
  /** What the contract would say, were the rebalance mined now: `CHAIN_REVERTED` with its error; null: it would be taken. */
  refusal(rebalance: SignedRebalance): Promise<ProductError | null>;
  /** Whether the node has the transaction, mined or waiting. */
  knows(transaction: string): Promise<boolean>;
  /** Broadcast signed bytes. "already known" and "nonce too low" of the same bytes are success. */
  broadcast(raw: string): Promise<void>;
  receipt(transaction: string): Promise<ChainReceipt | null>;
  rebalanceEvent(transaction: string): Promise<RebalanceEvent | null>;
  /** Every order that the ledger on the chain took, oldest first. */
  rebalances(): Promise<RebalanceLog[]>;
  now(): Promise<number>;
}
