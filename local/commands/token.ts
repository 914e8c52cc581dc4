import { openHome } from '../home.ts';
import { homeSecret, issueToken } from '../http/token.ts';
import { readSettings } from '../settings.ts';
import { type CommonOptions, printJson } from './args.ts';

/** A bearer token for the API of this machine; it works beside a running `drl start`. */
export async function token(options: CommonOptions & { scope?: string }): Promise<number> {
  const home = openHome(options.home);
  const { api } = readSettings(options, home).config;
  const value = await issueToken({
    scope: options.scope ?? '',
    secret: await homeSecret(home.apiSecret),
    issuer: api.issuer,
    audience: api.audience,
    ttlSeconds: api.tokenTtlSeconds,
  });
  if (options.json) printJson({ token: value, scope: options.scope, expiresInSeconds: api.tokenTtlSeconds });
  else console.log(value);
  return 0;
}
