import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { loadSettings } from '../../config/load.ts';
import type { Settings } from '../../config/schema.ts';
import { type Home, openHome } from '../home.ts';
import { ROOT } from '../settings.ts';
import { rotateRole, setPaused } from './administer.ts';
import { openChain, openChainForReading } from './open.ts';
import { readRoles, readStatus } from './read.ts';

const MODEL = 'ab'.repeat(32);
let home: Home;
beforeEach(() => {
  home = openHome(mkdtempSync(join(tmpdir(), 'open-chain-')));
});
afterEach(() => rmSync(home.path, { recursive: true, force: true }));

const settingsOf = (overrides: Record<string, unknown> = {}): Settings => loadSettings({ root: ROOT, overrides });

test('the ledger of the universe is made at the first use, kept over restarts, and read beside its owner and after it', async () => {
  const settings = settingsOf();
  const first = await openChain({ home, settings });
  const contract = await first.chain.contract();
  expect((await first.chain.state()).weightsBps).toEqual({
    ...Object.fromEntries(members(settings).map((symbol) => [symbol, 0])),
    CASH: 10_000,
  });
  expect(await first.chain.approveModel(MODEL)).toMatch(/^0x/);
  const guest = await openChainForReading({ home, settings, rpcUrl: null });
  expect(await guest?.chain.isModelApproved(MODEL)).toBe(true);
  await guest?.close();
  await first.close();

  const reader = await openChainForReading({ home, settings, rpcUrl: null });
  if (!reader) throw new Error('no chain to read');
  const status = await readStatus(reader);
  expect(status).toMatchObject({
    contract,
    universe: 'fx-ecb',
    strategy: 'main',
    limits: { maxWeightBps: 2500, maxTurnoverBps: 5000, maxDrawdownBps: 1500 },
    state: { epoch: 0 },
  });
  expect(status.groupCapsBps.every((cap) => cap === 6000)).toBe(true);
  expect(await readRoles(reader)).toHaveLength(6);
  await expect(reader.chain.approveModel('cd'.repeat(32))).rejects.toMatchObject({ code: 'CHAIN_READ_ONLY' });
  await reader.close();

  const second = await openChain({ home, settings });
  expect(await second.chain.contract()).toBe(contract);
  expect(await second.chain.isModelApproved(MODEL)).toBe(true);
  await second.close();
});

test('limits follow the configuration on the same ledger; another list of assets is another ledger that keeps the approvals', async () => {
  const first = await openChain({ home, settings: settingsOf() });
  const contract = await first.chain.contract();
  await first.chain.approveModel(MODEL);
  await first.close();

  const tighter = settingsOf({ limits: { maxWeight: 0.2 } });
  const second = await openChain({ home, settings: tighter });
  expect(await second.chain.contract()).toBe(contract);
  await second.close();
  const reader = await openChainForReading({ home, settings: tighter, rpcUrl: null });
  expect(reader && (await readStatus(reader)).limits.maxWeightBps).toBe(2000);
  await reader?.close();

  const settings = settingsOf();
  const fewer = { ...settings, universe: { ...settings.universe, members: members(settings).slice(0, 8) } };
  const third = await openChain({ home, settings: fewer });
  expect(await third.chain.contract()).not.toBe(contract);
  expect(Object.keys((await third.chain.state()).weightsBps)).toHaveLength(9);
  expect(await third.chain.isModelApproved(MODEL)).toBe(true);
  await third.close();
});

test('guardian stops and admin starts; a role goes to its next key; without a ledger there is nothing to read', async () => {
  const settings = settingsOf();
  expect(await openChainForReading({ home, settings, rpcUrl: null })).toBeNull();
  const opened = await openChain({ home, settings });
  await opened.chain.contract();
  expect(await setPaused(opened, settings, true)).toMatch(/^0x/);
  expect(await setPaused(opened, settings, true)).toBeNull();
  expect((await opened.chain.state()).paused).toBe(true);
  expect(await setPaused(opened, settings, false)).toMatch(/^0x/);
  await expect(rotateRole(opened, settings, home, 'admin')).rejects.toMatchObject({ code: 'CHAIN_ROTATE_ADMIN' });
  const { address } = await rotateRole(opened, settings, home, 'approver');
  await opened.close();

  const again = await openChain({ home, settings });
  expect(await again.signers.approver.address()).toBe(address);
  expect(await again.chain.approveModel(MODEL)).toMatch(/^0x/);
  await again.close();
});

const members = ({ universe }: Settings): string[] => (universe.members === 'all' ? [] : universe.members);
