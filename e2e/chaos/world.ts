import { decodeRebalanced, PORTFOLIO } from '../../adapters/chain/codec.ts';
import { createEvmChain, type EvmChainOptions } from '../../adapters/chain/evm.ts';
import type { PortfolioChain } from '../../adapters/chain/port.ts';
import { createRpc, type Rpc, type RpcOptions } from '../../adapters/chain/rpc.ts';
import type { Ledger } from '../../adapters/ledger/port.ts';
import { createPostgresLedger } from '../../adapters/ledger/postgres.ts';
import { findPostgres, type PostgresServer, startPostgres } from '../../adapters/ledger/postgres-server.ts';
import type { ChainConfig, Settings } from '../../config/schema.ts';
import { MODEL, STRATEGY } from '../../contracts/test/fixture.ts';
import { type SettlePorts, startWorld, type World } from '../../contracts/test/settlement-world.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import type { Tally } from './result.ts';

/** Room for ten thousand settlements within one day of the chain's time. */
const NO_BUDGET = '1000000000000000000000000';

/** A world whose ledger is on a real PostgreSQL where there is one, else on PGlite. */
export interface ChaosWorld {
  world: World;
  ledger: Ledger;
  ledgerName: 'PostgreSQL' | 'PGlite';
  /** null on PGlite, which has one connection. */
  connectionString: string | null;
  settings: Settings;
  /** Straight to the chain, past every fault. */
  rpc: Rpc;
  mine(blocks: number): Promise<void>;
  decide(): Promise<ArtifactRef>;
  ports(change?: Partial<SettlePorts>): SettlePorts;
  chain(options?: { rpcUrl?: string; rpc?: RpcOptions; onPoll?: EvmChainOptions['onPoll'] }): PortfolioChain;
  close(): Promise<void>;
}

export async function startChaosWorld(change: Partial<ChainConfig> = {}): Promise<ChaosWorld> {
  const world = await startWorld();
  const server = await startServer();
  const ledger = server ? createPostgresLedger({ connectionString: server.connectionString }) : world.relational;
  await ledger.migrate();
  const chainConfig = { ...world.settings.config.chain, dailyFeeBudgetWei: NO_BUDGET, ...change };
  const settings = { ...world.settings, config: { ...world.settings.config, chain: chainConfig } };
  const { fixture } = world;
  const chain: ChaosWorld['chain'] = ({ rpcUrl = fixture.local.rpcUrl, rpc = {}, onPoll } = {}) =>
    createEvmChain({
      ...{ rpcUrl, chainConfig, onPoll, signers: fixture.signers, deployment: world.ledger.deployment },
      rpc: createRpc(rpcUrl, rpc),
    });
  let decided = 0;
  return {
    ...{ world, ledger, settings, chain, rpc: fixture.rpc },
    mine: async (blocks) => {
      await fixture.rpc.send('anvil_mine', [`0x${blocks.toString(16)}`]);
    },
    ledgerName: server ? 'PostgreSQL' : 'PGlite',
    connectionString: server?.connectionString ?? null,
    decide: async () => {
      decided += 1;
      const { ref, decision } = await world.decide({ A000: 1000 + (decided % 200), A001: 500 });
      const { date, universe } = decision;
      await ledger.recordDecision({ strategy: STRATEGY, date, decisionHash: ref.hash, modelHash: MODEL, universe });
      return ref;
    },
    ports: (other = {}) => ({ ...world.ports, settings, ledger, ...other }),
    close: async () => {
      if (server) await ledger.close();
      await server?.stop();
      await world.close();
    },
  };
}

async function startServer(): Promise<PostgresServer | null> {
  const bin = await findPostgres();
  if (bin) return startPostgres(bin);
  process.stderr.write('no initdb and pg_ctl found (install the postgresql package): the ledger is on PGlite\n');
  return null;
}

interface Settled {
  decisionHash: string;
  epoch: number;
  transaction: string;
}

/** What the contract says was settled, straight from the chain. */
async function settledOnChain({ world, rpc }: ChaosWorld): Promise<Settled[]> {
  const { contract, assets } = world.ledger.deployment;
  const topic = PORTFOLIO.getEvent('Rebalanced')?.topicHash;
  const logs = await rpc.send<{ topics: string[]; data: string; transactionHash: string }[]>('eth_getLogs', [
    { address: contract, topics: [topic], fromBlock: '0x0', toBlock: 'latest' },
  ]);
  return logs.map((log) => {
    const event = decodeRebalanced(log, assets);
    if (!event) throw new Error('a log that is no rebalance');
    return { decisionHash: event.decisionHash, epoch: event.epoch, transaction: log.transactionHash };
  });
}

/**
 * What must hold whatever happened: each decision is on the chain once, in the ledger as final with that very transaction, and the
 * relayer's nonces are those of the ledger, without a gap.
 */
export async function audit(chaos: ChaosWorld, decided: readonly ArtifactRef[], tally: Tally): Promise<void> {
  const events = await settledOnChain(chaos);
  const rows = new Map((await chaos.ledger.settlements(STRATEGY)).map((row) => [row.decisionHash, row]));
  const seen = new Map<string, Settled>();
  tally.add('duplicates', 0);
  tally.add('lost', 0);
  for (const event of events) {
    if (seen.has(event.decisionHash)) tally.add('duplicates', 1, `decision ${event.decisionHash}`);
    seen.set(event.decisionHash, event);
  }
  for (const { hash } of decided) {
    const [event, row] = [seen.get(hash), rows.get(hash)];
    if (!event) tally.add('lost', 1, `decision ${hash}, ${row?.status ?? 'not in the ledger'}`);
    else if (row?.status !== 'finalized' || row.transaction !== event.transaction || row.epoch !== event.epoch)
      tally.add('lost', 1, `decision ${hash} is on the chain and ${row?.status ?? 'not'} in the ledger`);
  }
  const { relayer } = chaos.world.fixture.addresses;
  tally.add('settlements', rows.size);
  tally.add('attempts', (await chaos.ledger.feesSince(chaos.settings.config.chain.chainId, relayer, 0)).length);
  const epochs = events.map(({ epoch }) => epoch).sort((a, b) => a - b);
  tally.add('duplicates', epochs.filter((epoch, i) => epoch !== i + 1).length, 'epochs are not 1, 2, 3 ...');
  await auditNonces(
    chaos,
    [...rows.values()].map(({ nonce }) => nonce).sort((a, b) => a - b),
    tally,
  );
}

async function auditNonces(chaos: ChaosWorld, nonces: number[], tally: Tally): Promise<void> {
  const count = await chaos.rpc.send<string>('eth_getTransactionCount', [
    chaos.world.fixture.addresses.relayer,
    'latest',
  ]);
  const gaps = nonces.filter((nonce, i) => nonce !== i).length + Math.abs(Number(count) - nonces.length);
  tally.add('nonceGaps', gaps, `the ledger gave out ${nonces.length}, the chain counts ${Number(count)}`);
}
