import { secp256k1 } from '@noble/curves/secp256k1.js';
import { computeAddress } from 'ethers';
import { ProductError } from '../../domain/errors.ts';

const ORDER = secp256k1.Point.CURVE().n;
/** DER of `SEQUENCE { SEQUENCE { id-ecPublicKey, secp256k1 }, BIT STRING (66 bytes, 0 unused, 04 x y) }` up to the point (RFC 5480). */
const SPKI_PREFIX = Buffer.from('3056301006072a8648ce3d020106052b8104000a034200', 'hex');

const malformed = (what: string): ProductError =>
  new ProductError('SIGNER_MALFORMED', `The key service answered a malformed ${what}`);

/** The uncompressed point (65 bytes) of a SubjectPublicKeyInfo; refuses keys on another curve. */
export function pointOfSpki(spki: Uint8Array): Uint8Array {
  const bytes = Buffer.from(spki);
  if (bytes.length !== SPKI_PREFIX.length + 65 || !bytes.subarray(0, SPKI_PREFIX.length).equals(SPKI_PREFIX))
    throw malformed('public key (not secp256k1)');
  const point = new Uint8Array(bytes.subarray(SPKI_PREFIX.length));
  if (point[0] !== 4) throw malformed('public key (not an uncompressed point)');
  secp256k1.Point.fromBytes(point).assertValidity();
  return point;
}

/** Checksummed (EIP-55) address of a public key. */
export const addressOf = (point: Uint8Array): string => computeAddress(`0x${Buffer.from(point).toString('hex')}`);

/** `r` and `s` of an ECDSA-Sig-Value (RFC 3279): SEQUENCE of two positive INTEGERs, strict DER, short and padded values allowed. */
export function parseDer(der: Uint8Array): { r: bigint; s: bigint } {
  if (der[0] !== 0x30 || der[1] !== der.length - 2 || der.length > 72) throw malformed('signature');
  const [r, next] = readInteger(der, 2);
  const [s, end] = readInteger(der, next);
  if (end !== der.length || r <= 0n || s <= 0n || r >= ORDER || s >= ORDER) throw malformed('signature');
  return { r, s };
}

function readInteger(der: Uint8Array, at: number): [bigint, number] {
  const length = der[at + 1];
  const start = at + 2;
  if (der[at] !== 0x02 || !length || start + length > der.length) throw malformed('signature');
  const negative = (der[start] & 0x80) !== 0;
  const padded = length > 1 && der[start] === 0 && (der[start + 1] & 0x80) === 0;
  if (negative || padded) throw malformed('signature');
  return [BigInt(`0x${Buffer.from(der.subarray(start, start + length)).toString('hex')}`), start + length];
}

/** Ethereum form: low s (EIP-2), and the `v` under which the signer's point is recovered. */
export function toEthereumSignature(
  digest: Uint8Array,
  signature: { r: bigint; s: bigint },
  point: Uint8Array,
): { r: string; s: string; v: 27 | 28 } {
  const s = signature.s > ORDER >> 1n ? ORDER - signature.s : signature.s;
  for (const recovery of [0, 1] as const) {
    // r >= n (recovery 2 and 3) has probability 2^-127 and no `v` in Ethereum.
    const recovered = new secp256k1.Signature(signature.r, s, recovery).recoverPublicKey(digest);
    if (Buffer.from(recovered.toBytes(false)).equals(Buffer.from(point))) {
      return { r: word(signature.r), s: word(s), v: recovery === 0 ? 27 : 28 };
    }
  }
  throw new ProductError('SIGNER_WRONG_KEY', 'The signature was not made with the key that was asked for');
}

/** 32 bytes as hex. */
export const word = (value: bigint): string => `0x${value.toString(16).padStart(64, '0')}`;
