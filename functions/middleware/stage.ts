import type { z } from 'zod';
import { getPointer, movePointer, type ObjectStore } from '../../adapters/object-store/port.ts';
import type { Stage } from '../../config/schema.ts';
import { badInput, ProductError } from '../../domain/errors.ts';
import { hashOf } from '../../domain/lineage/canonical.ts';
import { outputs, type Run, runSchema } from '../contracts.ts';
import type { Ports } from '../ports.ts';

export type StageOutput<S extends Stage> = z.infer<(typeof outputs)[S]>;

/** A stage: its name, what it reads of the state document, and its use case over ports. */
export interface StageDefinition<S extends Stage, Input extends Run, Needs extends keyof Ports> {
  name: S;
  /** Parses the state document; unknown parts of it are dropped, so the parsed value is the stage's true input. */
  input: z.ZodType<Input>;
  needs: readonly Needs[];
  /** Which outputs are final, so that the same input is answered from memory: settle, say, only once its transaction is finalized. */
  isFinal(output: StageOutput<S>): boolean;
  run(input: Input, ports: Pick<Ports, Needs>): Promise<StageOutput<S>>;
}

export const defineStage = <S extends Stage, Input extends Run, Needs extends keyof Ports>(
  definition: StageDefinition<S, Input, Needs>,
): StageDefinition<S, Input, Needs> => definition;

export interface StageResult {
  /** `unchanged`: the same input was done before, and its stored output is returned. */
  status: 'done' | 'unchanged';
  output: unknown;
}

/**
 * Run a stage: check the input, answer from memory when the same input was done before, check the output, remember it.
 * Memory is a pointer in the object store (`memo/<stage>/<hash of input and settings>`), written after the artifacts it names,
 * so that a stage killed at any instruction is simply run again.
 */
export async function runStage<S extends Stage, Input extends Run, Needs extends keyof Ports>(
  stage: StageDefinition<S, Input, Needs>,
  event: unknown,
  ports: Pick<Ports, Needs> & { store?: ObjectStore; settings: Ports['settings'] },
): Promise<StageResult> {
  const parsed = stage.input.safeParse(event);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw badInput('STAGE_INPUT', `The input of stage ${stage.name} is not what it needs`, {
      facts: { field: issue.path.join('.') || '(root)', problem: issue.message },
      remedy: 'Run the earlier stages of this day first (drl run daily).',
    });
  }
  const { store } = ports;
  const strategy = runSchema.parse(event).strategy;
  const memoName = `memo/${stage.name}/${hashOf({ input: parsed.data, settings: ports.settings })}`;
  if (store) {
    const known = await getPointer<unknown>(store, strategy, memoName);
    if (known) return { status: 'unchanged', output: outputs[stage.name].parse(known.value) };
  }
  const output = outputs[stage.name].parse(await stage.run(parsed.data, ports)) as StageOutput<S>;
  if (store && stage.isFinal(output)) {
    await movePointer(store, strategy, memoName, output, null).catch((error) => {
      if (!(error instanceof ProductError && error.code === 'OBJECT_PRECONDITION')) throw error; // another run of the same stage ended first
    });
  }
  return { status: 'done', output };
}
