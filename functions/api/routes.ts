import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { ApiProblem, JSON_TYPE } from '../middleware/http-problem.ts';
import type { Scope } from './auth.ts';
import { getDecision, listDecisions } from './decisions.ts';
import { getHealth } from './health.ts';
import { getModel, listModels } from './models.ts';
import { getRisk } from './risk.ts';
import type { ApiService } from './service.ts';
import { postWeights } from './weights.ts';

export interface ApiRequest {
  event: APIGatewayProxyEventV2;
  /** Values of the `{name}` segments of the route's path. */
  parameters: Record<string, string>;
}

export interface Route {
  method: 'GET' | 'POST';
  path: string;
  /** null: open to everyone. */
  scope: Scope | null;
  handle(service: ApiService, request: ApiRequest): Promise<unknown>;
}

/** Loaded when first asked for: the Parquet reader has no part in a cold start. */
const bars: Route['handle'] = async (service, request) => (await import('./bars.ts')).getBars(service, request);

/** Every route of the API; the OpenAPI document, the authoriser's wiring and the tests go over this table. */
export const ROUTES: readonly Route[] = [
  { method: 'POST', path: '/v1/weights', scope: 'weights:read', handle: postWeights },
  { method: 'GET', path: '/v1/decisions', scope: 'decisions:read', handle: listDecisions },
  { method: 'GET', path: '/v1/decisions/{hash}', scope: 'decisions:read', handle: getDecision },
  { method: 'GET', path: '/v1/models', scope: 'models:read', handle: listModels },
  { method: 'GET', path: '/v1/models/{hash}', scope: 'models:read', handle: getModel },
  { method: 'GET', path: '/v1/risk', scope: 'decisions:read', handle: getRisk },
  { method: 'GET', path: '/v1/datasets/{hash}/bars', scope: 'decisions:read', handle: bars },
  { method: 'GET', path: '/v1/health', scope: null, handle: getHealth },
  {
    method: 'GET',
    path: '/openapi.json',
    scope: null,
    handle: async () => (await import('./openapi.ts')).openApiDocument(),
  },
];

const split = (path: string): string[] => path.split('/').slice(1);
const TABLE = ROUTES.map((route) => ({ route, segments: split(route.path) }));

/** The route of a request: 404 for an unknown path, 405 with `Allow` for a known one under another method. */
export function findRoute(method: string, path: string): { route: Route; parameters: Record<string, string> } {
  const segments = split(path);
  const allowed: string[] = [];
  for (const entry of TABLE) {
    const parameters = match(entry.segments, segments);
    if (!parameters) continue;
    if (entry.route.method === method) return { route: entry.route, parameters };
    allowed.push(entry.route.method);
  }
  if (allowed.length === 0)
    throw new ApiProblem(404, 'NO_SUCH_PATH', 'There is nothing at this path', {
      remedy: 'GET /openapi.json lists the paths.',
    });
  throw new ApiProblem(405, 'METHOD', `This path answers ${allowed.join(', ')}`, {
    headers: { allow: allowed.join(', ') },
  });
}

function match(pattern: readonly string[], segments: readonly string[]): Record<string, string> | null {
  if (pattern.length !== segments.length) return null;
  const parameters: Record<string, string> = {};
  for (let i = 0; i < pattern.length; i++) {
    if (pattern[i].startsWith('{')) parameters[pattern[i].slice(1, -1)] = segments[i];
    else if (pattern[i] !== segments[i]) return null;
  }
  return parameters;
}

export const ok = (body: unknown): APIGatewayProxyStructuredResultV2 => ({
  statusCode: 200,
  headers: { 'content-type': JSON_TYPE, 'cache-control': 'no-store' },
  body: JSON.stringify(body),
});
