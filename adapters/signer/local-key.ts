import { hkdfSync, randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { badInput, ProductError } from '../../domain/errors.ts';
import { addressOf, toEthereumSignature } from './ecdsa.ts';
import { SIGNER_ROLES, type Signer, type Signers } from './port.ts';

const ORDER = secp256k1.Point.CURVE().n;
const SEED_BYTES = 32;

/** A signer over a 32-byte secret in memory. Deterministic (RFC 6979). */
export function createLocalSigner(secret: Uint8Array): Signer {
  const point = secp256k1.getPublicKey(secret, false);
  return {
    address: async () => addressOf(point),
    async signDigest(digest) {
      if (digest.length !== 32)
        throw badInput('SIGNER_DIGEST', 'Only 32-byte digests are signed', { facts: { bytes: digest.length } });
      const compact = secp256k1.sign(digest, secret, { prehash: false, lowS: true });
      const signature = secp256k1.Signature.fromBytes(compact);
      return toEthereumSignature(digest, signature, point);
    },
  };
}

/**
 * One key a role, derived from the seed file, which is made on the first use and is readable by its owner alone.
 * Keys for the local chain and test networks; real funds belong in KMS.
 */
export function localSigners(seedFile: string): Signers {
  const seed = readOrCreateSeed(seedFile);
  return Object.fromEntries(SIGNER_ROLES.map((role) => [role, createLocalSigner(deriveSecret(seed, role))])) as Record<
    (typeof SIGNER_ROLES)[number],
    Signer
  >;
}

/** 48 bytes of HKDF reduced to [1, n - 1] (FIPS 186-5, A.2.1): no bias worth the name. */
function deriveSecret(seed: Uint8Array, role: string): Uint8Array {
  const wide = Buffer.from(hkdfSync('sha256', seed, 'portfolio signer', role, 48));
  const scalar = (BigInt(`0x${wide.toString('hex')}`) % (ORDER - 1n)) + 1n;
  return new Uint8Array(Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex'));
}

function readOrCreateSeed(file: string): Uint8Array {
  const found = readSeed(file);
  if (found) return found;
  mkdirSync(dirname(file), { recursive: true });
  // Written whole under another name, then linked: of two first uses one seed stays.
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, `${randomBytes(SEED_BYTES).toString('hex')}\n`, { mode: 0o600 });
    linkSync(temporary, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
  const seed = readSeed(file);
  if (!seed)
    throw new ProductError('SIGNER_SEED', 'The seed of the local keys could not be written', { facts: { file } });
  return seed;
}

function readSeed(file: string): Uint8Array | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  if (!/^[0-9a-f]{64}$/.test(text)) {
    throw badInput('SIGNER_SEED', 'The seed of the local keys is damaged', {
      facts: { file, expected: '64 hex characters' },
      remedy: 'Restore the file from a copy: without it the keys of this home, and their roles on a chain, are lost.',
    });
  }
  if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0) {
    throw badInput('SIGNER_SEED_OPEN', 'Others can read the seed of the local keys', {
      facts: { file },
      remedy: `chmod 600 ${file}`,
    });
  }
  return new Uint8Array(Buffer.from(text, 'hex'));
}
