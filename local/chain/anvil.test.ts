import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createRpc } from '../../adapters/chain/rpc.ts';
import { startLocalChain } from './anvil.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'anvil-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const headOf = async (rpcUrl: string): Promise<{ number: number; timestamp: number }> => {
  const block = await createRpc(rpcUrl).send<{ number: string; timestamp: string }>('eth_getBlockByNumber', [
    'latest',
    false,
  ]);
  return { number: Number(block.number), timestamp: Number(block.timestamp) };
};

const ended = async (pid: number): Promise<void> => {
  for (let i = 0; i < 500; i++) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`process ${pid} still runs`);
};

test('blocks outlive the process, and chain time goes on second by second as if there had been no pause', async () => {
  const first = await startLocalChain({ home });
  await first.mine(3);
  const before = await headOf(first.rpcUrl);
  await first.stop();
  expect(existsSync(join(home, 'chain', 'chain.json'))).toBe(false);
  const second = await startLocalChain({ home });
  expect(second.reused).toBe(false);
  expect(await headOf(second.rpcUrl)).toEqual(before);
  await second.mine(2);
  expect(await headOf(second.rpcUrl)).toEqual({ number: before.number + 2, timestamp: before.timestamp + 2 });
  const finalized = await createRpc(second.rpcUrl).send<{ number: string }>('eth_getBlockByNumber', [
    'finalized',
    false,
  ]);
  expect(Number(finalized.number)).toBe(before.number);
  await second.stop();
});

test('a second opener finds the running chain and leaves it running', async () => {
  const owner = await startLocalChain({ home });
  const guest = await startLocalChain({ home });
  expect(guest).toMatchObject({ reused: true, rpcUrl: owner.rpcUrl });
  await guest.stop();
  expect((await headOf(owner.rpcUrl)).number).toBe(0);
  await owner.stop();
});

test('a reader changes nothing and tells nobody', async () => {
  const owner = await startLocalChain({ home });
  await owner.mine(4);
  await owner.stop();
  const state = readFileSync(join(home, 'chain', 'state.json'));
  const reader = await startLocalChain({ home, readOnly: true });
  expect((await headOf(reader.rpcUrl)).number).toBe(4);
  expect(existsSync(join(home, 'chain', 'chain.json'))).toBe(false);
  await reader.mine(1);
  await reader.stop();
  expect(readFileSync(join(home, 'chain', 'state.json')).equals(state)).toBe(true);
});

test('a note of a chain that is gone is no hindrance', async () => {
  mkdirSync(join(home, 'chain'), { recursive: true });
  writeFileSync(join(home, 'chain', 'chain.json'), JSON.stringify({ port: 1, pid: 2 ** 22 + 1, chainId: 31337 }));
  const chain = await startLocalChain({ home });
  expect(chain.reused).toBe(false);
  await chain.stop();
});

test('a damaged state file is told with the remedy', async () => {
  mkdirSync(join(home, 'chain'), { recursive: true });
  writeFileSync(join(home, 'chain', 'state.json'), '{"block":');
  await expect(startLocalChain({ home })).rejects.toMatchObject({
    code: 'LOCAL_CHAIN_STOPPED',
    remedy: expect.stringContaining('chain folder'),
  });
});

test.each(['SIGKILL', 'SIGTERM'] as const)(
  'a parent that ends by %s takes the chain with it, and no block is lost',
  async (signal) => {
    const module = new URL('./anvil.ts', import.meta.url).href;
    const script = `const { startLocalChain } = await import(${JSON.stringify(module)});
    const chain = await startLocalChain({ home: ${JSON.stringify(home)} });
    await chain.mine(1);
    await fetch(chain.rpcUrl, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"jsonrpc":"2.0","id":1,"method":"anvil_mine","params":["0x4"]}' });
    process.stdout.write('mined');
    setInterval(() => {}, 1000);`;
    const parent = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await once(parent.stdout, 'data');
    const { pid } = JSON.parse(readFileSync(join(home, 'chain', 'chain.json'), 'utf8')) as { pid: number };
    parent.kill(signal);
    await ended(pid);
    const next = await startLocalChain({ home });
    expect((await headOf(next.rpcUrl)).number).toBe(5);
    await next.stop();
  },
);
