import { createEvmChain, type Deployment } from '../../adapters/chain/evm.ts';
import { createRpc } from '../../adapters/chain/rpc.ts';
import { createPostgresLedger } from '../../adapters/ledger/postgres.ts';
import { FilesystemObjectStore } from '../../adapters/object-store/filesystem.ts';
import { createLocalSigner } from '../../adapters/signer/local-key.ts';
import { SIGNER_ROLES, type Signers } from '../../adapters/signer/port.ts';
import type { Settings } from '../../config/schema.ts';
import { settleStage } from '../../functions/settle/settle.ts';

/** What the executor process is told: whom to ask, what to settle, and at which of its calls it dies. */
export interface ExecutorJob {
  rpcUrl: string;
  connectionString: string;
  store: string;
  settings: Settings;
  deployment: Deployment;
  event: object;
  /** The n-th call (from 1) of store, ledger and chain together. */
  kill: { call: number; when: 'before' | 'after' };
}

const job = JSON.parse(String(process.argv[2])) as ExecutorJob;
let calls = 0;

/** SIGKILL cannot be caught: nothing is flushed or closed. */
async function die(): Promise<never> {
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => {});
}

const mortal = <T extends object>(target: T): T =>
  new Proxy(target, {
    get: (own, name) => {
      const value = Reflect.get(own, name);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        calls += 1;
        if (calls !== job.kill.call) return value.apply(own, args);
        if (job.kill.when === 'before') return die();
        return Promise.resolve(value.apply(own, args)).then(die, die);
      };
    },
  });

const rpc = createRpc(job.rpcUrl);
const signers = Object.fromEntries(
  SIGNER_ROLES.map((role, index) => [role, createLocalSigner(new Uint8Array(32).fill(index + 1))]),
) as unknown as Signers;
const chain = createEvmChain({
  ...{ rpcUrl: job.rpcUrl, rpc, chainConfig: job.settings.config.chain, deployment: job.deployment, signers },
  onPoll: async () => {
    await rpc.send('anvil_mine', ['0x2']);
  },
});
const ledger = createPostgresLedger({ connectionString: job.connectionString, maxConnections: 2 });
await settleStage.run(settleStage.input.parse(job.event), {
  settings: job.settings,
  store: mortal(new FilesystemObjectStore(job.store)),
  ledger: mortal(ledger),
  chain: mortal(chain),
  alerts: { raise: async () => {} },
});
await ledger.close();
