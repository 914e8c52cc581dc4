import { join } from 'node:path';
import type { Alert } from '../../adapters/alerts/port.ts';
import { createEvmChain } from '../../adapters/chain/evm.ts';
import type { PortfolioChain } from '../../adapters/chain/port.ts';
import { createPgliteLedger } from '../../adapters/ledger/pglite.ts';
import type { Ledger as RelationalLedger } from '../../adapters/ledger/port.ts';
import { FilesystemObjectStore } from '../../adapters/object-store/filesystem.ts';
import { type ObjectStore, putArtifact } from '../../adapters/object-store/port.ts';
import { loadSettings } from '../../config/load.ts';
import type { Settings } from '../../config/schema.ts';
import { canonicalJson } from '../../domain/lineage/canonical.ts';
import { type Decision, decisionSchema } from '../../domain/lineage/decision.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import { isoOfDay } from '../../domain/market/days.ts';
import type { Ports } from '../../functions/ports.ts';
import { ROOT } from '../../local/settings.ts';
import { type Fixture, Ledger, MODEL, STRATEGY, startFixture } from './fixture.ts';

export type SettlePorts = Pick<Ports, 'settings' | 'store' | 'ledger' | 'chain' | 'alerts'>;

/** Store, relational ledger, chain with a ledger of three assets, and a line of decisions: all real, all in one folder. */
export interface World {
  fixture: Fixture;
  ledger: Ledger;
  relational: RelationalLedger;
  store: ObjectStore;
  chain: PortfolioChain;
  alerts: Alert[];
  ports: SettlePorts;
  settings: Settings;
  /** Store a decision of the next day and record it; weights in basis points, the rest cash. */
  decide(
    weightsBps: Record<string, number>,
    nav?: number,
    ledgerNames?: Record<string, string>,
  ): Promise<{ ref: ArtifactRef; decision: Decision }>;
  /** The state document that the stage gets. */
  event(ref: ArtifactRef): object;
  close(): Promise<void>;
}

const FIRST_DAY = 20_500;
const HASH = (letter: string) => letter.repeat(64);

export async function startWorld(): Promise<World> {
  const fixture = await startFixture();
  const ledger = await Ledger.create(fixture, 3);
  const settings = loadSettings({ root: ROOT, overrides: { strategy: STRATEGY } });
  const store = new FilesystemObjectStore(join(fixture.home, 'store'));
  const relational = await createPgliteLedger(null);
  const chain = openWorldChain(fixture, ledger, settings);
  const alerts: Alert[] = [];
  const raise = async (alert: Alert) => {
    alerts.push(alert);
  };
  let day = FIRST_DAY;
  return {
    ...{ fixture, ledger, relational, store, chain, alerts, settings },
    ports: { settings, store, ledger: relational, chain, alerts: { raise } },
    decide: async (weightsBps, nav = 1, ledgerNames) => {
      const decision = { ...decisionOf(isoOfDay(day++), weightsBps, nav), ...(ledgerNames && { ledgerNames }) };
      const ref = await putDecision(store, decision);
      await relational.recordDecision({
        strategy: STRATEGY,
        date: decision.date,
        decisionHash: ref.hash,
        modelHash: MODEL,
        universe: decision.universe,
      });
      return { ref, decision };
    },
    event: (ref) => ({
      strategy: STRATEGY,
      universe: 'fx-ecb',
      date: isoOfDay(day - 1),
      profile: 'quick',
      decide: { decision: ref },
    }),
    close: async () => {
      await relational.close();
      await fixture.close();
    },
  };
}

export const openWorldChain = (
  fixture: Fixture,
  ledger: Ledger,
  settings: Settings,
  rpcUrl = fixture.local.rpcUrl,
): PortfolioChain =>
  createEvmChain({
    rpcUrl,
    chainConfig: settings.config.chain,
    deployment: ledger.deployment,
    signers: fixture.signers,
    onPoll: () => fixture.local.mine(2),
  });

function decisionOf(date: string, weights: Record<string, number>, nav: number): Decision {
  const gross = Object.values(weights).reduce((sum, bps) => sum + bps, 0);
  const weightsBps = { ...weights, CASH: 10_000 - gross };
  return decisionSchema.parse({
    ...{ schema: 1, strategy: STRATEGY, universe: 'fx-ecb', date, challenger: null, previousDecision: null },
    champion: { modelHash: MODEL, name: 'model 0', kind: 'baseline' },
    dataset: { kind: 'datasets', hash: HASH('b') },
    features: { kind: 'features', hash: HASH('c') },
    book: { date, nav, highWaterMark: Math.max(1, nav), daysSinceHigh: 0, held: { CASH: 1 } },
    ...{
      observationHash: HASH('e'),
      action: [0],
      steps: { anchor: {}, policy: {}, blended: {}, projected: {} },
      exposureScale: 1,
      limitsHit: [],
    },
    ...{ weightsBps, previousBps: { CASH: 10_000 }, trades: [], turnover: 0, expectedCostBps: 0 },
  });
}

export const putDecision = (store: ObjectStore, decision: Decision): Promise<ArtifactRef> =>
  putArtifact(store, decision.strategy, {
    kind: 'decisions',
    files: { 'decision.json': new TextEncoder().encode(canonicalJson(decision)) },
    facts: { date: decision.date },
  });
