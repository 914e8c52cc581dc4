import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { StateMachine } from 'aws-local-stepfunctions';
import { loadSettings } from '../../config/load.ts';
import { MACHINES, STAGES } from '../../config/schema.ts';
import { type AslDefinition, type AslState, lintMachine, readMachine, statesOf, substitutionOf } from '../lib/asl.ts';
import { bindStages } from '../lib/bind-stages.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const aslValidator = createRequire(import.meta.url)('asl-validator') as (
  definition: unknown,
  options: object,
) => { isValid: boolean; errorsText(): string };
/** What the validator of the language says of a definition whose placeholders have been given values. */
const complaints = (definition: AslDefinition): string => {
  const text = JSON.stringify(definition).replaceAll(
    /\$\{(\w+)\}/g,
    'arn:aws:lambda:eu-central-1:111111111111:function:$1',
  );
  const result = aslValidator(JSON.parse(text), {});
  return result.isValid ? '' : result.errorsText();
};
const { compute } = loadSettings({ root });
const allOn = (on: 'lambda' | 'task') =>
  Object.fromEntries(STAGES.map((stage) => [stage, { ...compute[stage], on }])) as typeof compute;

describe.each(MACHINES)('%s', (name) => {
  const definition = readMachine(root, name);

  test('is valid and holds nothing that the local engine runs wrongly', () => {
    expect(complaints(definition)).toBe('');
    expect(lintMachine(definition)).toEqual([]);
  });

  test('is left as it is when every stage is a function, and is valid when every stage is a task', () => {
    expect(bindStages(definition, allOn('lambda'), STAGES)).toEqual(definition);
    expect(complaints(bindStages(definition, allOn('task'), STAGES))).toBe('');
  });
});

test('the tasks of the machines are the stages, the nested executions the machines', () => {
  const named = new Set(
    MACHINES.flatMap((name) => statesOf(readMachine(root, name)).map(({ state }) => substitutionOf(state))),
  );
  named.delete(null);
  expect([...named].sort()).toEqual([...STAGES, 'promotion', 'training'].sort());
});

test('every stage has a state of its own name', () => {
  const names = MACHINES.flatMap((name) => statesOf(readMachine(root, name)).map((state) => state.name));
  expect(names).toEqual(expect.arrayContaining([...STAGES]));
});

test('a task that was told to end (Spot) is tried again', () => {
  const states = statesOf(bindStages(readMachine(root, 'training'), allOn('task'), STAGES));
  const retries = states.find(({ name }) => name === 'train')?.state['Retry'] as { ErrorEquals: string[] }[];
  expect(retries.flatMap(({ ErrorEquals }) => ErrorEquals)).toContain('TRAIN_INTERRUPTED');
});

describe('so many trials at once as the plan says', () => {
  const { States, ...rest } = readMachine(root, 'training');
  const trainEach: AslState = { ...States['train each'], End: true };
  delete trainEach.Next;
  const mapAlone = { ...rest, States: { 'train each': trainEach } };

  test.each([1, 2, 3])('%s', async (parallelTrials) => {
    let [running, most] = [0, 0];
    const train = async (): Promise<object> => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setTimeout(resolve, 10));
      running -= 1;
      return {};
    };
    const trials = Array.from({ length: 6 }, (_, seed) => ({ seed }));
    const facts = { strategy: 's', universe: 'u', date: 'd', profile: 'p', ingest: {} };
    const execution = new StateMachine(mapAlone as never, {
      validationOptions: { checkArn: false, noValidate: true },
    }).run({ ...facts, features: { trials, parallelTrials } }, {
      overrides: { taskResourceLocalHandlers: { train } },
    } as never);
    expect(((await execution.result) as { train: unknown[] }).train).toHaveLength(6);
    expect(most).toBe(parallelTrials);
  });

  test('the validator of the language knows the field, and refuses a misspelt one', () => {
    expect(complaints(readMachine(root, 'training'))).toBe('');
    expect(trainEach['MaxConcurrencyPath']).toBe('$.features.parallelTrials');
    const { MaxConcurrencyPath, ...without } = trainEach;
    const misspelt = { ...without, MaxConcurencyPath: MaxConcurrencyPath } as AslState;
    expect(complaints({ ...rest, States: { 'train each': misspelt } })).not.toBe('');
  });
});

describe('the lint refuses', () => {
  const machine = (state: Partial<AslState>, top: object = {}): AslDefinition => ({
    StartAt: 'a',
    States: { a: { Type: 'Pass', End: true, ...state } },
    ...top,
  });
  const map = (config: object): Partial<AslState> => ({
    Type: 'Map',
    ItemProcessor: { ProcessorConfig: config, StartAt: 'b', States: { b: { Type: 'Pass', End: true } } },
  });
  const cases: [string, AslDefinition, RegExp][] = [
    ['JSONata for the machine', machine({}, { QueryLanguage: 'JSONata' }), /QueryLanguage/],
    ['JSONata for a state', machine({ QueryLanguage: 'JSONata' }), /QueryLanguage/],
    ['a JSONata expression', machine({ Parameters: { x: '{% $states.input %}' } }), /JSONata expression/],
    ['Assign', machine({ Assign: { x: 1 } }), /Assign/],
    ['a Distributed Map', machine(map({ Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' })), /DISTRIBUTED/],
    ['ItemReader', machine({ ...map({ Mode: 'INLINE' }), ItemReader: {} }), /ItemReader/],
    ['a task token', machine({ Parameters: { 'x.$': '$$.Task.Token' } }), /Task and State/],
    [
      'a task by a fixed ARN',
      machine({ Type: 'Task', Resource: 'arn:aws:lambda:eu-central-1:111111111111:function:x' }),
      /names a stage/,
    ],
    [
      'the same inside a Map',
      machine({ Type: 'Map', ItemProcessor: { StartAt: 'b', States: { b: { Type: 'Pass', Assign: {}, End: true } } } }),
      /^b: Assign/,
    ],
  ];
  test.each(cases)('%s', (_name, definition, problem) => {
    expect(lintMachine(definition).join('\n')).toMatch(problem);
  });
});

describe('a stage on a task', () => {
  const bound = (name: 'daily' | 'training') =>
    Object.fromEntries(
      statesOf(bindStages(readMachine(root, name), allOn('task'), STAGES)).map(({ name: state, state: body }) => [
        state,
        body,
      ]),
    );
  const runTask = 'arn:aws:states:::ecs:runTask.waitForTaskToken';

  test('hands its input over, waits by token, and gives its answer where the function would', () => {
    const states = bound('daily');
    expect(states['hand over to graph']).toMatchObject({
      Resource: 'arn:aws:states:::aws-sdk:s3:putObject',
      ResultPath: null,
      Next: 'graph',
      Parameters: { 'Body.$': '$' },
    });
    expect(states['graph']).toMatchObject({
      Resource: runTask,
      ResultPath: '$.graph',
      Next: 'hand over to embeddings',
      TimeoutSeconds: compute.graph.timeoutSeconds,
    });
    const environment = (
      states['graph']!.Parameters as { Overrides: { ContainerOverrides: { Environment: { Name: string }[] }[] } }
    ).Overrides.ContainerOverrides[0]!.Environment;
    expect(environment.map((item) => item.Name)).toEqual(['DRL_TASK_TOKEN', 'DRL_TASK_INPUT_KEY']);
    expect(JSON.stringify(states['graph'])).not.toContain('Lambda.');
  });

  test('every way in leads to the hand-over: successors, choices, the loop', () => {
    const states = bound('daily');
    expect(states['date given?']).toMatchObject({
      Default: 'date of the schedule',
      Choices: [{ Next: 'hand over to ingest' }],
    });
    expect(states['final?']!['Choices']).toEqual(
      expect.arrayContaining([expect.objectContaining({ Next: 'hand over to reconcile' })]),
    );
    expect(states['one more poll']!.Next).toBe('hand over to settle');
  });

  test('items of a Map do not share an input', () => {
    const states = bound('training');
    expect(states['train each']!['ItemSelector']).toMatchObject({ 'item.$': '$$.Map.Item.Index' });
    expect((states['hand over to train']!.Parameters as { 'Key.$': string })['Key.$']).toContain('$.item');
  });
});

describe('the daily machine, run', () => {
  const started = { strategy: 'main', universe: 'u', profile: 'quick', finality: { pollSeconds: 0, maxPolls: 3 } };
  const run = async (input: object, outputs: Partial<Record<string, (event: unknown, call: number) => object>>) => {
    const calls: string[] = [];
    const definition = readMachine(root, 'daily');
    const handlers = Object.fromEntries(
      statesOf(definition)
        .filter(({ state }) => state.Type === 'Task')
        .map(({ name }) => [
          name,
          async (event: unknown) => {
            calls.push(name);
            const nested = name === 'training' || name === 'promotion';
            const output = outputs[name]?.(event, calls.filter((call) => call === name).length) ?? { stage: name };
            return (
              nested ? { Output: { train: [], validate: {}, register: {}, promote: {}, backtest: {} } } : output
            ) as never;
          },
        ]),
    );
    const machine = new StateMachine(definition as never, { validationOptions: { noValidate: true } } as never);
    const result = (await machine.run(input as never, { overrides: { taskResourceLocalHandlers: handlers } })
      .result) as Record<string, unknown>;
    return { calls, result };
  };
  const ingest = (open: boolean, trainingDue = false) => ({ ingest: () => ({ open, trainingDue }) });
  const settled = (statuses: string[]) => ({
    settle: (_event: unknown, call: number) => ({ status: statuses[Math.min(call, statuses.length) - 1]! }),
  });

  test('the schedule gives its time, the day is its date', async () => {
    const { result } = await run({ ...started, scheduledTime: '2026-03-06T16:30:00Z' }, ingest(false));
    expect(result).toMatchObject({ date: '2026-03-06', strategy: 'main', finality: started.finality });
  });

  test('a closed day ends after ingest', async () => {
    expect((await run({ ...started, date: '2026-03-07' }, ingest(false))).calls).toEqual(['ingest']);
  });

  test('an open day walks the line; training only when it is due', async () => {
    const line = [
      'ingest',
      'graph',
      'embeddings',
      'features',
      'promotion',
      'decide',
      'settle',
      'reconcile',
      'monitor',
      'report',
    ];
    expect(
      (await run({ ...started, date: '2026-03-06' }, { ...ingest(true), ...settled(['finalized']) })).calls,
    ).toEqual(line);
    const due = await run(
      { ...started, date: '2026-03-06' },
      { ...ingest(true, true), ...settled(['notInitialised']) },
    );
    expect(due.calls).toEqual(line.toSpliced(4, 0, 'training'));
  });

  test('settle is asked until the chain says finalized', async () => {
    const { calls, result } = await run(
      { ...started, date: '2026-03-06' },
      { ...ingest(true), ...settled(['submitted', 'confirmed', 'finalized']) },
    );
    expect(calls.filter((call) => call === 'settle')).toHaveLength(3);
    expect(result).toMatchObject({ settle: { status: 'finalized' }, polls: { count: 2 } });
  });

  test('a transaction that never becomes final ends in a reconciliation, not in an endless loop', async () => {
    const { calls, result } = await run(
      { ...started, date: '2026-03-06' },
      { ...ingest(true), ...settled(['submitted']) },
    );
    expect(calls.filter((call) => call === 'settle')).toHaveLength(started.finality.maxPolls + 1);
    expect(calls).toContain('reconcile');
    expect(result).toMatchObject({ settle: { status: 'submitted' } });
  });
});
