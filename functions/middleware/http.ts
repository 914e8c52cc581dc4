import middy from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { problemResponse } from './http-problem.ts';

export type HttpHandler = (
  event: APIGatewayProxyEventV2,
  context?: Context,
) => Promise<APIGatewayProxyStructuredResultV2>;

/** One line of the access log: what was asked and answered, never a token, a body or a query. */
export interface AccessRecord {
  method: string;
  path: string;
  status: number;
  milliseconds: number;
  /** Only when the request failed inside: for the operator's eyes. */
  error?: unknown;
}

export type AccessLog = (record: AccessRecord) => void;

/** The middleware stack of the HTTP face: access log, and every error as problem+json. */
export function httpHandler(route: HttpHandler, log: AccessLog | null): HttpHandler {
  const stack = middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Error, Context>();
  if (log) stack.use(accessLog(log));
  stack.use({
    onError: (request) => {
      request.response = problemResponse(request.error);
    },
  });
  const handler = stack.handler((event: APIGatewayProxyEventV2) => route(event));
  return (event, context) => handler(event, context ?? ({} as Context)) as Promise<APIGatewayProxyStructuredResultV2>;
}

function accessLog(
  log: AccessLog,
): middy.MiddlewareObj<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Error, Context> {
  const write = (
    request: middy.Request<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Error, Context>,
  ): void => {
    const { method, path } = request.event.requestContext.http;
    const status = request.response?.statusCode ?? 500;
    log({
      method,
      path,
      status,
      milliseconds: performance.now() - Number((request.internal as { startedMs?: number }).startedMs),
      ...(status >= 500 ? { error: request.error } : {}),
    });
  };
  return {
    before: (request) => {
      (request.internal as { startedMs?: number }).startedMs = performance.now();
    },
    after: write,
    onError: write,
  };
}
