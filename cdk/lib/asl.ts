import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from '../../config/schema.ts';

/** One state of the Amazon States Language, as far as the wiring reads it. */
export interface AslState {
  Type: string;
  Resource?: string;
  Parameters?: Record<string, unknown>;
  Retry?: unknown[];
  Next?: string;
  End?: boolean;
  ItemProcessor?: AslDefinition;
  Branches?: AslDefinition[];
  [field: string]: unknown;
}

export interface AslDefinition {
  StartAt: string;
  States: Record<string, AslState>;
  [field: string]: unknown;
}

export const machineFile = (root: string, machine: Machine): string =>
  join(root, 'state-machines', `${machine}.asl.json`);

export const readMachine = (root: string, machine: Machine): AslDefinition =>
  JSON.parse(readFileSync(machineFile(root, machine), 'utf8'));

/** Every state with the path to it, those inside Map and Parallel too. */
export function statesOf(definition: AslDefinition): { name: string; state: AslState; inMap: boolean }[] {
  const walk = (inner: AslDefinition, inMap: boolean): { name: string; state: AslState; inMap: boolean }[] =>
    Object.entries(inner.States).flatMap(([name, state]) => [
      { name, state, inMap },
      ...(state.ItemProcessor ? walk(state.ItemProcessor, true) : []),
      ...(state.Branches ?? []).flatMap((branch) => walk(branch, inMap)),
    ]);
  return walk(definition, false);
}

/** The name between `${` and `}` of a Task's resource (a stage) or of its nested execution (a machine); null for other states. */
export function substitutionOf(state: AslState): string | null {
  const named = (text: unknown) => /^\$\{(\w+)\}$/.exec(String(text))?.[1] ?? null;
  return named(state.Resource) ?? named(state.Parameters?.['StateMachineArn']);
}

/**
 * What no machine may hold, because it runs on AWS and on one machine alike and the local engine would run it wrongly or not at all
 * (JSONata, Assign, Distributed Map, ItemReader and its kin), or because states carry names and hashes only.
 */
export function lintMachine(definition: AslDefinition): string[] {
  const problems: string[] = [];
  const forbidden: Record<string, string> = {
    Assign: 'variables are ignored by the local engine',
    Arguments: 'JSONata only',
    Output: 'JSONata only',
    ItemReader: 'not run by the local engine',
    ItemBatcher: 'not run by the local engine',
    ResultWriter: 'not run by the local engine',
    Iterator: 'use ItemProcessor',
  };
  const check = (name: string, fields: Record<string, unknown>) => {
    if (fields['QueryLanguage'] !== undefined && fields['QueryLanguage'] !== 'JSONPath')
      problems.push(`${name}: QueryLanguage ${String(fields['QueryLanguage'])} is not JSONPath`);
    for (const field of Object.keys(fields))
      if (forbidden[field]) problems.push(`${name}: ${field} (${forbidden[field]})`);
    if (/\{%|%\}/.test(JSON.stringify(fields))) problems.push(`${name}: a JSONata expression`);
  };
  const { States: _states, ...top } = definition;
  check('machine', top);
  for (const { name, state } of statesOf(definition)) {
    check(name, state);
    const mode =
      (state.ItemProcessor as { ProcessorConfig?: { Mode?: string } } | undefined)?.ProcessorConfig?.Mode ?? 'INLINE';
    if (mode !== 'INLINE') problems.push(`${name}: Map mode ${mode} (the local engine runs it inline)`);
    if (/\$\$\.(Task\.Token|State\.)/.test(JSON.stringify(state)))
      problems.push(`${name}: the context object's Task and State are not known to the local engine`);
    if (state.Type === 'Task' && substitutionOf(state) === null)
      problems.push(`${name}: a Task names a stage or a machine as \${name}`);
  }
  return problems;
}
