import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FilesystemObjectStore } from '../../adapters/object-store/filesystem.ts';
import { onnxRuntime } from '../../adapters/policy-runtime/onnx.ts';
import { hmacVerifier } from '../../functions/api/auth.ts';
import { buildFixture, type Fixture } from '../../functions/api/fixture.ts';
import { createHandler } from '../../functions/api/handler.ts';
import { type HttpFront, serveHttp } from './server.ts';
import { homeSecret, issueToken } from './token.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export interface TestFront extends Fixture {
  front: HttpFront;
  store: FilesystemObjectStore;
  secret: Uint8Array;
  /** A token with these scopes; `change` overrides the rest of the request. */
  token(scope: string, change?: Partial<Parameters<typeof issueToken>[0]>): Promise<string>;
  close(): Promise<void>;
}

/** For tests: the real handler behind the real front, on a small strategy in a temporary folder. */
export async function openTestFront(): Promise<TestFront> {
  const home = await mkdtemp(join(tmpdir(), 'drl-api-'));
  const store = new FilesystemObjectStore(join(home, 'store'));
  const fixture = await buildFixture(ROOT, store);
  const { issuer, audience } = fixture.settings.config.api;
  const secret = await homeSecret(join(home, 'api-secret'));
  const token: TestFront['token'] = (scope, change = {}) =>
    issueToken({ scope, secret, issuer, audience, ttlSeconds: 60, ...change });
  const front = await serveHttp({
    port: 0,
    host: '127.0.0.1',
    handler: createHandler(async () => ({
      ports: { settings: fixture.settings, store, ledger: fixture.ledger, onnxRuntime },
      verifier: hmacVerifier(secret, { issuer, audience, now: Date.now }),
    })),
    dashboardToken: () => token('decisions:read'),
    report: async () => new TextEncoder().encode('<!doctype html><title>report</title>'),
  });
  return {
    ...fixture,
    front,
    store,
    secret,
    token,
    async close() {
      await front.close();
      await fixture.ledger.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}
