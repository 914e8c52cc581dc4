import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { ProductError } from '../../domain/errors.ts';
import { createRpc } from './rpc.ts';

interface Answer {
  status?: number;
  body: string;
}

let server: Server;
let url: string;
let answers: Answer[];
let asked: { method: string; params: unknown[] }[];

beforeAll(async () => {
  server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => {
      text += chunk;
    });
    request.on('end', () => {
      asked.push(JSON.parse(text));
      const { status = 200, body } = answers.shift() ?? { body: '{"jsonrpc":"2.0","id":1,"result":"0x1"}' };
      response.writeHead(status).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as { port: number }).port}/?key=secret`;
});
afterAll(() => {
  server.close();
});
beforeEach(() => {
  answers = [];
  asked = [];
});

const result = (value: unknown): Answer => ({ body: JSON.stringify({ jsonrpc: '2.0', id: 1, result: value }) });
const error = (code: number, message: string, data?: unknown): Answer => ({
  body: JSON.stringify({ jsonrpc: '2.0', id: 1, error: { code, message, data } }),
});

test('a result, also when it is null', async () => {
  answers = [result({ number: '0x2' }), result(null)];
  const rpc = createRpc(url);
  expect(await rpc.send('eth_getBlockByNumber', ['latest', false])).toEqual({ number: '0x2' });
  expect(await rpc.send('eth_getTransactionReceipt', ['0x'])).toBeNull();
  expect(asked[0]).toMatchObject({ method: 'eth_getBlockByNumber', params: ['latest', false] });
});

test("the node's own errors are not asked again", async () => {
  answers = [error(3, 'execution reverted', '0x08c379a0')];
  await expect(createRpc(url).send('eth_call', [])).rejects.toMatchObject({
    name: 'RpcError',
    code: 3,
    data: '0x08c379a0',
    method: 'eth_call',
  });
  expect(asked).toHaveLength(1);
});

test.each<[string, Answer]>([
  ['429', { status: 429, body: 'slow down' }],
  ['503 with a page', { status: 503, body: '<html>busy</html>' }],
  ['a rate limit as JSON', error(-32005, 'limit exceeded')],
  ['an empty answer', { body: '' }],
  ['neither result nor error', { body: '{"jsonrpc":"2.0","id":1}' }],
])('%s is asked again', async (_, bad) => {
  answers = [bad, bad, result('0x7')];
  expect(await createRpc(url, { backoffMs: 1 }).send('eth_blockNumber', [])).toBe('0x7');
  expect(asked).toHaveLength(3);
});

test('without an answer it says so: host, method, remedy, and not the key in the URL', async () => {
  answers = Array.from({ length: 3 }, () => ({ status: 500, body: 'no' }));
  const failure = await createRpc(url, { retries: 2, backoffMs: 1 })
    .send('eth_chainId', [])
    .catch((caught: ProductError) => caught);
  expect(failure).toMatchObject({
    code: 'RPC_UNREACHABLE',
    facts: { method: 'eth_chainId', reason: expect.stringContaining('HTTP 500') },
  });
  expect((failure as ProductError).describe()).not.toContain('secret');
});
