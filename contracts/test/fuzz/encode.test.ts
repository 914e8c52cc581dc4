import { expect, test } from '@jest/globals';
import { recoverAddress } from 'ethers';
import {
  attestationDigest,
  eip712Domain,
  orderDigest,
  orderValue,
  PORTFOLIO,
  rebalanceCall,
} from '../../../adapters/chain/codec.ts';
import { createLocalSigner } from '../../../adapters/signer/local-key.ts';
import { createRandom } from '../../../domain/simulation/random.ts';
import { type LedgerLimits, LIMIT_NAMES } from '../../../local/chain/limits.ts';
import { createModel, type ModelLedger, type Rebalance } from '../reference-model.ts';
import { word } from '../words.ts';
import { bytesList, CallEncoder, signFast, viewCalls, viewWords } from './encode.ts';

const CONTRACT = `0x${'c0'.repeat(20)}`;
const KEYS = [7n, 8n];
const random = createRandom(4);
const signerOf = (key: bigint) => createLocalSigner(Buffer.from(word(key), 'hex'));
const addressOf = async (key: bigint) => (await signerOf(key).address()).toLowerCase();

async function aModel(count: number): Promise<ModelLedger> {
  const assets = Array.from({ length: count }, (_, index) => `A${String(index).padStart(3, '0')}`);
  const [strategist, attestor] = await Promise.all(KEYS.map(addressOf));
  const roles = { strategist, attestor, relayer: CONTRACT, approver: CONTRACT, guardian: CONTRACT, admin: strategist };
  const limits = Object.fromEntries(LIMIT_NAMES.map((name, index) => [name, 100 + index])) as LedgerLimits;
  const groupOf = assets.map((_, index) => index % 3);
  return createModel({
    ...{ chainId: 31337, contract: CONTRACT, strategy: 'main', universe: 'u', assets, groupOf, roles, limits },
    groupCapsBps: [5, 6, 7],
  });
}

function anOrder({ assets, roles }: ModelLedger): Rebalance {
  const weightsBps = Object.fromEntries([...assets, 'CASH'].map((symbol) => [symbol, random.integer(10_001)]));
  const hashes = { modelHash: 'a1'.repeat(32), decisionHash: 'd1'.repeat(32), datasetHash: 'da'.repeat(32) };
  return {
    name: 'rebalance',
    order: {
      ...{ strategy: 'main', epoch: 1 + random.integer(9), previousStateHash: '5e'.repeat(32), weightsBps },
      ...{ ...hashes, pricesEpoch: 20_000 + random.integer(99), deadline: 4_000_000_000 },
    },
    ...{ navE18: 10n ** 18n + BigInt(random.integer(10 ** 6)) },
    ...{ orderSigner: roles.strategist, navSigner: roles.attestor },
  };
}

test.each([1, 15, 16, 17, 40])(
  'orders of %i assets are the bytes that codec and ethers make, and their signatures recover',
  async (count) => {
    const ledger = await aModel(count);
    const call = anOrder(ledger);
    const signed: { digest: string; signature: string }[] = [];
    const encoder = new CallEncoder(31337, CONTRACT, (address, digest) => {
      const signature = signFast(digest, address === ledger.roles.strategist ? KEYS[0] : KEYS[1]);
      signed.push({ digest: `0x${digest}`, signature: `0x${signature}` });
      return signature;
    });
    const data = encoder.encode(ledger, call);
    const { order, navE18 } = call;
    const domain = eip712Domain(31337, CONTRACT);
    const attestation = { strategy: 'main', epoch: order.epoch, pricesEpoch: order.pricesEpoch, navE18 };
    const digests = [orderDigest(domain, order, ledger.assets), attestationDigest(domain, attestation)];
    expect(signed.map(({ digest }) => digest)).toEqual(digests);
    const [orderSignature, attestationSignature] = signed.map(({ signature }) => signature);
    expect(`0x${data}`).toBe(
      rebalanceCall({ order, orderSignature, attestation, attestationSignature }, ledger.assets),
    );
    for (const [index, { digest, signature }] of signed.entries())
      expect(recoverAddress(digest, signature).toLowerCase()).toBe(await addressOf(KEYS[index]));
  },
);

test('every other call is what the interface makes of it', async () => {
  const ledger = await aModel(3);
  const encoder = new CallEncoder(31337, CONTRACT, () => '');
  const [modelHash, account] = ['a2'.repeat(32), CONTRACT];
  const { limits, groupCapsBps } = ledger;
  const same = (call: Parameters<CallEncoder['encode']>[1], args: unknown[]) =>
    expect(`0x${encoder.encode(ledger, call)}`).toBe(PORTFOLIO.encodeFunctionData(call.name, args));
  same({ name: 'setLimits', limits, groupCapsBps }, [limits, groupCapsBps]);
  same({ name: 'approveModel', modelHash }, [`0x${modelHash}`]);
  same({ name: 'setRole', role: 3, account }, [3, account]);
  same({ name: 'proposeAdmin', account }, [account]);
  for (const name of ['applyLimits', 'cancelLimits', 'pause', 'unpause', 'acceptAdmin'] as const) same({ name }, []);
  expect(bytesList(['', 'aabb'])).toBe([2, 64, 96, 0, 2].map(word).join('') + 'aabb'.padEnd(64, '0'));
});

test.each([3, 16])(
  'the words of the views of %i assets are what the interface makes of the same state',
  async (count) => {
    const ledger = await aModel(count);
    const models = ['a1', 'a2'].map((byte) => byte.repeat(32));
    const state: ModelLedger = {
      ...ledger,
      ...{
        epoch: 3,
        pricesEpoch: 20_001,
        paused: true,
        navE18: 5n,
        highWaterMarkE18: 6n,
        approved: new Set([models[1]]),
      },
      pending: { limits: { ...ledger.limits, maxGrossBps: 9 }, groupCapsBps: [1, 2, 3], dueAt: 77 },
    };
    const { weights } = orderValue({ ...anOrder(ledger).order, weightsBps: { CASH: 10_000 } }, ledger.assets);
    const { roles, limits, groupCapsBps, pending } = state;
    const answers: unknown[][] = [
      [{ ...state, stateHash: `0x${state.stateHash}`, weights }],
      [limits],
      [groupCapsBps],
      [roles],
      [state.pendingAdmin],
      [pending.limits, pending.groupCapsBps, pending.dueAt],
      ...models.map((hash) => [state.approved.has(hash)]),
    ];
    const names = viewCalls(models).map((call) => PORTFOLIO.getFunction(`0x${call.slice(0, 8)}`)?.name ?? '');
    const encoded = names.map((name, index) => PORTFOLIO.encodeFunctionResult(name, answers[index]).slice(2));
    expect(viewWords(state, models)).toBe(encoded.join(''));
  },
);
