import type { ModelKind, Trial } from '../../domain/lineage/model.ts';

/** One line of the append-only trial log. Every run counts, aborted ones too. */
export interface TrialRow {
  id: string;
  strategy: string;
  date: string;
  trial: Trial;
  /** SHA-256 of the training configuration. */
  configHash: string;
  status: 'started' | 'finished' | 'failed';
  candidate: string | null;
  metrics: Record<string, number | null>;
}

export interface ModelRow {
  strategy: string;
  modelHash: string;
  name: string;
  kind: ModelKind;
  version: number;
  date: string;
  verdict: 'accepted' | 'rejected';
  gateReport: string;
  candidate: string;
  dataset: string;
}

/** An alias (champion, challenger) as of one version; the history is every row. */
export interface AliasRow {
  strategy: string;
  alias: string;
  version: number;
  /** null: the alias points at nothing from this version on. */
  modelHash: string | null;
  date: string;
  reason: string;
}

export interface PromotionRow {
  strategy: string;
  version: number;
  challenger: string;
  step: 'shadow' | 'ten' | 'fifty' | 'hundred' | 'rolledBack';
  /** Session on which the step began. */
  since: string;
  date: string;
  reason: string;
}

export interface DecisionRow {
  strategy: string;
  date: string;
  decisionHash: string;
  modelHash: string;
  universe: string;
}

/**
 * The settlement of one decision: the relayer's nonce that it holds and the transaction that carries it. That is the mined one of its
 * attempts, and the first one until one is mined.
 */
export interface SettlementRow {
  strategy: string;
  decisionHash: string;
  chainId: number;
  relayer: string;
  epoch: number;
  nonce: number;
  transaction: string;
  raw: string;
  /** JSON of the signed rebalance (order, attestation, signatures). */
  rebalance: string;
  /** JSON of the receipt with its logs, null until mined. */
  receipt: string | null;
  status: 'signed' | 'submitted' | 'confirmed' | 'finalized' | 'failed';
}

/**
 * One signed transaction of a settlement, in the ledger before it is broadcast and for good. All attempts of a settlement have its
 * nonce, so that at most one of them is ever mined.
 */
export interface AttemptRow {
  strategy: string;
  decisionHash: string;
  /** 1, 2, 3 ...: of two writers of one number the ledger keeps one. */
  attempt: number;
  transaction: string;
  raw: string;
  /** JSON of the signed rebalance that this transaction carries. */
  rebalance: string;
  nonce: number;
  gasLimit: string;
  maxFeePerGasWei: string;
  maxPriorityFeePerGasWei: string;
  /** Time of the chain, Unix seconds. */
  signedAt: number;
}

/** What an attempt may cost, or its settlement did. */
export interface FeeRow extends Pick<AttemptRow, 'strategy' | 'decisionHash' | 'gasLimit' | 'maxFeePerGasWei'> {
  status: SettlementRow['status'];
  receipt: string | null;
}

/** The relational ledger: one SQL text for Postgres, Aurora DSQL and PGlite. Losers of a race get `LEDGER_CONFLICT`. */
export interface Ledger {
  migrate(): Promise<void>;
  close(): Promise<void>;

  appendTrial(row: TrialRow): Promise<void>;
  finishTrial(id: string, result: Pick<TrialRow, 'status' | 'candidate' | 'metrics'>): Promise<void>;
  trials(strategy: string): Promise<TrialRow[]>;

  /** Idempotent by (strategy, modelHash): returns the stored row. `version` is assigned. */
  registerModel(row: Omit<ModelRow, 'version'>): Promise<ModelRow>;
  model(strategy: string, modelHash: string): Promise<ModelRow | null>;
  models(strategy: string): Promise<ModelRow[]>;

  alias(strategy: string, alias: string): Promise<AliasRow | null>;
  /** Compare-and-set: `expectedVersion` 0 means that the alias must not exist. */
  moveAlias(row: Omit<AliasRow, 'version'>, expectedVersion: number): Promise<AliasRow>;
  aliasHistory(strategy: string, alias: string): Promise<AliasRow[]>;

  promotion(strategy: string): Promise<PromotionRow | null>;
  movePromotion(row: Omit<PromotionRow, 'version'>, expectedVersion: number): Promise<PromotionRow>;

  /** Idempotent by (strategy, date); another hash for the same date is a conflict. */
  recordDecision(row: DecisionRow): Promise<void>;
  decision(strategy: string, date: string): Promise<DecisionRow | null>;
  latestDecision(strategy: string, beforeDate?: string): Promise<DecisionRow | null>;
  decisions(strategy: string, limit: number): Promise<DecisionRow[]>;

  /** Insert the first signed transaction of a decision; unique on (strategy, decisionHash) and on (chainId, relayer, nonce). */
  recordSigned(row: SettlementRow): Promise<void>;
  settlement(strategy: string, decisionHash: string): Promise<SettlementRow | null>;
  unsettled(strategy: string): Promise<SettlementRow[]>;
  updateSettlement(
    strategy: string,
    decisionHash: string,
    change: Pick<SettlementRow, 'status' | 'receipt'>,
  ): Promise<void>;
  /** Every settlement with its receipt, oldest epoch first: the history, without the chain. */
  settlements(strategy: string): Promise<SettlementRow[]>;

  /** Unique on (strategy, decisionHash, attempt) and on the hash. */
  recordAttempt(row: AttemptRow): Promise<void>;
  /** Oldest first. */
  attempts(strategy: string, decisionHash: string): Promise<AttemptRow[]>;
  /** The highest nonce that the ledger gave out for a relayer, of all strategies. */
  lastNonce(chainId: number, relayer: string): Promise<number | null>;
  /** Settlements of a relayer from a nonce on, of all strategies, in the order of nonces. */
  settlementsFrom(chainId: number, relayer: string, nonce: number): Promise<SettlementRow[]>;
  /** Attempts of a relayer that were signed since a time, and all of settlements that are not final. */
  feesSince(chainId: number, relayer: string, signedSince: number): Promise<FeeRow[]>;
}
