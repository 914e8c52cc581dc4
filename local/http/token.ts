import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SignJWT } from 'jose';
import { badInput } from '../../domain/errors.ts';
import { SCOPES, type Scope } from '../../functions/api/auth.ts';

const SECRET_BYTES = 32;

/**
 * The secret that signs this home's API tokens: 32 random bytes as hex in `file`, readable by its owner alone. Made on the
 * first use; of two processes that make it at once, both read the winner's.
 */
export async function homeSecret(file: string): Promise<Uint8Array> {
  const known = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (known === null) {
    await createSecret(file);
    return homeSecret(file);
  }
  const hex = known.trim();
  if (!/^[0-9a-f]{64}$/.test(hex)) {
    throw badInput('API_SECRET', 'The secret of the API is not 64 hex characters', {
      facts: { file },
      remedy: 'Delete the file: a new secret is made, and tokens issued before stop working.',
    });
  }
  return Buffer.from(hex, 'hex');
}

async function createSecret(file: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  await writeFile(temporary, `${randomBytes(SECRET_BYTES).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
  await link(temporary, file)
    .catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    })
    .finally(() => rm(temporary, { force: true }));
}

export interface TokenRequest {
  /** One scope or several, separated by blanks or commas. */
  scope: string;
  secret: Uint8Array;
  issuer: string;
  audience: string;
  ttlSeconds: number;
  subject?: string;
  /** Milliseconds since 1970. */
  now?: () => number;
}

/** A bearer token (HS256) for the API of this machine. Unknown scopes are refused by name. */
export async function issueToken(request: TokenRequest): Promise<string> {
  const scopes = request.scope.split(/[\s,]+/).filter(Boolean);
  const unknown = scopes.filter((scope) => !SCOPES.includes(scope as Scope));
  if (scopes.length === 0 || unknown.length > 0) {
    throw badInput('TOKEN_SCOPE', 'A token needs one or more known scopes', {
      facts: { field: 'scope', value: request.scope, known: SCOPES.join(' ') },
      remedy: `For example --scope ${SCOPES[0]}`,
    });
  }
  const issued = Math.floor((request.now ?? Date.now)() / 1000);
  return new SignJWT({ scope: scopes.join(' ') })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(request.subject ?? 'local')
    .setIssuer(request.issuer)
    .setAudience(request.audience)
    .setIssuedAt(issued)
    .setExpirationTime(issued + request.ttlSeconds)
    .sign(request.secret);
}
