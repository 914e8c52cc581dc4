import { type AccessLog, type HttpHandler, httpHandler } from '../middleware/http.ts';
import { requireScope, type Verifier } from './auth.ts';
import { findRoute, ok } from './routes.ts';
import { type ApiPorts, ApiService } from './service.ts';

export interface ApiOptions {
  ports: ApiPorts;
  verifier: Verifier;
  /** Milliseconds since 1970. */
  now?: () => number;
}

/**
 * The API as one handler of API Gateway HTTP API events (payload 2.0). What it is built from is made on the first request,
 * so that a cold start pays only for what it uses; a failure to build is answered 500 and tried again on the next request.
 */
export function apiHandler(create: () => Promise<ApiOptions>, log: AccessLog | null = null): HttpHandler {
  let built: Promise<{ service: ApiService; verifier: Verifier }> | undefined;
  const build = async () => {
    const { ports, verifier, now } = await create();
    return { service: new ApiService(ports, now ?? Date.now), verifier };
  };
  return httpHandler(async (event) => {
    const { route, parameters } = findRoute(event.requestContext.http.method, event.rawPath);
    built ??= build().catch((error) => {
      built = undefined;
      throw error;
    });
    const { service, verifier } = await built;
    if (route.scope !== null) requireScope(await verifier(event), route.scope);
    return ok(await route.handle(service, { event, parameters }));
  }, log);
}
