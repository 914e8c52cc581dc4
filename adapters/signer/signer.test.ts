import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KMSClient } from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { parseDer, pointOfSpki, toEthereumSignature } from './ecdsa.ts';
import { createKmsSigner, kmsSigners } from './kms.ts';
import { KmsServer, toDer } from './kms-server.ts';
import { createLocalSigner, localSigners, nextLocalSigner } from './local-key.ts';
import { SIGNER_ROLES } from './port.ts';
import { signerContract } from './signer.contract.ts';

const server = new KmsServer(11);
let client: KMSClient;
let folder: string;

beforeAll(async () => {
  server.addKey('signing');
  server.addKey('other-curve', 'ECC_NIST_P256');
  server.addKey('disabled');
  server.disableKey('disabled');
  const endpoint = await server.listen();
  client = new KMSClient({
    endpoint,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
  folder = mkdtempSync(join(tmpdir(), 'signer-'));
});
afterAll(async () => {
  client.destroy();
  await server.close();
  rmSync(folder, { recursive: true });
});

signerContract('local key', async () => localSigners(join(folder, 'contract-seed')).strategist, 60);
signerContract('KMS over its wire protocol', async () => createKmsSigner(client, 'signing'), 60);

describe('local keys', () => {
  test('the seed is made once, for its owner alone, and each role has its own key', async () => {
    const file = join(folder, 'deep', 'seed');
    const first = localSigners(file);
    const seed = readFileSync(file, 'utf8');
    const again = localSigners(file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).toBe(seed);
    const addresses = await Promise.all(SIGNER_ROLES.map((role) => first[role].address()));
    expect(new Set(addresses).size).toBe(SIGNER_ROLES.length);
    expect(await Promise.all(SIGNER_ROLES.map((role) => again[role].address()))).toEqual(addresses);
    expect(JSON.stringify(first)).not.toContain(JSON.parse(seed).seed);
  });

  test('a damaged key file and one that others can read are refused, without a word of what is in them', () => {
    const damaged = join(folder, 'damaged');
    writeFileSync(damaged, '{"schema":1,"seed":"secret"}', { mode: 0o600 });
    expect(() => localSigners(damaged)).toThrow(
      expect.objectContaining({ code: 'SIGNER_KEYS', kind: 'badInput', facts: { file: damaged } }),
    );
    const open = join(folder, 'open');
    writeFileSync(open, JSON.stringify({ schema: 1, seed: 'a'.repeat(64), generations: {} }), { mode: 0o644 });
    expect(() => localSigners(open)).toThrow(expect.objectContaining({ code: 'SIGNER_KEYS_OPEN', kind: 'refused' }));
  });

  test('the next key of a role takes its place when it is kept, and not before; the others stay', async () => {
    const file = join(folder, 'rotated');
    const before = localSigners(file);
    const next = nextLocalSigner(file, 'strategist');
    expect(await localSigners(file).strategist.address()).toBe(await before.strategist.address());
    next.keep();
    const after = localSigners(file);
    expect(await after.strategist.address()).toBe(await next.signer.address());
    expect(await after.strategist.address()).not.toBe(await before.strategist.address());
    expect(await after.relayer.address()).toBe(await before.relayer.address());
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test('a known key has its known address', async () => {
    // The first account of the well-known development mnemonic "test test ... junk".
    const secret = Buffer.from('ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80', 'hex');
    expect(await createLocalSigner(new Uint8Array(secret)).address()).toBe(
      '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266',
    );
  });
});

describe('KMS', () => {
  test('two signatures over one digest differ, and both are valid', async () => {
    const signer = createKmsSigner(client, 'signing');
    const digest = new Uint8Array(32).fill(5);
    expect((await signer.signDigest(digest)).r).not.toBe((await signer.signDigest(digest)).r);
  });

  test.each([
    ['other-curve', 'SIGNER_KEY_TYPE'],
    ['disabled', 'SIGNER_KEY_DISABLED'],
    ['absent', 'SIGNER_KEY_MISSING'],
  ])('key %s: %s', async (keyId, code) => {
    const error = await createKmsSigner(client, keyId)
      .address()
      .catch((caught) => caught);
    expect(error).toMatchObject({ code, kind: 'refused', facts: { keyId } });
    expect(error.remedy).toBeTruthy();
  });

  test('throttling is told as such, and the next call works', async () => {
    const signer = createKmsSigner(client, 'signing');
    server.throttle = 1;
    await expect(signer.address()).rejects.toMatchObject({ code: 'SIGNER_BUSY', kind: 'failed' });
    expect(await signer.address()).toMatch(/^0x/);
    server.throttle = 1;
    await expect(signer.signDigest(new Uint8Array(32).fill(1))).rejects.toMatchObject({ code: 'SIGNER_BUSY' });
  });

  test('roles are lazy: a function that may use one key never asks for the others', async () => {
    const ids = Object.fromEntries(
      SIGNER_ROLES.map((role) => [role, role === 'relayer' ? 'signing' : 'absent']),
    ) as Record<(typeof SIGNER_ROLES)[number], string>;
    expect(await kmsSigners(client, ids).relayer.address()).toMatch(/^0x/);
  });
});

describe('signature encoding', () => {
  const secret = new Uint8Array(32).fill(9);
  const point = secp256k1.getPublicKey(secret, false);

  test('short and padded integers are read', () => {
    for (const value of [1n, 0x7fn, 0x80n, 0xffffn, 1n << 247n, (1n << 255n) + 5n]) {
      expect(parseDer(toDer(value, 3n))).toEqual({ r: value, s: 3n });
    }
  });

  test.each([
    ['empty', ''],
    ['not a sequence', '3106020101020101'],
    ['wrong length', '3007020101020101'],
    ['negative integer', '3006020181020101'],
    ['needless padding', '300702020001020101'],
    ['zero', '3006020100020101'],
    ['trailing bytes', '300702010102010100'],
    ['integer longer than the rest', '3006020105020901'],
  ])('malformed DER is refused: %s', (_, hex) => {
    expect(() => parseDer(Buffer.from(hex, 'hex'))).toThrow(expect.objectContaining({ code: 'SIGNER_MALFORMED' }));
  });

  test('a signature by another key is refused', () => {
    const digest = new Uint8Array(32).fill(3);
    const signature = secp256k1.Signature.fromBytes(
      secp256k1.sign(digest, new Uint8Array(32).fill(8), { prehash: false }),
    );
    expect(() => toEthereumSignature(digest, signature, point)).toThrow(
      expect.objectContaining({ code: 'SIGNER_WRONG_KEY' }),
    );
  });

  test('a public key in another form is refused', () => {
    expect(() => pointOfSpki(new Uint8Array(88))).toThrow(expect.objectContaining({ code: 'SIGNER_MALFORMED' }));
  });
});
