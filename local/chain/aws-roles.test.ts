import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Deployment } from '../../adapters/chain/evm.ts';
import { SIGNER_ROLES, type Signer, type Signers } from '../../adapters/signer/port.ts';
import { publishDeployment, withAwsRoles } from './aws-roles.ts';

/** KMS and SSM speak JSON 1.1: the operation in a header. */
const asked: { operation: string; body: Record<string, unknown> }[] = [];
const aws = createServer(async (request, response) => {
  let text = '';
  for await (const part of request) text += String(part);
  const operation = String(request.headers['x-amz-target']).split('.')[1]!;
  asked.push({ operation, body: JSON.parse(text) });
  // SPKI of the secp256k1 generator point: private key 1.
  const point =
    '0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8';
  const spki = Buffer.from(`3056301006072a8648ce3d020106052b8104000a034200${point}`, 'hex').toString('base64');
  const body =
    operation === 'GetPublicKey'
      ? { PublicKey: spki, KeySpec: 'ECC_SECG_P256K1', KeyUsage: 'SIGN_VERIFY' }
      : { Version: 1 };
  response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
});
const ADDRESS_OF_ONE = '0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf';
const own = Object.fromEntries(
  SIGNER_ROLES.map((role) => [role, { address: async () => `own ${role}` } as unknown as Signer]),
) as unknown as Signers;
const before = { ...process.env };

beforeAll(async () => {
  await new Promise<void>((resolve) => aws.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(aws.address() as AddressInfo).port}`;
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  });
});
beforeEach(() => {
  asked.length = 0;
});
afterAll(() => {
  process.env = before;
  aws.closeAllConnections();
  aws.close();
});

test('without an installation on AWS every role is the home’s own, and nothing is published', async () => {
  expect(await withAwsRoles(own, {})).toBe(own);
  expect(await publishDeployment({} as Deployment, {})).toBe(false);
  expect(asked).toEqual([]);
});

test('a role that AWS holds has the address of its KMS key; the others stay outside', async () => {
  const signers = await withAwsRoles(own, { DRL_KEY_RELAYER: 'arn:aws:kms:eu-central-1:111111111111:key/r' });
  expect(await signers.relayer.address()).toBe(ADDRESS_OF_ONE);
  expect(await signers.admin.address()).toBe('own admin');
  expect(asked).toEqual([
    { operation: 'GetPublicKey', body: { KeyId: 'arn:aws:kms:eu-central-1:111111111111:key/r' } },
  ]);
});

test('the place of the ledger is written where the functions read it', async () => {
  const deployment = {
    chainId: 11155111,
    contract: ADDRESS_OF_ONE,
    startBlock: 7,
    strategy: 'main',
    universe: 'fx-ecb-live',
    assets: ['EUR'],
    factory: ADDRESS_OF_ONE,
  };
  expect(await publishDeployment(deployment, { DRL_CONTRACT_PARAMETER: '/drl/dev/main/contract' })).toBe(true);
  expect(asked).toMatchObject([
    { operation: 'PutParameter', body: { Name: '/drl/dev/main/contract', Overwrite: true } },
  ]);
  expect(JSON.parse(String(asked[0]!.body['Value']))).toEqual(deployment);
});
