/** The keys of the product. The approver and the admin are never held by the settling function. */
export const SIGNER_ROLES = ['strategist', 'relayer', 'attestor', 'approver', 'guardian', 'admin'] as const;
export type SignerRole = (typeof SIGNER_ROLES)[number];

/** A secp256k1 key that signs 32-byte digests. Not necessarily deterministic (KMS is not). */
export interface Signer {
  /** Checksummed Ethereum address. */
  address(): Promise<string>;
  /** Signature over the digest, low-s, `v` 27 or 28; r and s are 0x-prefixed 32-byte hex. */
  signDigest(digest: Uint8Array): Promise<{ r: string; s: string; v: 27 | 28 }>;
}

export type Signers = Readonly<Record<SignerRole, Signer>>;
