import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { isAlreadyKnown, isNonceUsed, isUnfunded } from '../../adapters/chain/errors.ts';
import { createRpc } from '../../adapters/chain/rpc.ts';
import { createRandom } from '../../domain/simulation/random.ts';
import { FAULT_KINDS, type Fault, type FaultKind, type FaultyRpc, randomFaults, startFaultyRpc } from './faulty-rpc.ts';

/** A node whose head is block 100, with a transaction in each block. */
const answers: Record<string, (params: string[]) => unknown> = {
  eth_blockNumber: () => '0x64',
  eth_chainId: () => '0x7a69',
  eth_getTransactionCount: () => '0x7',
  eth_getBlockByNumber: ([tag]) => ({ number: tag.startsWith('0x') ? tag : '0x64' }),
  eth_getTransactionReceipt: ([block]) => ({ blockNumber: block }),
  eth_sendRawTransaction: () => '0xhash',
  anvil_dropTransaction: () => null,
  anvil_reorg: () => null,
};

let node: Server;
let asked: string[];
let proxy: FaultyRpc;
beforeAll(async () => {
  node = createServer(async (request, response) => {
    let text = '';
    for await (const part of request) text += String(part);
    const { id, method, params } = JSON.parse(text) as { id: number; method: string; params: string[] };
    asked.push(method);
    response.end(JSON.stringify({ jsonrpc: '2.0', id, result: answers[method](params) }));
  });
  await new Promise<void>((resolve) => node.listen(0, '127.0.0.1', resolve));
  proxy = await startFaultyRpc(`http://127.0.0.1:${(node.address() as AddressInfo).port}`);
});
afterAll(async () => {
  await proxy.close();
  node.closeAllConnections();
  node.close();
});
beforeEach(() => {
  asked = [];
});

const rpc = (timeoutMs = 2_000) => createRpc(proxy.url, { timeoutMs, retries: 0 });
const meet = (kind: FaultKind, size = 1, times = 1) => proxy.plan([{ kind, skip: 0, times, size } satisfies Fault]);
const send = (method: string, ...params: unknown[]) => rpc().send<unknown>(method, params);

test('without a plan it answers as the node does', async () => {
  proxy.plan([]);
  expect(await send('eth_blockNumber')).toBe('0x64');
});

test.each<[FaultKind, string, boolean]>([
  ['hangBefore', 'eth_sendRawTransaction', false],
  ['hangAfter', 'eth_sendRawTransaction', true],
  ['reset', 'eth_chainId', false],
  ['garbage', 'eth_chainId', false],
  ['http503', 'eth_chainId', false],
  ['http429', 'eth_chainId', false],
  ['limit32005', 'eth_chainId', false],
])('%s: %s gets no answer, reached the node: %p; the next request does', async (kind, method, reached) => {
  meet(kind);
  await expect(rpc(100).send(method, ['0x'])).rejects.toMatchObject({ code: 'RPC_UNREACHABLE' });
  expect(asked.includes(method)).toBe(reached);
  expect(await send('eth_chainId')).toBe('0x7a69');
});

test.each<[FaultKind, string, unknown[], number, unknown]>([
  ['staleNonce', 'eth_getTransactionCount', [], 1, '0x5'],
  ['highNonce', 'eth_getTransactionCount', [], 1, '0x9'],
  ['noReceipt', 'eth_getTransactionReceipt', ['0x1'], 1, null],
  ['wrongChain', 'eth_chainId', [], 1, '0xaa36a7'],
  ['lyingHead', 'eth_getBlockByNumber', ['latest'], 5, { number: '0x69' }],
  ['lagging', 'eth_blockNumber', [], 1, '0x61'],
  ['lagging', 'eth_getTransactionReceipt', ['0x62'], 1, null],
  ['lagging', 'eth_getTransactionReceipt', ['0x61'], 1, { blockNumber: '0x61' }],
  ['twice', 'eth_sendRawTransaction', ['0x'], 1, '0xhash'],
  ['drops', 'eth_sendRawTransaction', ['0x'], 1, '0xhash'],
  ['reorganises', 'eth_getTransactionReceipt', ['0x1'], 1, { blockNumber: '0x1' }],
])('%s: %s %j', async (kind, method, params, size, answer) => {
  meet(kind, size);
  expect(await send(method, ...params)).toEqual(answer);
});

test('two providers by turns: one of them is behind', async () => {
  meet('disagree', 1, 4);
  const heads = [];
  for (let i = 0; i < 4; i++) heads.push(await send('eth_blockNumber'));
  expect(new Set(heads)).toEqual(new Set(['0x64', '0x61']));
});

test('refusals of five clients are understood, or keep their words', async () => {
  const understood = new Set<string>();
  for (let size = 0; size < 64; size++) {
    meet('refuses', size);
    const error = await send('eth_sendRawTransaction', '0x').catch((caught: unknown) => caught);
    const of = isNonceUsed(error) ? 'nonce' : isUnfunded(error) ? 'funds' : isAlreadyKnown(error) ? 'known' : 'other';
    understood.add(of);
  }
  expect(understood).toEqual(new Set(['nonce', 'funds', 'other']));
});

test('a seed gives the same faults again, and all kinds in time', () => {
  const faults = (seed: number) => randomFaults(createRandom(seed), 500);
  expect(faults(3)).toEqual(faults(3));
  expect(faults(3)).not.toEqual(faults(4));
  expect(new Set(faults(3).map(({ kind }) => kind))).toEqual(new Set(FAULT_KINDS));
});
