import type { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi';
import type { Scope } from './auth.ts';
import { ROUTES } from './routes.ts';
import * as schemas from './schemas.ts';

interface Documented {
  summary: string;
  description: string;
  tag: string;
  response: z.ZodType;
  body?: z.ZodType;
  query?: z.ZodObject;
  path?: z.ZodObject;
  /** Statuses beside 200, 401, 403 and 500. */
  problems: number[];
}

const PROBLEMS: Record<number, string> = {
  400: 'The request cannot be read (JSON, query, path).',
  401: 'No token, or one that is malformed, expired or made for another service.',
  403: 'The token does not grant the scope of this route, or the licence of the data forbids it.',
  404: 'There is nothing under this name.',
  413: 'The body is larger than 256 KB.',
  415: 'The body is not application/json in UTF-8.',
  422: 'The body does not fit the schema or the model.',
  500: 'The service failed.',
  503: 'The service cannot reach, or does not trust, what it reads.',
};

const OPERATIONS: Record<string, Documented> = {
  'POST /v1/weights': {
    summary: 'Target weights',
    description:
      'By `state`: the champion sees the observation and answers with weights after the risk projection; nothing is settled by asking. By `date`: the weights that were decided on that session.',
    tag: 'weights',
    body: schemas.stateRequest.or(schemas.dateRequest),
    response: schemas.weightsResponse,
    problems: [400, 404, 413, 415, 422, 503],
  },
  'GET /v1/decisions': {
    summary: 'Decisions, newest first',
    description: 'One line a session that was decided.',
    tag: 'decisions',
    query: schemas.listQuery,
    response: schemas.decisionsResponse,
    problems: [400],
  },
  'GET /v1/decisions/{hash}': {
    summary: 'One decision',
    description:
      'Everything the decision rests on, by hash, each step from the policy to basis points, and its settlement.',
    tag: 'decisions',
    path: schemas.hashPath,
    response: schemas.decisionResponse,
    problems: [400, 404, 503],
  },
  'GET /v1/models': {
    summary: 'Models, newest first',
    description: 'Every registered model, rejected ones too.',
    tag: 'models',
    query: schemas.listQuery,
    response: schemas.modelsResponse,
    problems: [400],
  },
  'GET /v1/models/{hash}': {
    summary: 'One model with its gate report',
    description: 'The symbols and columns that its observation is made of, in order, and every gate with its value.',
    tag: 'models',
    path: schemas.hashPath,
    response: schemas.modelResponse,
    problems: [400, 404, 503],
  },
  'GET /v1/risk': {
    summary: 'Risk of the live book',
    description:
      'The book that the decisions made: NAV by session, risk figures, feature drift, data quality and alerts, as of the last monitored session.',
    tag: 'decisions',
    response: schemas.riskResponse,
    problems: [404, 503],
  },
  'GET /v1/datasets/{hash}/bars': {
    summary: 'Closes of one symbol',
    description:
      'Prices as the dataset holds them, with licence and source. Refused (403 REDISTRIBUTION) where the dataset may not be redistributed.',
    tag: 'decisions',
    path: schemas.hashPath,
    query: schemas.barsQuery,
    response: schemas.barsResponse,
    problems: [400, 404, 503],
  },
  'GET /v1/health': {
    summary: 'Health',
    description: 'Open to everyone.',
    tag: 'service',
    response: schemas.healthResponse,
    problems: [503],
  },
};

const problemResponse = (status: number) => ({
  description: PROBLEMS[status],
  content: { 'application/problem+json': { schema: schemas.problem } },
});

function operation(key: string, scope: Scope | null): ZodOpenApiOperationObject {
  const { summary, description, tag, response, body, query, path, problems } = OPERATIONS[key];
  const statuses = [...problems, ...(scope === null ? [] : [401, 403]), 500].sort();
  return {
    operationId: key
      .replace(/[^A-Za-z0-9]+(.)?/g, (_, next: string | undefined) => next?.toUpperCase() ?? '')
      .replace(/^./, (first) => first.toLowerCase()),
    summary,
    description,
    tags: [tag],
    security: scope === null ? [] : [{ bearer: [scope] }],
    ...(query || path ? { requestParams: { ...(query ? { query } : {}), ...(path ? { path } : {}) } } : {}),
    ...(body ? { requestBody: { required: true, content: { 'application/json': { schema: body } } } } : {}),
    responses: {
      200: { description: 'Done.', content: { 'application/json': { schema: response } } },
      ...Object.fromEntries(statuses.map((status) => [status, problemResponse(status)])),
    },
  };
}

/** OpenAPI 3.1 of the API, made from the schemas that check its requests. `docs/openapi.json` is this document, kept fresh by a test. */
export function openApiDocument(): object {
  const paths: ZodOpenApiPathsObject = {};
  for (const { method, path, scope } of ROUTES) {
    if (!OPERATIONS[`${method} ${path}`]) continue;
    paths[path] = { ...paths[path], [method.toLowerCase()]: operation(`${method} ${path}`, scope) };
  }
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Portfolio API',
      version: '1',
      description:
        'Target weights of the champion policy, the decisions that were settled, and the models behind them. Errors are RFC 9457 problem+json.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: ['weights', 'decisions', 'models', 'service'].map((name) => ({ name })),
    components: {
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description:
            'Scopes: weights:read, decisions:read, models:read. On one machine `drl token --scope <scope>` prints a token.',
        },
      },
    },
    paths,
  });
}
