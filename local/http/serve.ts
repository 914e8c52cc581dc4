import { getArtifactFile } from '../../adapters/object-store/port.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import { hmacVerifier, SCOPES } from '../../functions/api/auth.ts';
import { createHandler } from '../../functions/api/handler.ts';
import type { Installation } from '../installation.ts';
import { newestState } from '../run-state.ts';
import { type HttpFront, serveHttp } from './server.ts';
import { homeSecret, issueToken } from './token.ts';

/** Serve this home: the API by its real handler, the dashboard, the Swagger UI, the newest report. */
export async function serveInstallation(installation: Installation, port?: number): Promise<HttpFront> {
  const { api } = installation.settings.config;
  const secret = await homeSecret(installation.home.apiSecret);
  const rules = { issuer: api.issuer, audience: api.audience };
  const front = await serveHttp({
    port: port ?? api.port,
    host: '127.0.0.1',
    handler: createHandler(async () => ({
      ports: await installation.ports(['settings', 'store', 'ledger', 'onnxRuntime']),
      verifier: hmacVerifier(secret, { ...rules, now: Date.now }),
    })),
    dashboardToken: () => issueToken({ scope: SCOPES.join(' '), secret, ...rules, ttlSeconds: api.tokenTtlSeconds }),
    report: () => newestReport(installation),
    trainings: () => installation.trainings.list(),
  });
  installation.announce(front.url);
  return front;
}

async function newestReport(installation: Installation): Promise<Uint8Array | null> {
  const report = (newestState(installation)?.report as { report: ArtifactRef } | undefined)?.report;
  if (!report) return null;
  const { store } = await installation.ports(['store']);
  return getArtifactFile(store, installation.settings.config.strategy, report, 'report.html');
}
