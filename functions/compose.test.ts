import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from '@jest/globals';
import { SIGNER_ROLES } from '../adapters/signer/port.ts';
import { codeVersion, emfMetrics, kmsSignersOf, required, s3Store, secretOf, settings } from './compose.ts';

const before = { ...process.env };
afterEach(() => {
  process.env = { ...before };
});

describe('composition on AWS', () => {
  test('a variable that the deployment did not set is named', async () => {
    expect(() => required('DRL_BUCKET', {})).toThrow(
      expect.objectContaining({ code: 'ENVIRONMENT', facts: { name: 'DRL_BUCKET' } }),
    );
    await expect(codeVersion()).rejects.toMatchObject({ code: 'ENVIRONMENT', facts: { name: 'DRL_CODE_VERSION' } });
  });

  test('a secret that is no JSON object is named and not shown', () => {
    expect(secretOf('DRL_PROVIDER_SECRET', '{"FRED_API_KEY":"x"}')).toEqual({ FRED_API_KEY: 'x' });
    for (const text of ['PK0SECRET:hush', '"hush"', '["hush"]', '{"FRED_API_KEY":hush}', '', 'null']) {
      const failing = () => secretOf('DRL_PROVIDER_SECRET', text);
      expect(failing).toThrow(
        expect.objectContaining({ code: 'SECRET_FORMAT', facts: { name: 'DRL_PROVIDER_SECRET' } }),
      );
      expect(failing).not.toThrow(/hush/);
    }
  });

  test.each([
    ['DRL_LEDGER_SECRET', '{"uri":"postgres://hush"}', 'url'],
    ['DRL_RPC_SECRET', '{"urls":"https://hush"}', 'urls'],
    ['DRL_RPC_SECRET', '{"urls":[]}', 'urls'],
    ['DRL_PROVIDER_SECRET', '{"FRED_API_KEY":{"value":"hush"}}', 'FRED_API_KEY'],
  ] as const)('a secret %s of another shape is named with its field', (name, given, field) => {
    const failing = () => secretOf(name, given);
    expect(failing).toThrow(expect.objectContaining({ code: 'SECRET_FORMAT', facts: { name, field } }));
    expect(failing).not.toThrow(/hush/);
  });

  test('a maker that failed is tried again at the next invocation, and then kept', async () => {
    await expect(s3Store()).rejects.toMatchObject({ code: 'ENVIRONMENT' });
    process.env.DRL_BUCKET = 'artifacts';
    const store = await s3Store();
    delete process.env.DRL_BUCKET;
    expect(await s3Store()).toBe(store);
  });

  test('the settings are those of the deployed stage', async () => {
    process.env.DRL_ROOT = fileURLToPath(new URL('../', import.meta.url));
    process.env.DRL_STAGE = 'prod';
    const { config, profile, universe } = await settings();
    expect([config.chain.network, profile.id, universe.provider.kind]).toEqual(['sepolia', 'full', 'ecb-http']);
    expect(typeof (await emfMetrics()).emit).toBe('function');
  });

  test('a role whose key the function was not given refuses to sign; nothing is asked of KMS before', async () => {
    const signers = await kmsSignersOf({ DRL_KEY_RELAYER: 'arn:aws:kms:eu-central-1:111111111111:key/r' });
    for (const role of SIGNER_ROLES.filter((name) => name !== 'relayer')) {
      await expect(signers[role].signDigest(new Uint8Array(32))).rejects.toMatchObject({
        code: 'SIGNER_ROLE',
        kind: 'refused',
        facts: { role },
      });
    }
  });
});
