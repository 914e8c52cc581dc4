import type {
  AliasRow,
  AttemptRow,
  DecisionRow,
  FeeRow,
  ModelRow,
  PromotionRow,
  SettlementRow,
  TrialRow,
} from './port.ts';

/** A row as the driver returns it: text as string, integer as number, bigint as string or bigint. */
export type Row = Record<string, string | number | bigint | null>;

const text = (value: Row[string]): string => String(value);
const orNull = (value: Row[string]): string | null => (value === null ? null : String(value));

export const trialRow = (row: Row): TrialRow => ({
  id: text(row.id),
  strategy: text(row.strategy),
  date: text(row.date),
  trial: JSON.parse(text(row.trial)) as TrialRow['trial'],
  configHash: text(row.config_hash),
  status: (row.status ?? 'started') as TrialRow['status'],
  candidate: orNull(row.candidate),
  metrics: row.metrics === null ? {} : (JSON.parse(text(row.metrics)) as TrialRow['metrics']),
});

export const modelRow = (row: Row): ModelRow => ({
  strategy: text(row.strategy),
  modelHash: text(row.model_hash),
  name: text(row.name),
  kind: row.kind as ModelRow['kind'],
  version: Number(row.version),
  date: text(row.date),
  verdict: row.verdict as ModelRow['verdict'],
  gateReport: text(row.gate_report),
  candidate: text(row.candidate),
  dataset: text(row.dataset),
});

export const aliasRow = (row: Row): AliasRow => ({
  strategy: text(row.strategy),
  alias: text(row.alias),
  version: Number(row.version),
  modelHash: orNull(row.model_hash),
  date: text(row.date),
  reason: text(row.reason),
});

export const promotionRow = (row: Row): PromotionRow => ({
  strategy: text(row.strategy),
  version: Number(row.version),
  challenger: text(row.challenger),
  step: row.step as PromotionRow['step'],
  since: text(row.since),
  date: text(row.date),
  reason: text(row.reason),
});

export const decisionRow = (row: Row): DecisionRow => ({
  strategy: text(row.strategy),
  date: text(row.date),
  decisionHash: text(row.decision_hash),
  modelHash: text(row.model_hash),
  universe: text(row.universe),
});

export const settlementRow = (row: Row): SettlementRow => ({
  strategy: text(row.strategy),
  decisionHash: text(row.decision_hash),
  chainId: Number(row.chain_id),
  relayer: text(row.relayer),
  epoch: Number(row.epoch),
  nonce: Number(row.nonce),
  transaction: text(row.transaction_hash),
  raw: text(row.raw),
  rebalance: text(row.rebalance),
  receipt: orNull(row.receipt),
  status: (row.status ?? 'signed') as SettlementRow['status'],
});

export const attemptRow = (row: Row): AttemptRow => ({
  strategy: text(row.strategy),
  decisionHash: text(row.decision_hash),
  attempt: Number(row.attempt),
  transaction: text(row.transaction_hash),
  raw: text(row.raw),
  rebalance: text(row.rebalance),
  nonce: Number(row.nonce),
  gasLimit: text(row.gas_limit),
  maxFeePerGasWei: text(row.max_fee_wei),
  maxPriorityFeePerGasWei: text(row.tip_wei),
  signedAt: Number(row.signed_at),
});

export const feeRow = (row: Row): FeeRow => ({
  strategy: text(row.strategy),
  decisionHash: text(row.decision_hash),
  gasLimit: text(row.gas_limit),
  maxFeePerGasWei: text(row.max_fee_wei),
  status: (row.status ?? 'signed') as FeeRow['status'],
  receipt: orNull(row.receipt),
});
