import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { AttemptRow, Ledger, ModelRow, SettlementRow, TrialRow } from './port.ts';

const trial: TrialRow = {
  id: 'trial-1',
  strategy: 'main',
  date: '2024-01-05',
  trial: {
    kind: 'ppo',
    window: 0,
    seed: 1,
    trainFrom: '2000-01-03',
    trainTo: '2022-01-03',
    testFrom: '2022-02-15',
    testTo: '2023-02-15',
  },
  configHash: 'c'.repeat(64),
  status: 'started',
  candidate: null,
  metrics: {},
};

const model = (modelHash: string): Omit<ModelRow, 'version'> => ({
  strategy: 'main',
  modelHash,
  name: 'ppo w1 s0',
  kind: 'ppo',
  date: '2024-01-05',
  verdict: 'rejected',
  gateReport: 'g',
  candidate: 'k',
  dataset: 'd',
});

const settlement = (decisionHash: string, nonce: number): SettlementRow => ({
  strategy: 'main',
  decisionHash,
  chainId: 11155111,
  relayer: '0xAbC',
  epoch: nonce + 1,
  nonce,
  transaction: `0x${decisionHash}`,
  raw: `0xraw${decisionHash}`,
  rebalance: '{}',
  receipt: null,
  status: 'signed',
});

const attempt = (decisionHash: string, number: number, nonce: number): AttemptRow => ({
  strategy: 'main',
  decisionHash,
  attempt: number,
  transaction: `0x${decisionHash}-${number}`,
  raw: `0xraw${decisionHash}-${number}`,
  rebalance: `{"attempt":${number}}`,
  nonce,
  gasLimit: '100000',
  maxFeePerGasWei: '20000000000',
  maxPriorityFeePerGasWei: '1000000000',
  signedAt: 1_700_000_000 + number,
});

const conflict = { code: 'LEDGER_CONFLICT', kind: 'refused' };

/** What every backing of the ledger must do. */
export function ledgerContract(name: string, open: () => Promise<Ledger>): void {
  describe(`ledger on ${name}`, () => {
    let ledger: Ledger;
    beforeAll(async () => {
      ledger = await open();
    }, 60_000);
    afterAll(() => ledger?.close());

    test('migrating again changes nothing', async () => {
      await ledger.migrate();
      expect(await ledger.trials('nobody')).toEqual([]);
    });

    test('a trial is appended once, finished, and can fail and be run again', async () => {
      await ledger.appendTrial(trial);
      await ledger.appendTrial(trial);
      expect(await ledger.trials('main')).toEqual([trial]);
      await ledger.finishTrial('trial-1', { status: 'failed', candidate: null, metrics: {} });
      const result = { status: 'finished', candidate: 'abc', metrics: { sharpe: 0.25, loss: null } } as const;
      await ledger.finishTrial('trial-1', result);
      await ledger.finishTrial('trial-1', result);
      expect(await ledger.trials('main')).toEqual([{ ...trial, ...result }]);
      await expect(ledger.appendTrial({ ...trial, configHash: 'other' })).rejects.toMatchObject(conflict);
      await expect(ledger.finishTrial('nobody', result)).rejects.toMatchObject({ code: 'LEDGER_NO_TRIAL' });
    });

    test('a model is registered once and gets the next version', async () => {
      const first = await ledger.registerModel(model('a'));
      expect(first).toEqual({ ...model('a'), version: 1 });
      expect(await ledger.registerModel({ ...model('a'), verdict: 'accepted' })).toEqual(first);
      expect((await ledger.registerModel(model('b'))).version).toBe(2);
      expect((await ledger.models('main')).map((row) => row.modelHash)).toEqual(['a', 'b']);
      expect(await ledger.model('main', 'none')).toBeNull();
      expect(await ledger.model('other', 'a')).toBeNull();
    });

    test('an alias moves by compare-and-set and keeps its history', async () => {
      const move = { strategy: 'main', alias: 'champion', modelHash: 'a', date: '2024-01-05', reason: 'first' };
      expect(await ledger.alias('main', 'champion')).toBeNull();
      await expect(ledger.moveAlias(move, 1)).rejects.toMatchObject(conflict);
      expect((await ledger.moveAlias(move, 0)).version).toBe(1);
      await expect(ledger.moveAlias({ ...move, modelHash: 'b' }, 0)).rejects.toMatchObject(conflict);
      await ledger.moveAlias({ ...move, modelHash: null, reason: 'cleared' }, 1);
      expect((await ledger.alias('main', 'champion'))?.modelHash).toBeNull();
      expect((await ledger.aliasHistory('main', 'champion')).map((row) => row.reason)).toEqual(['first', 'cleared']);
    });

    test('a promotion moves by compare-and-set', async () => {
      const row = {
        strategy: 'main',
        challenger: 'b',
        step: 'shadow',
        since: '2024-01-05',
        date: '2024-01-05',
        reason: 'x',
      } as const;
      await ledger.movePromotion(row, 0);
      await expect(ledger.movePromotion(row, 0)).rejects.toMatchObject(conflict);
      await ledger.movePromotion({ ...row, step: 'ten' }, 1);
      expect(await ledger.promotion('main')).toEqual({ ...row, step: 'ten', version: 2 });
    });

    test('a date has one decision', async () => {
      const row = { strategy: 'main', date: '2024-01-05', decisionHash: 'h1', modelHash: 'a', universe: 'fx' };
      await ledger.recordDecision(row);
      await ledger.recordDecision(row);
      await expect(ledger.recordDecision({ ...row, decisionHash: 'h2' })).rejects.toMatchObject(conflict);
      await ledger.recordDecision({ ...row, date: '2024-01-08', decisionHash: 'h3' });
      expect((await ledger.latestDecision('main'))?.decisionHash).toBe('h3');
      expect((await ledger.latestDecision('main', '2024-01-08'))?.decisionHash).toBe('h1');
      expect(await ledger.latestDecision('main', '2024-01-05')).toBeNull();
      expect((await ledger.decisions('main', 1)).map((d) => d.decisionHash)).toEqual(['h3']);
    });

    test('a decision has one signed transaction, a nonce one decision, and a final state stays', async () => {
      const row = settlement('h1', 0);
      await ledger.recordSigned(row);
      await ledger.recordSigned(row);
      expect(await ledger.settlement('main', 'h1')).toEqual(row);
      await expect(ledger.recordSigned({ ...row, nonce: 1, raw: 'other' })).rejects.toMatchObject(conflict);
      await expect(ledger.recordSigned(settlement('h9', 0))).rejects.toMatchObject(conflict);
      await ledger.recordSigned(settlement('h3', 1));
      await ledger.updateSettlement('main', 'h1', { status: 'submitted', receipt: null });
      expect((await ledger.unsettled('main')).map((s) => [s.decisionHash, s.status])).toEqual([
        ['h1', 'submitted'],
        ['h3', 'signed'],
      ]);
      await ledger.updateSettlement('main', 'h1', { status: 'confirmed', receipt: '{}' });
      await ledger.updateSettlement('main', 'h1', { status: 'submitted', receipt: null });
      await ledger.updateSettlement('main', 'h1', { status: 'finalized', receipt: '{}' });
      await ledger.updateSettlement('main', 'h1', { status: 'finalized', receipt: '{}' });
      await expect(ledger.updateSettlement('main', 'h1', { status: 'submitted', receipt: null })).rejects.toMatchObject(
        conflict,
      );
      expect((await ledger.unsettled('main')).map((s) => s.decisionHash)).toEqual(['h3']);
    });

    test('attempts are kept in order, one a number; the settlement names the one that was mined', async () => {
      const row = { ...settlement('t1', 20), strategy: 'attempts' };
      const [first, second] = [1, 2].map((n) => ({ ...attempt('t1', n, 20), strategy: 'attempts' }));
      await ledger.recordSigned({ ...row, transaction: first.transaction, raw: first.raw });
      await ledger.recordAttempt(first);
      await ledger.recordAttempt(first);
      await ledger.recordAttempt(second);
      await expect(ledger.recordAttempt({ ...second, raw: 'other' })).rejects.toMatchObject(conflict);
      await expect(ledger.recordAttempt({ ...second, attempt: 3 })).rejects.toMatchObject(conflict);
      expect(await ledger.attempts('attempts', 't1')).toEqual([first, second]);
      expect((await ledger.settlement('attempts', 't1'))?.transaction).toBe(first.transaction);
      const receipt = JSON.stringify({ transaction: second.transaction });
      await ledger.updateSettlement('attempts', 't1', { status: 'finalized', receipt });
      const { transaction, raw, rebalance } = second;
      expect(await ledger.settlement('attempts', 't1')).toMatchObject({ transaction, raw, rebalance, receipt });
      expect(await ledger.settlements('attempts')).toMatchObject([{ transaction, status: 'finalized' }]);
    });

    test('nonces and fees are of the relayer, over all strategies', async () => {
      const relayer = '0xShared';
      expect(await ledger.lastNonce(1, relayer)).toBeNull();
      for (const [strategy, hash, nonce] of [
        ['s1', 'u1', 0],
        ['s2', 'u2', 1],
        ['s1', 'u3', 2],
      ] as const) {
        await ledger.recordSigned({ ...settlement(hash, nonce), strategy, chainId: 1, relayer });
        await ledger.recordAttempt({ ...attempt(hash, 1, nonce), strategy, signedAt: 100 * (nonce + 1) });
      }
      expect(await ledger.lastNonce(1, relayer)).toBe(2);
      expect(await ledger.lastNonce(2, relayer)).toBeNull();
      expect((await ledger.settlementsFrom(1, relayer, 1)).map((row) => row.decisionHash)).toEqual(['u2', 'u3']);
      await ledger.updateSettlement('s1', 'u1', { status: 'finalized', receipt: '{}' });
      const fees = async (since: number) =>
        (await ledger.feesSince(1, relayer, since)).map((row) => row.decisionHash).sort();
      expect(await fees(0)).toEqual(['u1', 'u2', 'u3']);
      expect(await fees(1_000)).toEqual(['u2', 'u3']); // not final: they may still be paid for
    });

    test('of many writers at once one wins', async () => {
      const move = { strategy: 'race', alias: 'champion', modelHash: 'a', date: '2024-01-05', reason: 'race' };
      const outcomes = await Promise.allSettled(
        Array.from({ length: 16 }, (_, i) => ledger.moveAlias({ ...move, modelHash: `m${i}` }, 0)),
      );
      expect(outcomes.filter((o) => o.status === 'fulfilled')).toHaveLength(1);
      for (const o of outcomes) if (o.status === 'rejected') expect(o.reason).toMatchObject(conflict);
      const rows = await Promise.all(
        Array.from({ length: 16 }, (_, i) => ledger.registerModel({ ...model(`r${i % 4}`), strategy: 'race' })),
      );
      expect(new Set(rows.map((row) => `${row.modelHash} ${row.version}`)).size).toBe(4);
      expect((await ledger.models('race')).map((row) => row.version)).toEqual([1, 2, 3, 4]);
      const signed = await Promise.allSettled(
        Array.from({ length: 16 }, (_, i) => ledger.recordSigned({ ...settlement(`race${i}`, 7), strategy: 'race' })),
      );
      expect(signed.filter((o) => o.status === 'fulfilled')).toHaveLength(1);
    });
  });
}
