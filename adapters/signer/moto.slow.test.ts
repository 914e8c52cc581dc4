import { CreateKeyCommand, DisableKeyCommand, type KeySpec, KMSClient } from '@aws-sdk/client-kms';
import { afterAll, describe, expect, test } from '@jest/globals';
import { createKmsSigner } from './kms.ts';
import { startMoto } from './moto-server.ts';
import { signerContract } from './signer.contract.ts';

const server = await startMoto();
const client = new KMSClient({
  endpoint: server?.endpoint ?? 'http://127.0.0.1:1',
  region: 'eu-central-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
});
afterAll(async () => {
  client.destroy();
  await server?.close();
});

async function createKey(spec: KeySpec, usage: 'SIGN_VERIFY' | 'ENCRYPT_DECRYPT' = 'SIGN_VERIFY'): Promise<string> {
  const { KeyMetadata } = await client.send(new CreateKeyCommand({ KeySpec: spec, KeyUsage: usage }));
  return String(KeyMetadata?.KeyId);
}

if (!server) test.skip('needs Python 3.11 or later with venv', () => {});
else {
  const keyId = await createKey('ECC_SECG_P256K1');
  signerContract('KMS of moto', async () => createKmsSigner(client, keyId), 60);

  describe('KMS of moto', () => {
    test.each<[string, KeySpec]>([
      ['another curve', 'ECC_NIST_P256'],
      ['RSA', 'RSA_2048'],
    ])('a key of %s is refused', async (_, spec) => {
      const signer = createKmsSigner(client, await createKey(spec));
      await expect(signer.address()).rejects.toMatchObject({ code: 'SIGNER_KEY_TYPE', kind: 'refused' });
    });

    test('a key that is disabled after its address was read signs no more', async () => {
      const id = await createKey('ECC_SECG_P256K1');
      const signer = createKmsSigner(client, id);
      await signer.signDigest(new Uint8Array(32).fill(1));
      await client.send(new DisableKeyCommand({ KeyId: id }));
      await expect(signer.signDigest(new Uint8Array(32).fill(1))).rejects.toMatchObject({
        code: 'SIGNER_KEY_DISABLED',
      });
      await expect(createKmsSigner(client, id).address()).rejects.toMatchObject({ code: 'SIGNER_KEY_DISABLED' });
    });

    test('a key that is not there is said to be missing', async () => {
      const signer = createKmsSigner(client, '00000000-0000-0000-0000-000000000000');
      await expect(signer.address()).rejects.toMatchObject({ code: 'SIGNER_KEY_MISSING' });
    });
  });
}
