import { getAddress, id, TypedDataEncoder, toUtf8Bytes } from 'ethers';
import {
  PORTFOLIO_DEPLOYED_BYTECODE,
  PORTFOLIO_FACTORY_DEPLOYED_BYTECODE,
} from '../../contracts/generated/portfolio.ts';
import { eip712Domain, FACTORY } from './codec.ts';
import type { Rpc } from './rpc.ts';

/** What a clone runs: hand everything to the implementation whose address stands in the middle (EIP-1167); its arguments follow. */
const CLONE = /^0x363d3d373d3d3d363d73([0-9a-f]{40})5af43d82803e903d91602b57fd5bf3/;
const PUSH32 = '7f';
const NAME = 'Portfolio';
const VERSION = '1';

export interface CodeCheck {
  readonly ok: boolean;
  /** Where the clone's code lies; null: the address holds no clone. */
  readonly implementation: string | null;
  readonly detail: string;
}

/**
 * Whether the address holds a ledger of this product: a clone of an implementation whose code is, byte for byte, what `contracts/` compiles to. Only the
 * words that its constructor wrote may differ, and each must be the one that the EIP-712 domain of this implementation on this chain gives.
 */
export async function checkCode(rpc: Rpc, contract: string, chainId: number): Promise<CodeCheck> {
  const found = CLONE.exec((await codeAt(rpc, contract)).toLowerCase());
  if (!found) return { ok: false, implementation: null, detail: 'no ledger of this product lies at this address' };
  const implementation = getAddress(`0x${found[1]}`);
  const differing = await implementationDifference(rpc, implementation, chainId);
  if (differing !== null) return differs(implementation, implementation, differing);
  return { ok: true, implementation, detail: `clone of ${implementation}, whose code is what contracts/ compiles to` };
}

/** Whether the address holds the factory of this product, and hands out a genuine implementation. */
export async function checkFactory(rpc: Rpc, factory: string, chainId: number): Promise<CodeCheck> {
  const code = await codeAt(rpc, factory);
  if (code === '0x') return { ok: false, implementation: null, detail: 'nothing lies at this address' };
  const data = FACTORY.encodeFunctionData('implementation');
  const answer = await rpc.send<string>('eth_call', [{ to: factory, data }, 'latest']).catch(() => '0x');
  const implementation = answer.length === 66 ? getAddress(`0x${answer.slice(26)}`) : null;
  const differing = difference(code, PORTFOLIO_FACTORY_DEPLOYED_BYTECODE, Array(2).fill(word(implementation ?? '0x')));
  if (implementation === null || differing !== null) return differs(implementation, 'the factory', differing ?? 0);
  const inner = await implementationDifference(rpc, implementation, chainId);
  if (inner !== null) return differs(implementation, implementation, inner);
  return {
    ok: true,
    implementation,
    detail: 'its code and that of its implementation are what contracts/ compiles to',
  };
}

const differs = (implementation: string | null, of: string, at: number): CodeCheck => ({
  ok: false,
  implementation,
  detail: `code of ${of} differs at byte ${at} from what this checkout compiles to`,
});

/** What names a ledger, in its own code: hashes of strategy and universe with 0x, and the rest that its address follows from. */
export interface CloneArguments {
  readonly strategy: string;
  readonly universe: string;
  readonly groups: readonly number[];
  /** bytes32 each. */
  readonly symbols: readonly string[];
}

export async function readCloneArguments(rpc: Rpc, contract: string): Promise<CloneArguments> {
  const code = (await codeAt(rpc, contract)).toLowerCase();
  const packed = code.slice(CLONE.exec(code)?.[0].length ?? code.length);
  const count = Number.parseInt(packed.slice(128, 132), 16);
  const groups = Array.from({ length: count }, (_, a) => Number.parseInt(packed.slice(136 + 2 * a, 138 + 2 * a), 16));
  const from = 136 + 2 * count;
  const symbols = Array.from({ length: count }, (_, a) => `0x${packed.slice(from + 64 * a, from + 64 * (a + 1))}`);
  return { strategy: `0x${packed.slice(0, 64)}`, universe: `0x${packed.slice(64, 128)}`, groups, symbols };
}

/**
 * Whether a factory of this product made the ledger for `creator`: its address then follows from both and from its arguments, and only then did it begin
 * empty. A clone that someone made with code of his own could have emitted any event, and hold any role, before it became one.
 */
export async function wasMadeBy(rpc: Rpc, contract: string, factory: string, creator: string): Promise<boolean> {
  const { strategy, universe, symbols, groups } = await readCloneArguments(rpc, contract);
  const data = FACTORY.encodeFunctionData('addressOf', [creator, strategy, universe, symbols, groups]);
  const answer = await rpc.send<string>('eth_call', [{ to: factory, data }, 'latest']);
  return getAddress(FACTORY.decodeFunctionResult('addressOf', answer)[0]) === getAddress(contract);
}

const codeAt = (rpc: Rpc, address: string): Promise<string> => rpc.send<string>('eth_getCode', [address, 'latest']);

const implementationDifference = async (rpc: Rpc, address: string, chainId: number): Promise<number | null> =>
  difference(await codeAt(rpc, address), PORTFOLIO_DEPLOYED_BYTECODE, immutables(chainId, address));

const word = (value: string): string => value.replace(/^0x/, '').toLowerCase().padStart(64, '0');

/** The words that the constructor wrote, in hex, in the order of the code: OpenZeppelin's EIP712 keeps its domain there. */
function immutables(chainId: number, implementation: string): string[] {
  const short = (text: string): string =>
    `${Buffer.from(toUtf8Bytes(text)).toString('hex').padEnd(62, '0')}${text.length.toString(16).padStart(2, '0')}`;
  const domain = TypedDataEncoder.hashDomain(eip712Domain(chainId, implementation));
  const [name, version] = [NAME, VERSION].map(short);
  return [name, version, ...[implementation, domain, id(NAME), id(VERSION), chainId.toString(16)].map(word)];
}

/** The first byte that is neither the compiler's nor the next word of the constructor's; null: there is none. */
function difference(deployed: string, ours: string, written: readonly string[]): number | null {
  const theirs = deployed.toLowerCase();
  if (theirs.length !== ours.length) return Math.min(theirs.length, ours.length) / 2 - 1;
  const left = [...written];
  for (let at = 2; at < ours.length; at += 2) {
    if (!theirs.startsWith(ours.slice(at, at + 2), at)) return at / 2 - 1;
    const empty = ours.startsWith(PUSH32, at) && /^0{64}$/.test(ours.slice(at + 2, at + 66));
    if (!empty) continue;
    if (theirs.slice(at + 2, at + 66) !== left.shift()) return at / 2;
    at += 64;
  }
  return null;
}
