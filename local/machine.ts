import { readFileSync } from 'node:fs';
import { StateMachine } from 'aws-local-stepfunctions';
import { MACHINES, type Machine } from '../config/schema.ts';
import { ProductError } from '../domain/errors.ts';

type Json = Parameters<StateMachine['run']>[0];
export type TaskHandler = (input: unknown) => Promise<unknown>;

interface State {
  Type: string;
  Resource?: string;
  Parameters?: { StateMachineArn?: string };
  ItemProcessor?: { States: Record<string, State> };
}

const definition = (machine: Machine): { States: Record<string, State> } =>
  JSON.parse(readFileSync(new URL(`../state-machines/${machine}.asl.json`, import.meta.url), 'utf8'));

/** Every Task state of a machine, inner Map states too: state name -> state. */
function taskStates(states: Record<string, State>): [string, State][] {
  return Object.entries(states).flatMap(([name, state]) => [
    ...(state.Type === 'Task' ? [[name, state] as [string, State]] : []),
    ...(state.ItemProcessor ? taskStates(state.ItemProcessor.States) : []),
  ]);
}

/**
 * Runs a machine of `state-machines/` as it is: `${stage}` resources are answered by that stage's handler, nested executions by
 * running the named machine. Retries of transient AWS errors do not apply here: an error ends the run with its own type.
 */
export async function runMachine(
  machine: Machine,
  input: Record<string, unknown>,
  handlers: Readonly<Record<string, TaskHandler>>,
): Promise<Record<string, unknown>> {
  let failure: unknown;
  const guarded = (handler: TaskHandler) => async (event: unknown) => {
    try {
      return (await handler(event)) as Json;
    } catch (error) {
      failure ??= error;
      throw error;
    }
  };
  const nested = (name: string | undefined): TaskHandler => {
    const target = MACHINES.find((known) => name === `\${${known}}`);
    if (!target)
      throw new ProductError('MACHINE_UNKNOWN', 'A nested execution names no known machine', {
        facts: { machine, name },
      });
    return async (event) => ({
      Output: await runMachine(target, (event as { Input: Record<string, unknown> }).Input, handlers),
    });
  };
  const body = definition(machine);
  const local = Object.fromEntries(
    taskStates(body.States).map(([name, state]) => {
      if (state.Resource?.includes('startExecution')) return [name, guarded(nested(state.Parameters?.StateMachineArn))];
      const stage = /^\$\{(\w+)\}$/.exec(state.Resource ?? '')?.[1] ?? '';
      const handler = handlers[stage];
      if (!handler)
        throw new ProductError('MACHINE_NO_HANDLER', 'A state has no local handler', {
          facts: { machine, state: name, resource: state.Resource },
        });
      return [name, guarded(handler)];
    }),
  );
  const execution = new StateMachine(body as unknown as ConstructorParameters<typeof StateMachine>[0], {
    validationOptions: { checkArn: false, noValidate: true },
  }).run(input as Json, {
    overrides: { taskResourceLocalHandlers: local },
  });
  try {
    return (await execution.result) as Record<string, unknown>;
  } catch (error) {
    throw failure ?? error; // the engine wraps what a handler threw; people need the original
  }
}
