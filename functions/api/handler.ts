import { onnxRuntime, postgresLedger, s3Store, settings } from '../compose.ts';
import type { HttpHandler } from '../middleware/http.ts';
import { logAccess } from './access-log.ts';
import { type ApiOptions, apiHandler } from './api.ts';
import { authoriserVerifier, jwksVerifier, type Verifier } from './auth.ts';

/** `drl serve` gives the ports and the verifier of one machine, AWS those below. */
export const createHandler = (create: () => Promise<ApiOptions>): HttpHandler => apiHandler(create, logAccess());

/** On AWS the gateway's JWT authoriser has verified the token; with `DRL_JWKS_URL` the function verifies it again. */
function awsVerifier(rules: { issuer: string; audience: string }): Verifier {
  const url = process.env.DRL_JWKS_URL;
  return url ? jwksVerifier(url, { ...rules, now: Date.now }) : authoriserVerifier(process.env.DRL_SCOPE_PREFIX);
}

export const handler = createHandler(async () => {
  const [ready, store, ledger, runtime] = await Promise.all([settings(), s3Store(), postgresLedger(), onnxRuntime()]);
  return { ports: { settings: ready, store, ledger, onnxRuntime: runtime }, verifier: awsVerifier(ready.config.api) };
});
