import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  attestationDigest,
  decodeState,
  describeRevert,
  eip712Domain,
  orderDigest,
  PORTFOLIO,
  rebalanceCall,
} from '../../adapters/chain/codec.ts';
import type { Deployment } from '../../adapters/chain/evm.ts';
import type { NavAttestation, PortfolioState, RebalanceOrder, SignedRebalance } from '../../adapters/chain/port.ts';
import { createRpc, type Rpc, RpcError } from '../../adapters/chain/rpc.ts';
import { type RawReceipt, signDigestHex } from '../../adapters/chain/transactions.ts';
import { createLocalSigner } from '../../adapters/signer/local-key.ts';
import { SIGNER_ROLES, type Signer, type SignerRole, type Signers } from '../../adapters/signer/port.ts';
import { type ChainConfig, chainSchema } from '../../config/schema.ts';
import type { Limits } from '../../domain/risk/limits.ts';
import { LOCAL_CHAIN_ID, type LocalChain, passTimeTo, startLocalChain } from '../../local/chain/anvil.ts';
import { type Asset, ledgerAssets } from '../../local/chain/assets.ts';
import { initChain, ledgerLimits, roleAddresses } from '../../local/chain/init.ts';
import { type LedgerLimits, type LimitsOnChain, readLimits } from '../../local/chain/limits.ts';
import { CoverageRecord } from './branches/record.ts';

export const MODEL = 'a1'.repeat(32);
export const STRATEGY = 'main';

export const LIMITS: Limits = {
  maxWeight: 0.25,
  maxGroupWeight: 0.6,
  groupOverrides: { g0: 0.4 },
  maxIlliquidWeight: 1,
  maxHubWeight: 1,
  maxGross: 0.95,
  maxTurnover: 0.5,
  drawdown: { budget: 0.12, hardLimit: 0.15, resetAfterDays: null },
};

export const CHAIN_CONFIG: ChainConfig = chainSchema.parse({
  network: 'local',
  chainId: LOCAL_CHAIN_ID,
  rpcUrl: null,
  finality: { tag: 'finalized', confirmations: 1, pollSeconds: 0, maxPolls: 200 },
  maxFeePerGasWei: '200000000000',
  orderTtlSeconds: 3600,
});

/** The same key for a role in every test, so that addresses and gas are the same in every run. */
export const testSigners = (): Signers =>
  Object.fromEntries(
    SIGNER_ROLES.map((role, index) => [role, createLocalSigner(new Uint8Array(32).fill(index + 1))]),
  ) as Record<SignerRole, Signer>;

/** Assets A000, A001 ... in groups g0, g1, g2 by turns, or in more of them. */
export const testAssets = (count: number, groups = 3): Asset[] =>
  Array.from({ length: count }, (_, index) => ({
    symbol: `A${String(index).padStart(3, '0')}`,
    group: `g${index % groups}`,
  }));

/** Where a run under `branches.slow.test.ts` keeps what it has seen. */
const COVERAGE = process.env.DRL_COVERAGE_FOLDER;

export interface Fixture {
  home: string;
  local: LocalChain;
  rpc: Rpc;
  signers: Signers;
  addresses: Record<SignerRole, string>;
  coverage: CoverageRecord | null;
  close(): Promise<void>;
}

/** A chain of its own in a folder of its own. */
export async function startFixture(): Promise<Fixture> {
  const home = mkdtempSync(join(tmpdir(), 'ledger-'));
  const local = await startLocalChain({ home });
  const coverage = COVERAGE ? new CoverageRecord(COVERAGE) : null;
  const node = createRpc(local.rpcUrl, { retries: 0 });
  const rpc = coverage?.tracing(node) ?? node;
  const signers = testSigners();
  const addresses = await roleAddresses(signers);
  for (const address of Object.values(addresses)) await rpc.send('anvil_impersonateAccount', [address]);
  const close = async () => {
    coverage?.write();
    await local.stop();
    rmSync(home, { recursive: true, force: true });
  };
  return { home, local, rpc, signers, addresses, coverage, close };
}

/** A ledger and the calls on it, sent by the node for whoever is named: only the strategist's and the attestor's signatures are real. */
export class Ledger {
  readonly fixture: Fixture;
  readonly deployment: Deployment;

  private constructor(fixture: Fixture, deployment: Deployment) {
    this.fixture = fixture;
    this.deployment = deployment;
  }

  static async create(
    fixture: Fixture,
    assets: number,
    options: { limits?: Limits; universe?: string; groups?: number } = {},
  ): Promise<Ledger> {
    const { local, signers } = fixture;
    const universe = options.universe ?? `universe-${assets}`;
    const deployment = await initChain({
      chain: CHAIN_CONFIG,
      rpcUrl: local.rpcUrl,
      signers,
      strategy: STRATEGY,
      universe,
      assets: testAssets(assets, options.groups),
      limits: options.limits ?? LIMITS,
    });
    await fixture.coverage?.replaceCode(fixture.rpc, deployment);
    const ledger = new Ledger(fixture, deployment);
    await ledger.send('approver', 'approveModel', [`0x${MODEL}`]);
    return ledger;
  }

  async state(): Promise<PortfolioState & { pricesEpoch: number }> {
    const data = await this.fixture.rpc.send<string>('eth_call', [
      { to: this.deployment.contract, data: PORTFOLIO.encodeFunctionData('state') },
      'latest',
    ]);
    return decodeState(data, this.deployment.assets);
  }

  /** An order that the ledger takes: weights as given, the rest cash. */
  async order(weights: Record<string, number>, change: Partial<RebalanceOrder> = {}): Promise<RebalanceOrder> {
    const state = await this.state();
    const gross = Object.values(weights).reduce((sum, bps) => sum + bps, 0);
    return {
      strategy: STRATEGY,
      epoch: state.epoch + 1,
      previousStateHash: state.stateHash,
      weightsBps: { ...weights, CASH: 10_000 - gross },
      modelHash: MODEL,
      decisionHash: 'd1'.repeat(32),
      datasetHash: 'da'.repeat(32),
      pricesEpoch: Math.max(20_000, state.pricesEpoch + 1),
      deadline: 4_000_000_000,
      ...change,
    };
  }

  async sign(
    order: RebalanceOrder,
    navE18 = 10n ** 18n,
    by: {
      strategist?: Signer;
      attestor?: Signer;
      chainId?: number;
      contract?: string;
      attestation?: Partial<NavAttestation>;
    } = {},
  ): Promise<SignedRebalance> {
    const domain = eip712Domain(by.chainId ?? LOCAL_CHAIN_ID, by.contract ?? this.deployment.contract);
    const { strategy, epoch, pricesEpoch } = order;
    const attestation = { strategy, epoch, pricesEpoch, navE18 };
    const { signers } = this.fixture;
    return {
      order,
      orderSignature: await signDigestHex(
        by.strategist ?? signers.strategist,
        orderDigest(domain, order, this.deployment.assets),
      ),
      attestation,
      attestationSignature: await signDigestHex(
        by.attestor ?? signers.attestor,
        attestationDigest(domain, { ...attestation, ...by.attestation }),
      ),
    };
  }

  callData(name: string, args: readonly unknown[] = []): string {
    return PORTFOLIO.encodeFunctionData(name, args);
  }

  rebalanceData(rebalance: SignedRebalance): string {
    return rebalanceCall(rebalance, this.deployment.assets);
  }

  /** `ok`, or the name of the contract's error. Nothing changes. */
  async tryData(data: string, from: string = this.fixture.addresses.relayer): Promise<string> {
    try {
      await this.fixture.rpc.send('eth_call', [{ from, to: this.deployment.contract, data }, 'latest']);
      return 'ok';
    } catch (error) {
      return revertName(error);
    }
  }

  tryRebalance(rebalance: SignedRebalance, from?: string): Promise<string> {
    return this.tryData(this.rebalanceData(rebalance), from);
  }

  tryCall(from: string, name: string, args: readonly unknown[] = []): Promise<string> {
    return this.tryData(this.callData(name, args), from);
  }

  async sendData(from: string, data: string): Promise<RawReceipt> {
    const { rpc } = this.fixture;
    const hash = await rpc.send<string>('eth_sendTransaction', [
      { from, to: this.deployment.contract, data, gas: '0xf42400' },
    ]);
    let receipt = await rpc.send<RawReceipt | null>('eth_getTransactionReceipt', [hash]);
    while (!receipt) receipt = await rpc.send<RawReceipt | null>('eth_getTransactionReceipt', [hash]); // mined a moment after it was sent
    if (receipt.status !== '0x1') throw new Error(`reverted: ${await this.tryData(data, from)}`);
    return receipt;
  }

  send(role: SignerRole, name: string, args: readonly unknown[] = []): Promise<RawReceipt> {
    return this.sendData(this.fixture.addresses[role], this.callData(name, args));
  }

  limits(): Promise<LimitsOnChain> {
    return readLimits(this.fixture.rpc, this.deployment.contract);
  }

  /** The configured limits and group caps with a change, as arguments of `setLimits`. */
  limitArguments(change: Partial<LedgerLimits> = {}, caps?: number[]): [LedgerLimits, number[]] {
    const { groupCapsBps } = ledgerAssets(testAssets(this.deployment.assets.length), LIMITS);
    return [{ ...ledgerLimits(LIMITS), ...change }, caps ?? groupCapsBps];
  }

  /** Limits of either direction, in force when this returns: looser ones are waited for. */
  async putLimits(change: Partial<LedgerLimits> = {}, caps?: number[]): Promise<void> {
    await this.send('admin', 'setLimits', this.limitArguments(change, caps));
    const { pending } = await this.limits();
    if (!pending) return;
    await passTimeTo(this.fixture.rpc, pending.dueAt);
    await this.send('admin', 'applyLimits');
  }

  rebalance(rebalance: SignedRebalance): Promise<RawReceipt> {
    return this.sendData(this.fixture.addresses.relayer, this.rebalanceData(rebalance));
  }

  async read(
    name: string,
    args: readonly unknown[] = [],
  ): Promise<ReturnType<typeof PORTFOLIO.decodeFunctionResult>[number]> {
    const data = await this.fixture.rpc.send<string>('eth_call', [
      { to: this.deployment.contract, data: this.callData(name, args) },
      'latest',
    ]);
    return PORTFOLIO.decodeFunctionResult(name, data)[0];
  }
}

export function revertName(error: unknown): string {
  if (!(error instanceof RpcError)) throw error;
  return (
    (typeof error.data === 'string' && describeRevert(error.data)?.name) ||
    `unknown: ${error.message} ${String(error.data)}`
  );
}
