import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  CHAIN_CONFIG,
  type Fixture,
  Ledger,
  LIMITS,
  startFixture,
  testAssets,
  testSigners,
} from '../../contracts/test/fixture.ts';
import { ledgerAssets } from './assets.ts';
import {
  checkDeployments,
  type Deployments,
  deploymentsFile,
  deploymentsOf,
  readDeployments,
  recordDeployment,
} from './deployments.ts';
import { initChain } from './init.ts';

let fixture: Fixture;
let folder: string;
let file: string;
const groupsOf = (count: number): number[] => ledgerAssets(testAssets(count), LIMITS).groups;
beforeAll(async () => {
  fixture = await startFixture();
  folder = mkdtempSync(join(tmpdir(), 'drl-deployments-'));
  file = deploymentsFile(folder, 'test');
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await fixture.close();
});

test('what was deployed is recorded once a ledger, and is byte for byte what this checkout compiles to', async () => {
  expect(readDeployments(file)).toBeNull();
  const [small, large] = [await Ledger.create(fixture, 3), await Ledger.create(fixture, 20)];
  recordDeployment(file, deploymentsOf('test', small.deployment, groupsOf(3)));
  // another factory begins another set
  recordDeployment(file, deploymentsOf('test', large.deployment, groupsOf(20)));
  recordDeployment(file, deploymentsOf('test', large.deployment, groupsOf(20)));
  const known = readDeployments(file) as Deployments;
  expect(known.ledgers.map(({ contract }) => contract)).toEqual([large.deployment.contract]);
  const checks = await checkDeployments(fixture.rpc, known);
  expect(checks.filter(({ ok }) => !ok)).toEqual([]);
  expect(checks).toHaveLength(10);
});

test.each<[string, (known: Deployments) => Deployments, string]>([
  ['another chain', (known) => ({ ...known, chainId: 1 }), 'chain'],
  ['other sources', (known) => ({ ...known, sourceHash: '0'.repeat(64) }), 'sources'],
  ['another factory', (known) => ({ ...known, factory: known.ledgers[0].contract }), 'factory'],
  ['no ledger', (known) => ({ ...known, ledgers: [] }), 'ledgers'],
  [
    'other assets',
    (known) => ({
      ...known,
      ledgers: known.ledgers.map((ledger) => ({ ...ledger, arguments: { symbols: ['A'], groups: [0] } })),
    }),
    'arguments of',
  ],
  [
    'an account without code',
    (known) => ({
      ...known,
      ledgers: known.ledgers.map((ledger) => ({ ...ledger, contract: fixture.addresses.relayer })),
    }),
    'ledger',
  ],
])('%s is found out', async (_, change, check) => {
  const known = change(readDeployments(file) as Deployments);
  const broken = (await checkDeployments(fixture.rpc, known)).filter(({ ok }) => !ok);
  expect(broken[0].check).toContain(check);
});

test('whoever deploys another ledger on a network uses the factory that is there, and both are kept', async () => {
  const { factory } = readDeployments(file) as Deployments;
  const other = await initChain({
    chain: CHAIN_CONFIG,
    rpcUrl: fixture.local.rpcUrl,
    signers: testSigners(),
    strategy: 'other',
    universe: 'another',
    assets: testAssets(4),
    limits: LIMITS,
    factory,
  });
  expect(other.factory).toBe(factory);
  recordDeployment(file, deploymentsOf('test', other, groupsOf(4)));
  const known = readDeployments(file) as Deployments;
  expect(known.ledgers.map(({ strategy }) => strategy).sort()).toEqual(['main', 'other']);
  expect((await checkDeployments(fixture.rpc, known)).filter(({ ok }) => !ok)).toEqual([]);
});

test('a damaged file is refused by name', () => {
  const damaged = join(folder, 'damaged.json');
  writeFileSync(damaged, '{"schema":1}');
  expect(() => readDeployments(damaged)).toThrow(
    expect.objectContaining({ code: 'DEPLOYMENTS_MALFORMED', facts: expect.objectContaining({ file: damaged }) }),
  );
});
