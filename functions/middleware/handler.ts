import { Logger } from '@aws-lambda-powertools/logger';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import type { Stage } from '../../config/schema.ts';
import { ProductError } from '../../domain/errors.ts';
import type { Run } from '../contracts.ts';
import type { Ports } from '../ports.ts';
import { runStage, type StageDefinition } from './stage.ts';

export type StageHandler = (event: unknown, context?: Context) => Promise<unknown>;

/** What a handler is built from: its ports, made on the first call so that a cold start pays only for what it uses. */
export type PortsFactory<Needs extends keyof Ports> = (
  needs: readonly Needs[],
) => Promise<Pick<Ports, Needs | 'settings'> & Partial<Ports>>;

/** On one machine the command shows progress instead of a log. */
const onAws = (): boolean => Boolean(process.env.AWS_LAMBDA_FUNCTION_NAME ?? process.env.DRL_TASK_TOKEN);

/** The one middleware stack of every stage: structured log, duration metric, input and output schema, memory, typed errors. */
export function stageHandler<S extends Stage, Input extends Run, Needs extends keyof Ports>(
  stage: StageDefinition<S, Input, Needs>,
  createPorts: PortsFactory<Needs>,
): StageHandler {
  const logger = new Logger({
    serviceName: stage.name,
    logLevel: process.env.DRL_LOG_LEVEL === 'DEBUG' ? 'DEBUG' : onAws() ? 'INFO' : 'SILENT',
  });
  let ports: ReturnType<PortsFactory<Needs>> | undefined;
  const handler = middy<unknown, unknown, Error, Context>()
    .use({
      before: (request) => {
        request.internal.startedMs = performance.now();
      },
      after: (request) => {
        logger.info('stage done', {
          stage: stage.name,
          seconds: (performance.now() - Number(request.internal.startedMs)) / 1000,
        });
      },
      onError: (request) => {
        const { error } = request;
        const facts =
          error instanceof ProductError ? { code: error.code, facts: error.facts, remedy: error.remedy } : {};
        logger.error('stage failed', { stage: stage.name, ...facts, error: error ?? undefined });
      },
    })
    .handler(async (event: unknown) => {
      ports ??= createPorts(stage.needs).catch((error) => {
        ports = undefined;
        throw error;
      });
      const ready = await ports;
      const started = performance.now();
      const result = await runStage(stage, event, ready as Pick<Ports, Needs> & Pick<Ports, 'settings'>);
      ready.metrics?.emit(stage.name, {
        Duration: { value: (performance.now() - started) / 1000, unit: 'Seconds' },
        Unchanged: { value: result.status === 'unchanged' ? 1 : 0, unit: 'Count' },
      });
      return result.output;
    });
  return (event, context) => handler(event, context ?? ({} as Context)) as Promise<unknown>;
}
