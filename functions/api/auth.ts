import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose';
import { ApiProblem } from '../middleware/http-problem.ts';

export const SCOPES = ['weights:read', 'decisions:read', 'models:read'] as const;
export type Scope = (typeof SCOPES)[number];

export interface Claims {
  subject: string;
  scopes: ReadonlySet<string>;
  /** Unix seconds. */
  expiresAt: number;
}

/** Who calls, proven: throws a 401 `ApiProblem` otherwise. */
export type Verifier = (event: APIGatewayProxyEventV2) => Claims | Promise<Claims>;

export interface TokenRules {
  issuer: string;
  audience: string;
  /** Milliseconds since 1970. */
  now: () => number;
}

/** HS256 with a secret of this machine (`drl token`, the dashboard). */
export const hmacVerifier = (secret: Uint8Array, rules: TokenRules): Verifier =>
  bearerVerifier(rules, ['HS256'], (token, options) => jwtVerify(token, secret, options));

/** Signatures by the keys that an identity provider publishes. */
export function jwksVerifier(url: string, rules: TokenRules): Verifier {
  const keys = createRemoteJWKSet(new URL(url));
  return bearerVerifier(rules, ['RS256', 'ES256', 'EdDSA'], (token, options) => jwtVerify(token, keys, options));
}

/**
 * Claims that API Gateway's JWT authoriser has verified and put into the event. The route's scope is checked here again; a provider that
 * writes scopes as `<server>/<scope>` (Cognito) names the part before them.
 */
export const authoriserVerifier =
  (scopePrefix = ''): Verifier =>
  (event) => {
    const context = event.requestContext as { authorizer?: { jwt?: { claims?: Record<string, unknown> } } };
    const claims = context.authorizer?.jwt?.claims;
    if (!claims) throw unauthorised('TOKEN_MISSING', 'A bearer token is needed');
    const scope = String(claims.scope ?? claims.scp ?? '');
    return claimsOf({
      ...claims,
      scope: scopePrefix === '' ? scope : scope.replaceAll(scopePrefix, ''),
      exp: Number(claims.exp),
    });
  };

type Verify = (token: string, options: Parameters<typeof jwtVerify>[2]) => Promise<{ payload: JWTPayload }>;

const CACHE_SIZE = 1024;

/** Verified tokens are remembered until they expire: a signature is checked once, not on every request. */
function bearerVerifier(rules: TokenRules, algorithms: string[], verify: Verify): Verifier {
  const known = new Map<string, Claims>();
  return (event) => {
    const token = bearerToken(event);
    const claims = known.get(token);
    if (claims) {
      if (claims.expiresAt * 1000 > rules.now()) return claims;
      known.delete(token);
    }
    return verifyToken(token, rules, algorithms, verify).then((fresh) => {
      if (known.size >= CACHE_SIZE) known.delete(known.keys().next().value as string);
      known.set(token, fresh);
      return fresh;
    });
  };
}

async function verifyToken(token: string, rules: TokenRules, algorithms: string[], verify: Verify): Promise<Claims> {
  try {
    const { payload } = await verify(token, {
      algorithms,
      issuer: rules.issuer,
      audience: rules.audience,
      requiredClaims: ['exp', 'sub'],
      currentDate: new Date(rules.now()),
    });
    return claimsOf(payload);
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw unauthorised('TOKEN_EXPIRED', 'The token has expired');
    if (error instanceof errors.JWTClaimValidationFailed) {
      throw unauthorised('TOKEN_CLAIMS', `The token is not for this service: its ${error.claim} does not fit`);
    }
    if (error instanceof errors.JOSEError)
      throw unauthorised('TOKEN_INVALID', 'The token is malformed or its signature does not hold');
    throw error;
  }
}

function bearerToken(event: APIGatewayProxyEventV2): string {
  const header = event.headers?.authorization;
  if (!header) throw unauthorised('TOKEN_MISSING', 'A bearer token is needed');
  if (header.length > 8192 || header.slice(0, 7).toLowerCase() !== 'bearer ') {
    throw unauthorised('TOKEN_INVALID', 'The Authorization header must read "Bearer <token>"');
  }
  return header.slice(7).trim();
}

function claimsOf(payload: JWTPayload & { scope?: unknown; scp?: unknown }): Claims {
  const granted = payload.scope ?? payload.scp ?? '';
  const scopes = Array.isArray(granted) ? granted.map(String) : String(granted).split(/\s+/);
  return { subject: String(payload.sub ?? ''), scopes: new Set(scopes), expiresAt: payload.exp ?? 0 };
}

const unauthorised = (code: string, detail: string): ApiProblem =>
  new ApiProblem(401, code, detail, {
    headers: {
      'www-authenticate':
        code === 'TOKEN_MISSING' ? 'Bearer' : `Bearer error="invalid_token", error_description="${detail}"`,
    },
    remedy: 'Send "Authorization: Bearer <token>"; on one machine `drl token --scope <scope>` prints one.',
  });

export function requireScope(claims: Claims, scope: Scope): void {
  if (claims.scopes.has(scope)) return;
  throw new ApiProblem(403, 'SCOPE_MISSING', `The token does not grant ${scope}`, {
    field: 'scope',
    headers: { 'www-authenticate': `Bearer error="insufficient_scope", scope="${scope}"` },
  });
}
