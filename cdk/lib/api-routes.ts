/** The routes that the gateway knows. A test compares them with the table that the handler serves. */
export interface ApiRoute {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Scope that the token must have; null: open to everyone. */
  readonly scope: string | null;
}

export const API_ROUTES: readonly ApiRoute[] = [
  { method: 'POST', path: '/v1/weights', scope: 'weights:read' },
  { method: 'GET', path: '/v1/decisions', scope: 'decisions:read' },
  { method: 'GET', path: '/v1/decisions/{hash}', scope: 'decisions:read' },
  { method: 'GET', path: '/v1/models', scope: 'models:read' },
  { method: 'GET', path: '/v1/models/{hash}', scope: 'models:read' },
  { method: 'GET', path: '/v1/risk', scope: 'decisions:read' },
  { method: 'GET', path: '/v1/datasets/{hash}/bars', scope: 'decisions:read' },
  { method: 'GET', path: '/v1/health', scope: null },
  { method: 'GET', path: '/openapi.json', scope: null },
];

export const SCOPES: readonly string[] = [...new Set(API_ROUTES.flatMap((route) => route.scope ?? []))];

/** Requests a second and burst, of the whole API and of the routes that compute. */
export const THROTTLES = {
  all: { rate: 50, burst: 100 },
  routes: { 'POST /v1/weights': { rate: 20, burst: 40 } },
} as const;
