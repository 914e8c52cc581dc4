import { hkdfSync, randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { z } from 'zod';
import { badInput, refused } from '../../domain/errors.ts';
import { addressOf, word } from './ecdsa.ts';
import { SIGNER_ROLES, type Signer, type SignerRole, type Signers } from './port.ts';

const ORDER = secp256k1.Point.CURVE().n;
const SEED_BYTES = 32;

const keyFileSchema = z.strictObject({
  schema: z.literal(1),
  seed: z.string().regex(/^[0-9a-f]{64}$/),
  /** How often the key of a role was changed; 0 where it is not named. */
  generations: z.partialRecord(z.enum(SIGNER_ROLES), z.number().int().nonnegative()),
});
type KeyFile = z.infer<typeof keyFileSchema>;

/** A signer over a 32-byte secret in memory. Deterministic (RFC 6979). */
export function createLocalSigner(secret: Uint8Array): Signer {
  const point = secp256k1.getPublicKey(secret, false);
  return {
    address: async () => addressOf(point),
    async signDigest(digest) {
      if (digest.length !== 32)
        throw badInput('SIGNER_DIGEST', 'Only 32-byte digests are signed', { facts: { bytes: digest.length } });
      const signed = secp256k1.sign(digest, secret, { prehash: false, lowS: true, format: 'recovered' });
      const { r, s, recovery } = secp256k1.Signature.fromBytes(signed, 'recovered');
      return { r: word(r), s: word(s), v: recovery === 0 ? 27 : 28 };
    },
  };
}

/**
 * One key a role, derived from the seed in the key file, which is made on the first use and is readable by its owner alone.
 * Keys for the local chain and test networks; real funds belong in KMS.
 */
export function localSigners(file: string): Signers {
  const keys = readKeyFile(file) ?? createKeyFile(file);
  return Object.fromEntries(SIGNER_ROLES.map((role) => [role, signerOf(keys, role)])) as Record<SignerRole, Signer>;
}

/** The next key of a role, and how to make it the role's own once the chain knows it. Until then the old one stays. */
export function nextLocalSigner(file: string, role: SignerRole): { signer: Signer; keep(): void } {
  const keys = readKeyFile(file) ?? createKeyFile(file);
  const next: KeyFile = { ...keys, generations: { ...keys.generations, [role]: (keys.generations[role] ?? 0) + 1 } };
  return {
    signer: signerOf(next, role),
    keep() {
      const temporary = writeTemporary(file, next);
      renameSync(temporary, file);
    },
  };
}

const signerOf = (keys: KeyFile, role: SignerRole): Signer =>
  createLocalSigner(deriveSecret(Buffer.from(keys.seed, 'hex'), `${role}/${keys.generations[role] ?? 0}`));

/** 48 bytes of HKDF reduced to [1, n - 1] (FIPS 186-5, A.2.1): no bias worth the name. */
function deriveSecret(seed: Uint8Array, label: string): Uint8Array {
  const wide = Buffer.from(hkdfSync('sha256', seed, 'portfolio signer', label, 48));
  const scalar = (BigInt(`0x${wide.toString('hex')}`) % (ORDER - 1n)) + 1n;
  return new Uint8Array(Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex'));
}

/** Written whole under another name, then linked: of two first uses one seed stays. */
function createKeyFile(file: string): KeyFile {
  mkdirSync(dirname(file), { recursive: true });
  const keys: KeyFile = { schema: 1, seed: randomBytes(SEED_BYTES).toString('hex'), generations: {} };
  const temporary = writeTemporary(file, keys);
  try {
    linkSync(temporary, file);
    return keys;
  } catch (error) {
    const first = (error as NodeJS.ErrnoException).code === 'EEXIST' ? readKeyFile(file) : null;
    if (!first) throw error;
    return first;
  } finally {
    rmSync(temporary, { force: true });
  }
}

function writeTemporary(file: string, keys: KeyFile): string {
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, `${JSON.stringify(keys)}\n`, { mode: 0o600 });
  return temporary;
}

function readKeyFile(file: string): KeyFile | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0) {
    throw refused('SIGNER_KEYS_OPEN', 'Others can read the local keys', {
      facts: { file },
      remedy: `chmod 600 ${file}`,
    });
  }
  try {
    return keyFileSchema.parse(JSON.parse(text));
  } catch {
    // The cause would hold the text, and with it the seed.
    throw badInput('SIGNER_KEYS', 'The file of local keys is damaged', {
      facts: { file },
      remedy: 'Restore it from a copy: without it the keys of this home, and their roles on a chain, are lost.',
    });
  }
}
