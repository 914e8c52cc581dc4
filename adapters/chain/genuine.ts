import { getAddress, id, keccak256, TypedDataEncoder, toUtf8Bytes } from 'ethers';
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
  return differing === null
    ? { ok: true, implementation, detail: `clone of ${implementation}, whose code is what contracts/ compiles to` }
    : {
        ok: false,
        implementation,
        detail: `code of ${implementation} differs at byte ${differing} from what this checkout compiles to`,
      };
}

/** Whether the address holds the factory of this product, and hands out a genuine implementation. */
export async function checkFactory(rpc: Rpc, factory: string, chainId: number): Promise<CodeCheck> {
  const code = await codeAt(rpc, factory);
  if (code === '0x') return { ok: false, implementation: null, detail: 'nothing lies at this address' };
  const data = FACTORY.encodeFunctionData('implementation');
  const answer = await rpc.send<string>('eth_call', [{ to: factory, data }, 'latest']).catch(() => '0x');
  const implementation = answer.length === 66 ? getAddress(`0x${answer.slice(26)}`) : null;
  const differing = difference(code, PORTFOLIO_FACTORY_DEPLOYED_BYTECODE, new Set([word(implementation ?? '0x')]));
  if (implementation === null || differing !== null)
    return {
      ok: false,
      implementation,
      detail: `code of the factory differs at byte ${differing ?? 0} from what this checkout compiles to`,
    };
  const inner = await implementationDifference(rpc, implementation, chainId);
  return inner === null
    ? { ok: true, implementation, detail: 'its code and that of its implementation are what contracts/ compiles to' }
    : {
        ok: false,
        implementation,
        detail: `code of ${implementation} differs at byte ${inner} from what this checkout compiles to`,
      };
}

/** The bytes that a clone was given beside its code, in hex without prefix. */
export async function cloneArguments(rpc: Rpc, contract: string): Promise<string> {
  const code = (await codeAt(rpc, contract)).toLowerCase();
  return code.slice(CLONE.exec(code)?.[0].length ?? code.length);
}

const codeAt = (rpc: Rpc, address: string): Promise<string> => rpc.send<string>('eth_getCode', [address, 'latest']);

const implementationDifference = async (rpc: Rpc, address: string, chainId: number): Promise<number | null> =>
  difference(await codeAt(rpc, address), PORTFOLIO_DEPLOYED_BYTECODE, immutables(chainId, address));

const word = (value: string): string => value.replace(/^0x/, '').toLowerCase().padStart(64, '0');

/** Words that the constructor may have written, in hex: OpenZeppelin's EIP712 keeps its domain in the code. */
function immutables(chainId: number, implementation: string): Set<string> {
  const short = (text: string): string =>
    `${Buffer.from(toUtf8Bytes(text)).toString('hex').padEnd(62, '0')}${text.length.toString(16).padStart(2, '0')}`;
  const domain = TypedDataEncoder.hashDomain(eip712Domain(chainId, implementation));
  const words = [domain, chainId.toString(16), implementation, id(NAME), keccak256(toUtf8Bytes(VERSION))];
  return new Set([...words.map(word), short(NAME), short(VERSION)]);
}

/** The first byte that is neither the compiler's nor an allowed immutable; null: there is none. */
function difference(deployed: string, ours: string, allowed: ReadonlySet<string>): number | null {
  const theirs = deployed.toLowerCase();
  if (theirs.length !== ours.length) return Math.min(theirs.length, ours.length) / 2 - 1;
  for (let at = 2; at < ours.length; at += 2) {
    if (theirs.startsWith(ours.slice(at, at + 2), at)) {
      const empty = ours.startsWith(PUSH32, at) && /^0{64}$/.test(ours.slice(at + 2, at + 66));
      if (!empty) continue;
      if (!allowed.has(theirs.slice(at + 2, at + 66))) return at / 2;
      at += 64;
    } else return at / 2 - 1;
  }
  return null;
}
