import { GetPublicKeyCommand, type KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { badInput, ProductError, refused } from '../../domain/errors.ts';
import { addressOf, parseDer, pointOfSpki, toEthereumSignature } from './ecdsa.ts';
import { SIGNER_ROLES, type Signer, type SignerRole, type Signers } from './port.ts';

const KEY_SPEC = 'ECC_SECG_P256K1';

/** A key that never leaves KMS. Not deterministic: signing a digest twice gives two signatures. */
export function createKmsSigner(client: Pick<KMSClient, 'send'>, keyId: string): Signer {
  let point: Promise<Uint8Array> | undefined;
  const publicPoint = () => {
    point ??= readPoint(client, keyId).catch((error) => {
      point = undefined;
      throw error;
    });
    return point;
  };
  return {
    address: async () => addressOf(await publicPoint()),
    async signDigest(digest) {
      if (digest.length !== 32)
        throw badInput('SIGNER_DIGEST', 'Only 32-byte digests are signed', { facts: { bytes: digest.length } });
      const expected = await publicPoint();
      const { Signature } = await client
        .send(
          new SignCommand({ KeyId: keyId, Message: digest, MessageType: 'DIGEST', SigningAlgorithm: 'ECDSA_SHA_256' }),
        )
        .catch((error) => {
          throw typed(error, keyId);
        });
      if (!Signature)
        throw new ProductError('SIGNER_MALFORMED', 'The key service answered no signature', { facts: { keyId } });
      return toEthereumSignature(digest, parseDer(Signature), expected);
    },
  };
}

/** One KMS key a role, by key id, ARN or alias. Nothing is asked of KMS before a key is used. */
export const kmsSigners = (client: Pick<KMSClient, 'send'>, keyIds: Readonly<Record<SignerRole, string>>): Signers =>
  Object.fromEntries(SIGNER_ROLES.map((role) => [role, createKmsSigner(client, keyIds[role])])) as Record<
    SignerRole,
    Signer
  >;

async function readPoint(client: Pick<KMSClient, 'send'>, keyId: string): Promise<Uint8Array> {
  const { PublicKey, KeySpec, KeyUsage } = await client
    .send(new GetPublicKeyCommand({ KeyId: keyId }))
    .catch((error) => {
      throw typed(error, keyId);
    });
  if (KeySpec !== KEY_SPEC || KeyUsage !== 'SIGN_VERIFY' || !PublicKey) {
    throw refused('SIGNER_KEY_TYPE', 'The KMS key cannot sign for Ethereum', {
      facts: { keyId, keySpec: KeySpec ?? null, keyUsage: KeyUsage ?? null, needed: `${KEY_SPEC}, SIGN_VERIFY` },
      remedy: 'Name a key of the right type; the type of a key cannot be changed.',
    });
  }
  return pointOfSpki(PublicKey);
}

/** The errors of KMS that a person can act on; the SDK has already retried what is worth a retry. */
function typed(error: unknown, keyId: string): ProductError {
  const name = error instanceof Error ? error.name : 'unknown';
  const options = { facts: { keyId, service: name }, cause: error };
  switch (name) {
    case 'DisabledException':
    case 'KMSInvalidStateException':
      return refused('SIGNER_KEY_DISABLED', 'The KMS key is disabled or about to be deleted', {
        ...options,
        remedy: 'Enable the key, or give its role to another one (drl chain roles).',
      });
    case 'NotFoundException':
      return refused('SIGNER_KEY_MISSING', 'There is no such KMS key', {
        ...options,
        remedy: 'Check the key id and the region.',
      });
    case 'InvalidKeyUsageException':
    case 'UnsupportedOperationException':
      return refused('SIGNER_KEY_TYPE', 'The KMS key cannot sign for Ethereum', {
        ...options,
        remedy: `Use a key of type ${KEY_SPEC} for SIGN_VERIFY.`,
      });
    case 'AccessDeniedException':
      return refused('SIGNER_DENIED', 'This function may not use the KMS key', {
        ...options,
        remedy: 'The key policy names the functions that may sign.',
      });
    case 'ThrottlingException':
    case 'LimitExceededException':
    case 'KMSInternalException':
    case 'DependencyTimeoutException':
      return new ProductError('SIGNER_BUSY', 'KMS is busy', {
        ...options,
        remedy: 'Nothing was sent; run the stage again.',
      });
    default:
      return new ProductError('SIGNER_FAILED', 'KMS could not sign', options);
  }
}
