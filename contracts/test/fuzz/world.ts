import { strictEqual } from 'node:assert';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Interface } from 'ethers';
import { encodeSymbols, FACTORY, nameHash } from '../../../adapters/chain/codec.ts';
import { createRpc, type Rpc } from '../../../adapters/chain/rpc.ts';
import type { RawReceipt } from '../../../adapters/chain/transactions.ts';
import { createLocalSigner } from '../../../adapters/signer/local-key.ts';
import type { Random } from '../../../domain/simulation/random.ts';
import { LOCAL_CHAIN_ID, startLocalChain } from '../../../local/chain/anvil.ts';
import type { LimitSet } from '../../../local/chain/limits.ts';
import { PORTFOLIO_FACTORY_BYTECODE } from '../../generated/portfolio.ts';
import { rebuild } from '../rebuild.ts';
import { createModel, type ModelLedger } from '../reference-model.ts';
import { keccak, word } from '../words.ts';
import type { Cast } from './draw.ts';
import { bytesList, CallEncoder, signFast, viewCalls, viewWords } from './encode.ts';

const ACTORS = 7;
/** Under the most that one transaction may use (EIP-7825). */
const GAS = '0xf42400';
const SENDER = `0x${'5e'.repeat(20)}`;
const KEYS = [1n, 2n, 3n].map((n) => n * 0x1234567890abcdefn);
export const MODELS = ['a1', 'a2', 'a3'].map((byte) => byte.repeat(32));

/** A ledger on the chain, and what the reference model says of it. */
export interface FuzzLedger {
  contract: string;
  model: ModelLedger;
  encoder: CallEncoder;
  /** Every log it has written. */
  logs: RawReceipt['logs'];
}

export interface Step {
  from: string;
  /** Call data without a prefix. */
  data: string;
}

/** A chain with the factory and the driver, which makes some forty calls a transaction: the node is asked three times for all of them. */
export class FuzzWorld {
  readonly cast: Cast;
  readonly rpc: Rpc;
  readonly #driver: string;
  readonly #factory: string;
  readonly #views = bytesList(viewCalls(MODELS));
  readonly #sign: (address: string, digest: string) => string;
  readonly close: () => Promise<void>;
  #ledgers = 0;
  now = 0;

  private constructor(parts: { rpc: Rpc; driver: string; factory: string; cast: Cast; close: () => Promise<void> }) {
    this.rpc = parts.rpc;
    this.cast = parts.cast;
    this.close = parts.close;
    this.#driver = parts.driver;
    this.#factory = parts.factory;
    const keyOf = new Map(parts.cast.keys.map((address, index) => [address, KEYS[index]]));
    const wallets = new Set(parts.cast.actors);
    this.#sign = (address, digest) => {
      const key = keyOf.get(address);
      if (key !== undefined) return signFast(digest, key);
      return wallets.has(address) ? digest + address.slice(2) : '00'.repeat(65);
    };
  }

  static async start(home: string): Promise<FuzzWorld> {
    const local = await startLocalChain({ home, readOnly: true }); // nothing is kept
    const rpc = createRpc(local.rpcUrl, { retries: 0 });
    await rpc.send('anvil_impersonateAccount', [SENDER]);
    await rpc.send('anvil_setBalance', [SENDER, `0x${(10n ** 24n).toString(16)}`]);
    const driver = String((await send(rpc, null, driverBytecode() + word(ACTORS))).contractAddress);
    const factory = String((await send(rpc, null, PORTFOLIO_FACTORY_BYTECODE)).contractAddress);
    const actors: string[] = [];
    for (let index = 0; index < ACTORS; index++) {
      const data = DRIVER.encodeFunctionData('actors', [index]);
      actors.push(
        DRIVER.decodeFunctionResult(
          'actors',
          await rpc.send('eth_call', [{ to: driver, data }, 'latest']),
        )[0].toLowerCase(),
      );
    }
    const keys = await Promise.all(
      KEYS.map(async (key) => (await createLocalSigner(secretOf(key)).address()).toLowerCase()),
    );
    const world = new FuzzWorld({
      rpc,
      driver,
      factory,
      cast: { actors, keys, models: MODELS },
      close: () => local.stop(),
    });
    await world.#readTime();
    return world;
  }

  async #readTime(): Promise<void> {
    this.now = Number(
      (await this.rpc.send<{ timestamp: string }>('eth_getBlockByNumber', ['latest', false])).timestamp,
    );
  }

  /** A new ledger with random groups, roles and limits. */
  async create(random: Random, count: number, { limits, groupCapsBps }: LimitSet): Promise<FuzzLedger> {
    const universe = `fuzz-${this.#ledgers++}`;
    const assets = Array.from({ length: count }, (_, index) => `A${String(index).padStart(3, '0')}`);
    const groupOf = assets.map((_, index) =>
      index < groupCapsBps.length ? index : random.integer(groupCapsBps.length),
    );
    const [admin, relayer, approver, guardian] = this.cast.actors;
    const [strategist, attestor] = this.cast.keys;
    const roles = { strategist, relayer, attestor, approver, guardian, admin };
    const named = [nameHash('main'), nameHash(universe), encodeSymbols(assets), groupOf];
    const receipt = await send(
      this.rpc,
      this.#factory,
      FACTORY.encodeFunctionData('create', [...named, roles, limits, groupCapsBps]),
    );
    await this.#readTime();
    const created = receipt.logs.find(({ address }) => address.toLowerCase() === this.#factory.toLowerCase());
    const contract = String(created && FACTORY.parseLog(created as never)?.args.portfolio);
    const model = createModel({
      chainId: LOCAL_CHAIN_ID,
      contract,
      strategy: 'main',
      universe,
      assets,
      groupOf,
      roles,
      limits,
      groupCapsBps,
    });
    return { contract, model, encoder: new CallEncoder(LOCAL_CHAIN_ID, contract, this.#sign), logs: receipt.logs };
  }

  /** What came of each call, in one block of the given time: the word that `Driver.Outcomes` tells. */
  async run(ledger: FuzzLedger, time: number, steps: readonly Step[]): Promise<string[]> {
    await this.rpc.send('evm_setNextBlockTimestamp', [time]);
    const lists = [
      word(steps.length) + steps.map(({ from }) => word(this.cast.actors.indexOf(from))).join(''),
      bytesList(steps.map(({ data }) => data)),
      this.#views,
    ];
    let at = 4 * 32;
    const heads = lists.map((list) => {
      const head = word(at);
      at += list.length / 2;
      return head;
    });
    const data = `${RUN}${word(BigInt(ledger.contract))}${heads.join('')}${lists.join('')}`;
    const receipt = await send(this.rpc, this.#driver, data);
    const told = receipt.logs.at(-1);
    ledger.logs.push(...receipt.logs.slice(0, -1));
    // Behind the offset of the list and its length.
    return steps.map((_, index) => String(told?.data).slice(2 + 64 * (index + 2), 2 + 64 * (index + 3)));
  }

  /** The ledger from its logs alone must answer as the model does. */
  checkLogs({ logs, model }: FuzzLedger): void {
    const rebuilt = viewWords(rebuild(logs, this.#factory, LOCAL_CHAIN_ID), MODELS);
    strictEqual(rebuilt, viewWords(model, MODELS), 'the logs tell another state');
  }

  /** The word for a call that was taken, from what the model says of every view. */
  expected(model: ModelLedger): string {
    return keccak(viewWords(model, MODELS));
  }
}

const secretOf = (key: bigint): Uint8Array => Buffer.from(key.toString(16).padStart(64, '0'), 'hex');

async function send(
  rpc: Rpc,
  to: string | null,
  data: string,
): Promise<RawReceipt & { contractAddress: string | null }> {
  const hash = await rpc.send<string>('eth_sendTransaction', [{ from: SENDER, ...(to ? { to } : {}), data, gas: GAS }]);
  for (;;) {
    const receipt = await rpc.send<(RawReceipt & { contractAddress: string | null }) | null>(
      'eth_getTransactionReceipt',
      [hash],
    );
    if (receipt?.status === '0x1') return receipt;
    if (receipt) throw new Error(`the driver's transaction failed, gas ${Number(receipt.gasUsed)}`);
  }
}

const DRIVER = new Interface([
  'function actors(uint256) view returns (address)',
  'function run(address ledger, uint8[] froms, bytes[] calls, bytes[] views)',
]);

const RUN = DRIVER.getFunction('run')?.selector;

let compiled = '';

/** Compiled here, once: it is no part of the product. */
function driverBytecode(): string {
  if (compiled) return compiled;
  const solc = createRequire(import.meta.url)('solc') as { compile(input: string): string };
  const content = readFileSync(new URL('./Driver.sol', import.meta.url), 'utf8');
  const settings = { optimizer: { enabled: true }, outputSelection: { '*': { Driver: ['evm.bytecode.object'] } } };
  const output = JSON.parse(
    solc.compile(JSON.stringify({ language: 'Solidity', sources: { 'Driver.sol': { content } }, settings })),
  );
  compiled = `0x${output.contracts['Driver.sol'].Driver.evm.bytecode.object}`;
  return compiled;
}
