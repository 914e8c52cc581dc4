import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Deployment } from '../../../adapters/chain/evm.ts';
import { checkCode } from '../../../adapters/chain/genuine.ts';
import type { Rpc } from '../../../adapters/chain/rpc.ts';
import type { CoveredCode } from './compile.ts';

export const codeFile = (folder: string): string => join(folder, 'code.json');

/** Says which way each JUMPI went, by the address whose code decided (`at`: a clone's call lands in its implementation). */
const tracer = (to: string): string => `{
  hits: {}, at: ['${to.toLowerCase()}'],
  step: function (log) {
    if (log.op.toNumber() !== 0x57) return;
    this.hits[this.at[this.at.length - 1] + ':' + log.getPC() + ':' + (log.stack.peek(1).toString() === '0' ? 0 : 1)] = 1;
  },
  enter: function (frame) { this.at.push(toHex(frame.getTo())); },
  exit: function () { this.at.pop(); },
  fault: function () {},
  result: function () { return this.hits; }
}`;

/** Collects which way the branches of the contracts went in the calls and transactions of a test file. */
export class CoverageRecord {
  readonly #folder: string;
  readonly #hits = new Set<string>();
  /** Contract by address of its code. */
  readonly #contracts = new Map<string, string>();
  readonly #codes: CoveredCode['codes'];

  constructor(folder: string) {
    this.#folder = folder;
    this.#codes = JSON.parse(readFileSync(codeFile(folder), 'utf8'));
  }

  /** The same node; what is called or sent is traced first. */
  tracing(rpc: Rpc): Rpc {
    return {
      url: rpc.url,
      send: async <T>(method: string, params: readonly unknown[]): Promise<T> => {
        const [call] = params as [{ to?: string }];
        if ((method === 'eth_call' || method === 'eth_sendTransaction') && call.to) {
          const options = { tracer: tracer(call.to) };
          const hits = await rpc.send<Record<string, 1>>('debug_traceCall', [call, 'latest', options]);
          for (const key of Object.keys(hits)) this.#count(key);
        }
        return rpc.send<T>(method, params);
      },
    };
  }

  #count(key: string): void {
    const [address, counter, way] = key.split(':');
    const contract = this.#contracts.get(address);
    if (contract) this.#hits.add(`${contract}:${counter}:${way}`);
  }

  /** Puts the code whose branches are known where a ledger and its factory have theirs. */
  async replaceCode(rpc: Rpc, { contract, factory, chainId }: Deployment): Promise<void> {
    const { implementation } = await checkCode(rpc, contract, chainId);
    for (const [name, address] of [
      ['Portfolio', String(implementation)],
      ['PortfolioFactory', factory],
    ]) {
      const deployed = await rpc.send<string>('eth_getCode', [address, 'latest']);
      const code = Buffer.from(this.#codes[name].object, 'hex');
      for (const [from, to] of this.#codes[name].words)
        Buffer.from(deployed.slice(2), 'hex').copy(code, to, from, from + 32);
      await rpc.send('anvil_setCode', [address, `0x${code.toString('hex')}`]);
      this.#contracts.set(address.toLowerCase(), name);
    }
  }

  write(): void {
    writeFileSync(join(this.#folder, `${process.pid}-${performance.now()}.hits.json`), JSON.stringify([...this.#hits]));
  }
}
