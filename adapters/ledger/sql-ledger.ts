import { badInput, type ProductError, refused } from '../../domain/errors.ts';
import { canonicalJson } from '../../domain/lineage/canonical.ts';
import type {
  AliasRow,
  AttemptRow,
  DecisionRow,
  FeeRow,
  Ledger,
  ModelRow,
  PromotionRow,
  SettlementRow,
  TrialRow,
} from './port.ts';
import {
  aliasRow,
  attemptRow,
  decisionRow,
  feeRow,
  modelRow,
  promotionRow,
  type Row,
  settlementRow,
  trialRow,
} from './rows.ts';
import { CREATE_SCHEMA_TABLE, CREATE_TABLES, SCHEMA_VERSION, SQL } from './sql.ts';

/** What the ledger needs of a connection pool (`pg.Pool` has it). Every call is one statement in its own transaction. */
export interface Queryable {
  query(text: string, values?: unknown[]): Promise<{ rows: Row[] }>;
  end(): Promise<void>;
}

const UNIQUE_VIOLATION = '23505';
/** Serialization failure, deadlock, and the errors with which two `CREATE TABLE IF NOT EXISTS` at once may fail. */
const RETRIED = new Set(['40001', '40P01']);
const CREATE_RACE = new Set([UNIQUE_VIOLATION, '42P07', '42710', ...RETRIED]);
const MAX_ATTEMPTS = 8;

const sqlState = (error: unknown): string | undefined => (error as { code?: string }).code;
const conflict = (message: string, facts: Record<string, unknown>): ProductError =>
  refused('LEDGER_CONFLICT', message, {
    facts,
    remedy: 'Another run came first. Read the ledger again and decide anew.',
  });

export interface SqlLedgerOptions {
  /** Wait before attempt n + 1 (n from 1). @default 10 ms x 2^n */
  backoff?: (attempt: number) => Promise<void>;
}

/** The ledger over any PostgreSQL-speaking pool. */
export class SqlLedger implements Ledger {
  readonly #pool: Queryable;
  readonly #backoff: (attempt: number) => Promise<void>;

  constructor(pool: Queryable, options: SqlLedgerOptions = {}) {
    this.#pool = pool;
    this.#backoff = options.backoff ?? ((attempt) => new Promise((resolve) => setTimeout(resolve, 10 * 2 ** attempt)));
  }

  async migrate(): Promise<void> {
    await this.#create(CREATE_SCHEMA_TABLE);
    const [{ version }] = await this.#query(SQL.schemaVersion);
    if (version !== null && Number(version) > SCHEMA_VERSION) {
      throw badInput('LEDGER_NEWER', 'The ledger was written by a newer version of this program', {
        facts: { ledgerVersion: Number(version), programVersion: SCHEMA_VERSION },
        remedy: 'Use the newer program, or another home (--home).',
      });
    }
    for (const statement of CREATE_TABLES) await this.#create(statement);
    if (Number(version ?? 0) < SCHEMA_VERSION) await this.#insert(SQL.insertSchemaVersion, [SCHEMA_VERSION]);
  }

  close(): Promise<void> {
    return this.#pool.end();
  }

  async appendTrial(row: TrialRow): Promise<void> {
    const values = [row.id, row.strategy, row.date, canonicalJson(row.trial), row.configHash];
    if (!(await this.#insert(SQL.insertTrial, values))) {
      const stored = await this.#one(SQL.trial, [row.id]);
      const same =
        stored &&
        [stored.id, stored.strategy, stored.date, stored.trial, stored.config_hash].every((v, i) => v === values[i]);
      if (!same) throw conflict('A trial of this id is in the log with other content', { id: row.id });
    }
    if (row.status !== 'started') await this.finishTrial(row.id, row);
  }

  async finishTrial(id: string, result: Pick<TrialRow, 'status' | 'candidate' | 'metrics'>): Promise<void> {
    const values = [result.status, result.candidate, canonicalJson(result.metrics)];
    for (;;) {
      const stored = await this.#one(SQL.trial, [id]);
      if (!stored) throw refused('LEDGER_NO_TRIAL', 'The trial log has no trial of this id', { facts: { id } });
      if (stored.status === values[0] && stored.candidate === values[1] && stored.metrics === values[2]) return;
      if (await this.#insert(SQL.insertTrialResult, [id, Number(stored.version ?? 0) + 1, ...values])) return;
    }
  }

  async trials(strategy: string): Promise<TrialRow[]> {
    return (await this.#query(SQL.trials, [strategy])).map(trialRow);
  }

  async registerModel(row: Omit<ModelRow, 'version'>): Promise<ModelRow> {
    for (;;) {
      const known = await this.model(row.strategy, row.modelHash);
      if (known) return known;
      const [latest] = await this.#query(SQL.latestModelVersion, [row.strategy]);
      const version = Number(latest.version ?? 0) + 1;
      const { strategy, modelHash, name, kind, date, verdict, gateReport, candidate, dataset } = row;
      const values = [strategy, version, modelHash, name, kind, date, verdict, gateReport, candidate, dataset];
      if (await this.#insert(SQL.insertModel, values)) return { ...row, version };
    }
  }

  async model(strategy: string, modelHash: string): Promise<ModelRow | null> {
    const row = await this.#one(SQL.model, [strategy, modelHash]);
    return row && modelRow(row);
  }

  async models(strategy: string): Promise<ModelRow[]> {
    return (await this.#query(SQL.models, [strategy])).map(modelRow);
  }

  async alias(strategy: string, alias: string): Promise<AliasRow | null> {
    const row = await this.#one(SQL.alias, [strategy, alias]);
    return row && aliasRow(row);
  }

  async moveAlias(row: Omit<AliasRow, 'version'>, expectedVersion: number): Promise<AliasRow> {
    const { strategy, alias, modelHash, date, reason } = row;
    const version = expectedVersion + 1;
    const current = (await this.alias(strategy, alias))?.version ?? 0;
    const won =
      current === expectedVersion &&
      (await this.#insert(SQL.insertAlias, [strategy, alias, version, modelHash, date, reason]));
    if (!won) throw conflict('The alias has moved since it was read', { strategy, alias, expectedVersion, current });
    return { ...row, version };
  }

  async aliasHistory(strategy: string, alias: string): Promise<AliasRow[]> {
    return (await this.#query(SQL.aliasHistory, [strategy, alias])).map(aliasRow);
  }

  async promotion(strategy: string): Promise<PromotionRow | null> {
    const row = await this.#one(SQL.promotion, [strategy]);
    return row && promotionRow(row);
  }

  async movePromotion(row: Omit<PromotionRow, 'version'>, expectedVersion: number): Promise<PromotionRow> {
    const { strategy, challenger, step, since, date, reason } = row;
    const version = expectedVersion + 1;
    const current = (await this.promotion(strategy))?.version ?? 0;
    const values = [strategy, version, challenger, step, since, date, reason];
    const won = current === expectedVersion && (await this.#insert(SQL.insertPromotion, values));
    if (!won) throw conflict('The promotion has moved since it was read', { strategy, expectedVersion, current });
    return { ...row, version };
  }

  async recordDecision(row: DecisionRow): Promise<void> {
    if (await this.#insert(SQL.insertDecision, [row.strategy, row.date, row.decisionHash, row.modelHash, row.universe]))
      return;
    const stored = await this.decision(row.strategy, row.date);
    if (stored?.decisionHash !== row.decisionHash) {
      throw conflict('Another decision is recorded for this date', {
        strategy: row.strategy,
        date: row.date,
        recorded: stored?.decisionHash,
        refused: row.decisionHash,
      });
    }
  }

  async decision(strategy: string, date: string): Promise<DecisionRow | null> {
    const row = await this.#one(SQL.decision, [strategy, date]);
    return row && decisionRow(row);
  }

  async latestDecision(strategy: string, beforeDate?: string): Promise<DecisionRow | null> {
    const row =
      beforeDate === undefined
        ? await this.#one(SQL.latestDecision, [strategy])
        : await this.#one(SQL.latestDecisionBefore, [strategy, beforeDate]);
    return row && decisionRow(row);
  }

  async decisions(strategy: string, limit: number): Promise<DecisionRow[]> {
    return (await this.#query(SQL.decisions, [strategy, limit])).map(decisionRow);
  }

  async recordSigned(row: SettlementRow): Promise<void> {
    const { strategy, decisionHash, chainId, relayer, epoch, nonce, transaction, raw, rebalance } = row;
    if (
      !(await this.#insert(SQL.insertSettlement, [
        strategy,
        decisionHash,
        chainId,
        relayer,
        epoch,
        nonce,
        transaction,
        raw,
        rebalance,
      ]))
    ) {
      const stored = await this.#one(SQL.settlement, [strategy, decisionHash]);
      if (!stored) throw conflict('Another decision holds this nonce', { chainId, relayer, nonce });
      if (stored.raw !== raw)
        throw conflict('Another transaction is recorded for this decision', {
          decisionHash,
          recorded: stored.transaction_hash,
          refused: transaction,
        });
      return;
    }
    if (row.status !== 'signed' || row.receipt !== null) await this.updateSettlement(strategy, decisionHash, row);
  }

  async settlement(strategy: string, decisionHash: string): Promise<SettlementRow | null> {
    return (await this.#settlements(SQL.settlement, [strategy, decisionHash]))[0] ?? null;
  }

  unsettled(strategy: string): Promise<SettlementRow[]> {
    return this.#settlements(SQL.unsettled, [strategy]);
  }

  settlements(strategy: string): Promise<SettlementRow[]> {
    return this.#settlements(SQL.settlements, [strategy]);
  }

  settlementsFrom(chainId: number, relayer: string, nonce: number): Promise<SettlementRow[]> {
    return this.#settlements(SQL.settlementsFrom, [chainId, relayer, nonce]);
  }

  async recordAttempt(row: AttemptRow): Promise<void> {
    const { strategy, decisionHash, attempt, transaction, raw, rebalance, nonce, gasLimit, signedAt } = row;
    const fees = [gasLimit, row.maxFeePerGasWei, row.maxPriorityFeePerGasWei];
    const values = [strategy, decisionHash, attempt, transaction, raw, rebalance, nonce, ...fees, signedAt];
    if (await this.#insert(SQL.insertAttempt, values)) return;
    const stored = (await this.attempts(strategy, decisionHash)).find((other) => other.attempt === attempt);
    if (stored?.raw !== raw)
      throw conflict('Another transaction is recorded as this attempt', {
        ...{ decisionHash, attempt, recorded: stored?.transaction, refused: transaction },
      });
  }

  async attempts(strategy: string, decisionHash: string): Promise<AttemptRow[]> {
    return (await this.#query(SQL.attempts, [strategy, decisionHash])).map(attemptRow);
  }

  async lastNonce(chainId: number, relayer: string): Promise<number | null> {
    const [{ nonce }] = await this.#query(SQL.lastNonce, [chainId, relayer]);
    return nonce === null ? null : Number(nonce);
  }

  async feesSince(chainId: number, relayer: string, signedSince: number): Promise<FeeRow[]> {
    return (await this.#query(SQL.feesSince, [chainId, relayer, signedSince])).map(feeRow);
  }

  async updateSettlement(
    strategy: string,
    decisionHash: string,
    change: Pick<SettlementRow, 'status' | 'receipt'>,
  ): Promise<void> {
    for (;;) {
      const stored = await this.#one(SQL.settlement, [strategy, decisionHash]);
      if (!stored)
        throw refused('LEDGER_NO_SETTLEMENT', 'No transaction is recorded for this decision', {
          facts: { strategy, decisionHash },
        });
      if ((stored.status ?? 'signed') === change.status && stored.receipt === change.receipt) return;
      if (stored.status === 'finalized')
        throw conflict('The settlement is final', { decisionHash, refused: change.status });
      const version = Number(stored.version ?? 0) + 1;
      if (
        await this.#insert(SQL.insertSettlementStatus, [strategy, decisionHash, version, change.status, change.receipt])
      )
        return;
    }
  }

  async #settlements(text: string, values: unknown[]): Promise<SettlementRow[]> {
    const rows = (await this.#query(text, values)).map(settlementRow);
    return Promise.all(rows.map((row) => this.#asMined(row)));
  }

  /** The receipt names the attempt that was mined; the table of settlements holds the first one. */
  async #asMined(row: SettlementRow): Promise<SettlementRow> {
    const mined = row.receipt === null ? null : (JSON.parse(row.receipt) as { transaction?: string }).transaction;
    if (!mined || mined === row.transaction) return row;
    const attempts = await this.attempts(row.strategy, row.decisionHash);
    const attempt = attempts.find(({ transaction }) => transaction === mined);
    return attempt ? { ...row, transaction: mined, raw: attempt.raw, rebalance: attempt.rebalance } : row;
  }

  async #one(text: string, values: unknown[]): Promise<Row | null> {
    return (await this.#query(text, values))[0] ?? null;
  }

  /** False when the key is taken. A commit that another transaction beat (40001) is tried again, so the loser sees the key. */
  async #insert(text: string, values: unknown[]): Promise<boolean> {
    try {
      await this.#query(text, values);
      return true;
    } catch (error) {
      if (sqlState(error) === UNIQUE_VIOLATION) return false;
      throw error;
    }
  }

  #create(text: string): Promise<Row[]> {
    return this.#query(text, [], CREATE_RACE);
  }

  async #query(text: string, values: unknown[] = [], retried: ReadonlySet<string> = RETRIED): Promise<Row[]> {
    for (let attempt = 1; ; attempt++) {
      try {
        return (await this.#pool.query(text, values)).rows;
      } catch (error) {
        if (attempt >= MAX_ATTEMPTS || !retried.has(sqlState(error) ?? '')) throw error;
        await this.#backoff(attempt);
      }
    }
  }
}
