import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FilesystemObjectStore } from '../../adapters/object-store/filesystem.ts';
import { onnxRuntime } from '../../adapters/policy-runtime/onnx.ts';
import { hmacVerifier } from '../../functions/api/auth.ts';
import { buildFixture, type Fixture } from '../../functions/api/fixture.ts';
import { createHandler } from '../../functions/api/handler.ts';
import type { HttpHandler } from '../../functions/middleware/http.ts';
import { type HttpFront, serveHttp } from './server.ts';
import { homeSecret, issueToken } from './token.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export interface TestApi extends Fixture {
  handler: HttpHandler;
  store: FilesystemObjectStore;
  secret: Uint8Array;
  /** By how many milliseconds the API's clock is ahead of this machine's; a test may change it. */
  clock: { aheadMs: number };
  /** A token with these scopes; `change` overrides the rest of the request. */
  token(scope: string, change?: Partial<Parameters<typeof issueToken>[0]>): Promise<string>;
  close(): Promise<void>;
}

/** For tests: the real handler on a small strategy in a temporary folder. */
export async function openTestApi(): Promise<TestApi> {
  const home = await mkdtemp(join(tmpdir(), 'drl-api-'));
  const store = new FilesystemObjectStore(join(home, 'store'));
  const fixture = await buildFixture(ROOT, store);
  const { issuer, audience } = fixture.settings.config.api;
  const secret = await homeSecret(join(home, 'api-secret'));
  const clock = { aheadMs: 0 };
  return {
    ...fixture,
    store,
    secret,
    clock,
    handler: createHandler(async () => ({
      ports: { settings: fixture.settings, store, ledger: fixture.ledger, onnxRuntime },
      verifier: hmacVerifier(secret, { issuer, audience, now: () => Date.now() + clock.aheadMs }),
    })),
    token: (scope, change = {}) => issueToken({ scope, secret, issuer, audience, ttlSeconds: 3600, ...change }),
    async close() {
      await fixture.ledger.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}

export interface TestFront extends TestApi {
  front: HttpFront;
}

/** The same behind the real front, on a free port. */
export async function openTestFront(): Promise<TestFront> {
  const api = await openTestApi();
  const front = await serveHttp({
    port: 0,
    host: '127.0.0.1',
    handler: api.handler,
    dashboardToken: () => api.token('decisions:read'),
    report: async () => new TextEncoder().encode('<!doctype html><title>report</title>'),
  });
  return {
    ...api,
    front,
    async close() {
      await front.close();
      await api.close();
    },
  };
}
