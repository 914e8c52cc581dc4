import { describe, expect, it } from '@jest/globals';
import { MACHINES, STAGES } from '../config/schema.ts';
import { badInput } from '../domain/errors.ts';
import { runMachine, type TaskHandler } from './machine.ts';

const ref = (kind: string) => ({ kind, hash: '0'.repeat(64) });

/** Handlers that answer with the least that the machines read, and remember who was called with what. */
function recorder(answers: Partial<Record<string, unknown>> = {}) {
  const calls: string[] = [];
  const inputs: Record<string, Record<string, unknown>[]> = {};
  const standard: Record<string, unknown> = {
    ingest: { open: true, trainingDue: true, dataset: ref('datasets') },
    features: { features: ref('features'), trials: [{ window: 0 }, { window: 1 }], parallelTrials: 1 },
    promote: { step: 'none', champion: ref('models') },
    settle: { status: 'finalized' },
  };
  const handlers = Object.fromEntries(
    STAGES.map((stage): [string, TaskHandler] => [
      stage,
      async (input) => {
        calls.push(stage);
        inputs[stage] = [...(inputs[stage] ?? []), input as Record<string, unknown>];
        const answer = answers[stage];
        return typeof answer === 'function'
          ? answer(input, inputs[stage].length)
          : (answer ?? standard[stage] ?? { made: stage });
      },
    ]),
  );
  return { calls, inputs, handlers };
}

const input = {
  strategy: 'main',
  universe: 'fx-ecb',
  date: '2026-10-30',
  profile: 'quick',
  finality: { pollSeconds: 0 },
};

describe('the daily machine', () => {
  it('runs every stage of the line in order, the training plan one trial at a time', async () => {
    const { calls, handlers, inputs } = recorder();
    const state = await runMachine('daily', input, handlers);
    expect(calls).toEqual([
      'ingest',
      'graph',
      'embeddings',
      'features',
      'train',
      'train',
      'validate',
      'register',
      'promote',
      'backtest',
      'promote',
      'decide',
      'settle',
      'reconcile',
      'monitor',
      'report',
    ]);
    expect(inputs.train.map((each) => each.trial)).toEqual([{ window: 0 }, { window: 1 }]);
    expect(inputs.validate[0].train).toEqual([{ made: 'train' }, { made: 'train' }]);
    expect(inputs.promote.map((each) => each.action)).toEqual([undefined, 'status']);
    expect(state).toMatchObject({
      training: { backtest: { made: 'backtest' } },
      promotion: { promote: { step: 'none' } },
      report: { made: 'report' },
    });
    expect(new Set(calls)).toEqual(new Set(STAGES));
  });

  it('ends at once on a day without a session', async () => {
    const { calls, handlers } = recorder({ ingest: { open: false } });
    await runMachine('daily', input, handlers);
    expect(calls).toEqual(['ingest']);
  });

  it('passes training over when it is not due', async () => {
    const { calls, handlers } = recorder({ ingest: { open: true, trainingDue: false } });
    await runMachine('daily', input, handlers);
    expect(calls).not.toContain('train');
    expect(calls).toContain('decide');
  });

  it('asks for finality again until the chain says finalized', async () => {
    const { calls, handlers } = recorder({
      settle: (_: unknown, call: number) => ({ status: ['submitted', 'confirmed', 'finalized'][call - 1] }),
    });
    await runMachine('daily', input, handlers);
    expect(calls.filter((stage) => stage === 'settle')).toHaveLength(3);
  });

  it('gives a failing stage back as its own error, and runs nothing after it', async () => {
    const { calls, handlers } = recorder({
      features: () => {
        throw badInput('FEATURE_NAN', 'not finite', { facts: { asset: 'JPY' } });
      },
    });
    await expect(runMachine('daily', input, handlers)).rejects.toMatchObject({
      code: 'FEATURE_NAN',
      facts: { asset: 'JPY' },
    });
    expect(calls.at(-1)).toBe('features');
  });
});

describe('the promotion machine', () => {
  it.each([
    ['shadow', 'shadow'],
    ['ten', 'ten'],
    ['fifty', 'fifty'],
  ])('on step %s advances from it', async (step, from) => {
    const { handlers, inputs } = recorder({
      promote: (_: unknown, call: number) => (call === 1 ? { step } : { step: 'next' }),
    });
    const state = await runMachine('promotion', { ...input, ingest: {}, features: {} }, handlers);
    expect(inputs.promote[1]).toMatchObject({ action: 'advance', from });
    expect(state.promote).toEqual({ step: 'next' });
  });

  it('leaves the champion when nothing is on its way', async () => {
    const { calls, handlers } = recorder();
    await runMachine('promotion', { ...input, ingest: {}, features: {} }, handlers);
    expect(calls).toEqual(['promote']);
  });
});

it('refuses a state without a handler', async () => {
  for (const machine of MACHINES)
    await expect(runMachine(machine, input, {})).rejects.toMatchObject({ code: 'MACHINE_NO_HANDLER' });
});
