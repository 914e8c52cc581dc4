/**
 * The one SQL text of the ledger, in the subset that PostgreSQL 15, PGlite and Aurora DSQL share: no foreign keys, sequences,
 * triggers, savepoints, secondary indexes or procedural code (`sql.test.ts` holds it). Rows are only ever inserted: what changes
 * is a new row with the next version, and the primary key makes two writers of one version a winner and a loser.
 */
export const SCHEMA_VERSION = 2;

/** Run first, alone, so that the version can be read before anything else is touched. */
export const CREATE_SCHEMA_TABLE = 'CREATE TABLE IF NOT EXISTS ledger_schema (version integer PRIMARY KEY)';

/** One statement a transaction: Aurora DSQL takes no more. */
export const CREATE_TABLES = [
  `CREATE TABLE IF NOT EXISTS trial_started (
    id text PRIMARY KEY, strategy text NOT NULL, date text NOT NULL, trial text NOT NULL, config_hash text NOT NULL)`,
  `CREATE TABLE IF NOT EXISTS trial_result (
    id text NOT NULL, version integer NOT NULL, status text NOT NULL, candidate text, metrics text NOT NULL,
    PRIMARY KEY (id, version))`,
  `CREATE TABLE IF NOT EXISTS model (
    strategy text NOT NULL, version integer NOT NULL, model_hash text NOT NULL, name text NOT NULL, kind text NOT NULL,
    date text NOT NULL, verdict text NOT NULL, gate_report text NOT NULL, candidate text NOT NULL, dataset text NOT NULL,
    PRIMARY KEY (strategy, version), UNIQUE (strategy, model_hash))`,
  `CREATE TABLE IF NOT EXISTS alias (
    strategy text NOT NULL, alias text NOT NULL, version integer NOT NULL, model_hash text, date text NOT NULL, reason text NOT NULL,
    PRIMARY KEY (strategy, alias, version))`,
  `CREATE TABLE IF NOT EXISTS promotion (
    strategy text NOT NULL, version integer NOT NULL, challenger text NOT NULL, step text NOT NULL, since text NOT NULL,
    date text NOT NULL, reason text NOT NULL, PRIMARY KEY (strategy, version))`,
  `CREATE TABLE IF NOT EXISTS decision (
    strategy text NOT NULL, date text NOT NULL, decision_hash text NOT NULL, model_hash text NOT NULL, universe text NOT NULL,
    PRIMARY KEY (strategy, date))`,
  `CREATE TABLE IF NOT EXISTS settlement (
    strategy text NOT NULL, decision_hash text NOT NULL, chain_id bigint NOT NULL, relayer text NOT NULL, epoch bigint NOT NULL,
    nonce bigint NOT NULL, transaction_hash text NOT NULL, raw text NOT NULL, rebalance text NOT NULL,
    PRIMARY KEY (strategy, decision_hash), UNIQUE (chain_id, relayer, nonce))`,
  `CREATE TABLE IF NOT EXISTS settlement_status (
    strategy text NOT NULL, decision_hash text NOT NULL, version integer NOT NULL, status text NOT NULL, receipt text,
    PRIMARY KEY (strategy, decision_hash, version))`,
  // Since version 2. `settlement` holds the first attempt too: with one insert it claims the decision and the nonce.
  `CREATE TABLE IF NOT EXISTS settlement_attempt (
    strategy text NOT NULL, decision_hash text NOT NULL, attempt integer NOT NULL, transaction_hash text NOT NULL, raw text NOT NULL,
    rebalance text NOT NULL, nonce bigint NOT NULL, gas_limit text NOT NULL, max_fee_wei text NOT NULL, tip_wei text NOT NULL,
    signed_at bigint NOT NULL, PRIMARY KEY (strategy, decision_hash, attempt), UNIQUE (transaction_hash))`,
] as const;

const TRIAL = `SELECT t.id, t.strategy, t.date, t.trial, t.config_hash, r.status, r.candidate, r.metrics, r.version
  FROM trial_started t LEFT JOIN trial_result r
    ON r.id = t.id AND r.version = (SELECT max(v.version) FROM trial_result v WHERE v.id = t.id)`;

const MODEL =
  'SELECT strategy, version, model_hash, name, kind, date, verdict, gate_report, candidate, dataset FROM model';
const ALIAS = 'SELECT strategy, alias, version, model_hash, date, reason FROM alias';
const DECISION = 'SELECT strategy, date, decision_hash, model_hash, universe FROM decision';
const SETTLEMENT = `SELECT s.strategy, s.decision_hash, s.chain_id, s.relayer, s.epoch, s.nonce, s.transaction_hash, s.raw,
    s.rebalance, e.status, e.receipt, e.version
  FROM settlement s LEFT JOIN settlement_status e
    ON e.strategy = s.strategy AND e.decision_hash = s.decision_hash AND e.version =
      (SELECT max(v.version) FROM settlement_status v WHERE v.strategy = s.strategy AND v.decision_hash = s.decision_hash)`;

export const SQL = {
  schemaVersion: 'SELECT max(version) AS version FROM ledger_schema',
  insertSchemaVersion: 'INSERT INTO ledger_schema (version) VALUES ($1)',

  insertTrial: 'INSERT INTO trial_started (id, strategy, date, trial, config_hash) VALUES ($1, $2, $3, $4, $5)',
  insertTrialResult: 'INSERT INTO trial_result (id, version, status, candidate, metrics) VALUES ($1, $2, $3, $4, $5)',
  trial: `${TRIAL} WHERE t.id = $1`,
  trials: `${TRIAL} WHERE t.strategy = $1 ORDER BY t.date, t.id`,

  insertModel: `INSERT INTO model (strategy, version, model_hash, name, kind, date, verdict, gate_report, candidate, dataset)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
  latestModelVersion: 'SELECT max(version) AS version FROM model WHERE strategy = $1',
  model: `${MODEL} WHERE strategy = $1 AND model_hash = $2`,
  models: `${MODEL} WHERE strategy = $1 ORDER BY version`,

  insertAlias: 'INSERT INTO alias (strategy, alias, version, model_hash, date, reason) VALUES ($1, $2, $3, $4, $5, $6)',
  alias: `${ALIAS} WHERE strategy = $1 AND alias = $2 ORDER BY version DESC LIMIT 1`,
  aliasHistory: `${ALIAS} WHERE strategy = $1 AND alias = $2 ORDER BY version`,

  insertPromotion:
    'INSERT INTO promotion (strategy, version, challenger, step, since, date, reason) VALUES ($1, $2, $3, $4, $5, $6, $7)',
  promotion: `SELECT strategy, version, challenger, step, since, date, reason FROM promotion
    WHERE strategy = $1 ORDER BY version DESC LIMIT 1`,

  insertDecision:
    'INSERT INTO decision (strategy, date, decision_hash, model_hash, universe) VALUES ($1, $2, $3, $4, $5)',
  decision: `${DECISION} WHERE strategy = $1 AND date = $2`,
  latestDecision: `${DECISION} WHERE strategy = $1 ORDER BY date DESC LIMIT 1`,
  latestDecisionBefore: `${DECISION} WHERE strategy = $1 AND date < $2 ORDER BY date DESC LIMIT 1`,
  decisions: `${DECISION} WHERE strategy = $1 ORDER BY date DESC LIMIT $2`,

  insertSettlement: `INSERT INTO settlement
    (strategy, decision_hash, chain_id, relayer, epoch, nonce, transaction_hash, raw, rebalance)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
  insertSettlementStatus:
    'INSERT INTO settlement_status (strategy, decision_hash, version, status, receipt) VALUES ($1, $2, $3, $4, $5)',
  settlement: `${SETTLEMENT} WHERE s.strategy = $1 AND s.decision_hash = $2`,
  settlements: `${SETTLEMENT} WHERE s.strategy = $1 ORDER BY s.epoch, s.nonce`,
  settlementsFrom: `${SETTLEMENT} WHERE s.chain_id = $1 AND s.relayer = $2 AND s.nonce >= $3 ORDER BY s.nonce`,
  lastNonce: 'SELECT max(nonce) AS nonce FROM settlement WHERE chain_id = $1 AND relayer = $2',
  insertAttempt: `INSERT INTO settlement_attempt
    (strategy, decision_hash, attempt, transaction_hash, raw, rebalance, nonce, gas_limit, max_fee_wei, tip_wei, signed_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
  attempts: `SELECT strategy, decision_hash, attempt, transaction_hash, raw, rebalance, nonce, gas_limit, max_fee_wei, tip_wei, signed_at
    FROM settlement_attempt WHERE strategy = $1 AND decision_hash = $2 ORDER BY attempt`,
  feesSince: `SELECT a.strategy, a.decision_hash, a.gas_limit, a.max_fee_wei, e.status, e.receipt
    FROM settlement_attempt a
    JOIN settlement s ON s.strategy = a.strategy AND s.decision_hash = a.decision_hash
    LEFT JOIN settlement_status e ON e.strategy = s.strategy AND e.decision_hash = s.decision_hash AND e.version =
      (SELECT max(v.version) FROM settlement_status v WHERE v.strategy = s.strategy AND v.decision_hash = s.decision_hash)
    WHERE s.chain_id = $1 AND s.relayer = $2
      AND (a.signed_at >= $3 OR e.status IS NULL OR e.status NOT IN ('finalized', 'failed'))`,
  unsettled: `${SETTLEMENT} WHERE s.strategy = $1 AND (e.status IS NULL OR e.status NOT IN ('finalized', 'failed'))
    ORDER BY s.epoch, s.nonce`,
} as const;
