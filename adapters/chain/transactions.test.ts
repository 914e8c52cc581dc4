import { expect, test } from '@jest/globals';
import { Transaction } from 'ethers';
import { createLocalSigner } from '../signer/local-key.ts';
import { type Rpc, RpcError } from './rpc.ts';
import { broadcastRaw, buildTransaction } from './transactions.ts';

const signer = createLocalSigner(new Uint8Array(32).fill(3));
const config = { chainId: 11_155_111, maxFeePerGasWei: '50000000000' };
const call = { to: '0x00000000000000000000000000000000000000aa', data: '0x1234' };
const GWEI = 10n ** 9n;

type Answers = Record<string, unknown>;
const quiet: Answers = {
  eth_estimateGas: '0x186a0',
  eth_getBlockByNumber: { baseFeePerGas: `0x${(10n * GWEI).toString(16)}` },
  eth_maxPriorityFeePerGas: `0x${GWEI.toString(16)}`,
  eth_getBalance: '0xde0b6b3a7640000',
};

/** A node that answers by method; an Error is thrown. */
const node = (answers: Answers): Rpc & { asked: string[] } => {
  const asked: string[] = [];
  return {
    url: 'http://node',
    asked,
    async send<T>(method: string): Promise<T> {
      asked.push(method);
      const answer = answers[method];
      if (answer instanceof Error) throw answer;
      return answer as T;
    },
  };
};

const signed = () => buildTransaction(node(quiet), config, signer, call, 7);

test('an EIP-1559 transaction by the signer: nonce, chain, room over the estimate, twice the base fee and the tip', async () => {
  const { raw, hash, maxFeePerGasWei } = await signed();
  const transaction = Transaction.from(raw);
  expect(transaction).toMatchObject({
    type: 2,
    chainId: 11_155_111n,
    nonce: 7,
    data: '0x1234',
    gasLimit: 135_000n,
    maxFeePerGas: 21n * GWEI,
    maxPriorityFeePerGas: GWEI,
    hash,
  });
  expect(transaction.from).toBe(await signer.address());
  expect(maxFeePerGasWei).toBe(String(21n * GWEI));
});

test('the ceiling holds: the fee is cut to it, the tip to what is left, and above it nothing is signed', async () => {
  const at = (base: bigint) => node({ ...quiet, eth_getBlockByNumber: { baseFeePerGas: `0x${base.toString(16)}` } });
  const cut = Transaction.from((await buildTransaction(at(49n * GWEI + GWEI / 2n), config, signer, call, 0)).raw);
  expect(cut).toMatchObject({ maxFeePerGas: 50n * GWEI, maxPriorityFeePerGas: GWEI / 2n });
  await expect(buildTransaction(at(50n * GWEI), config, signer, call, 0)).rejects.toMatchObject({
    code: 'FEE_CEILING',
  });
});

test('a replacement costs an eighth more in both fees, or what the market asks; above the ceiling nothing is signed', async () => {
  const first = await signed();
  const second = await buildTransaction(node(quiet), config, signer, call, 7, { replaces: first });
  expect(second.nonce).toBe(first.nonce);
  expect(BigInt(second.maxFeePerGasWei)).toBe((21n * GWEI * 9n) / 8n);
  expect(BigInt(second.maxPriorityFeePerGasWei)).toBe((GWEI * 9n) / 8n);
  const busy = node({ ...quiet, eth_getBlockByNumber: { baseFeePerGas: `0x${(20n * GWEI).toString(16)}` } });
  const dear = await buildTransaction(busy, config, signer, call, 7, { replaces: first });
  expect(BigInt(dear.maxFeePerGasWei)).toBe(40n * GWEI + (GWEI * 9n) / 8n);
  const low = { ...config, maxFeePerGasWei: first.maxFeePerGasWei };
  await expect(buildTransaction(node(quiet), low, signer, call, 7, { replaces: first })).rejects.toMatchObject({
    code: 'FEE_CEILING',
    facts: { replacementNeedsWei: second.maxFeePerGasWei },
  });
});

test('the whole transaction stays under its ceiling, and within the budget', async () => {
  const build = (bounds: object) => buildTransaction(node(quiet), config, signer, call, 7, bounds);
  const cut = await build({ maxTransactionFeeWei: 135_000n * 15n * GWEI });
  expect(BigInt(cut.maxFeePerGasWei)).toBe(15n * GWEI);
  await expect(build({ maxTransactionFeeWei: 135_000n * 10n * GWEI })).rejects.toMatchObject({
    code: 'FEE_CEILING',
    facts: { gasLimit: '135000' },
  });
  await expect(build({ budgetWei: 135_000n * 21n * GWEI - 1n })).rejects.toMatchObject({ code: 'FEE_BUDGET' });
  await expect(build({ budgetWei: 135_000n * 21n * GWEI })).resolves.toMatchObject({ nonce: 7 });
});

test('a node that says no tip gets one', async () => {
  const silent = node({
    ...quiet,
    eth_maxPriorityFeePerGas: new RpcError('eth_maxPriorityFeePerGas', -32601, 'method not found', undefined),
  });
  expect(Transaction.from((await buildTransaction(silent, config, signer, call, 0)).raw).maxPriorityFeePerGas).toBe(
    GWEI,
  );
});

test('too little money: address, balance and need', async () => {
  await expect(
    buildTransaction(node({ ...quiet, eth_getBalance: '0x5' }), config, signer, call, 0),
  ).rejects.toMatchObject({
    code: 'CHAIN_UNFUNDED',
    facts: { address: await signer.address(), balanceWei: '5', neededWei: String(135_000n * 21n * GWEI) },
  });
});

const refusal = (message: string, code = -32000) => new RpcError('eth_sendRawTransaction', code, message, undefined);

test.each([
  ['Geth', 'already known'],
  ['Nethermind', 'AlreadyKnown'],
  ['Besu', 'Known transaction'],
  ['Erigon', 'ALREADY_EXISTS: already known'],
  ['Reth', 'already known'],
  ['anvil', 'transaction already imported'],
])('%s has these bytes already: success', async (_, message) => {
  await expect(
    broadcastRaw(node({ eth_sendRawTransaction: refusal(message) }), (await signed()).raw),
  ).resolves.toBeUndefined();
});

test.each([
  ['Geth', 'nonce too low: next nonce 9, tx nonce 7'],
  ['Nethermind', 'OldNonce'],
  ['Besu', 'Nonce too low'],
  ['Reth', 'nonce too low: next nonce 9, tx nonce 7'],
  ['Geth, of a replacement', 'replacement transaction underpriced'],
  ['Nethermind, of a replacement', 'ReplacementNotAllowed'],
  ['Erigon, of a replacement', 'could not replace existing tx'],
  ['Erigon', 'nonce too low'],
  ['anvil', 'nonce too low'],
])(
  '%s says that the nonce is used: success where these bytes are mined, refused where others are',
  async (_, message) => {
    const { raw, hash } = await signed();
    const mined = node({ eth_sendRawTransaction: refusal(message), eth_getTransactionByHash: { hash } });
    await expect(broadcastRaw(mined, raw)).resolves.toBeUndefined();
    const others = node({ eth_sendRawTransaction: refusal(message), eth_getTransactionByHash: null });
    await expect(broadcastRaw(others, raw)).rejects.toMatchObject({
      code: 'CHAIN_NONCE_USED',
      kind: 'refused',
      facts: { transaction: hash, nonce: 7 },
    });
  },
);

test('other refusals keep the words of the node', async () => {
  const { raw } = await signed();
  const full = node({ eth_sendRawTransaction: refusal('txpool is full'), eth_getTransactionByHash: null });
  await expect(broadcastRaw(full, raw)).rejects.toMatchObject({
    code: 'CHAIN_REFUSED',
    facts: { node: 'txpool is full' },
  });
  const poor = node({
    eth_sendRawTransaction: refusal('insufficient funds for gas * price + value'),
    eth_getTransactionByHash: null,
    eth_getBalance: '0x1',
  });
  await expect(broadcastRaw(poor, raw)).rejects.toMatchObject({ code: 'CHAIN_UNFUNDED' });
});
