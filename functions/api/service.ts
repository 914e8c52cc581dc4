import { artifactPrefix, getArtifactJson, getPointer } from '../../adapters/object-store/port.ts';
import {
  type RiskGroups,
  type RiskGroupsHistory,
  riskGroupsAt,
  riskGroupsHistory,
} from '../../domain/features/groups.ts';
import { type Decision, decisionSchema } from '../../domain/lineage/decision.ts';
import { type GateReport, gateReportSchema } from '../../domain/lineage/gate-report.ts';
import type { ArtifactKind, ArtifactRef } from '../../domain/lineage/manifest.ts';
import { MODEL_FILES, type Model, modelSchema } from '../../domain/lineage/model.ts';
import { loadRiskGroups } from '../artifacts/features.ts';
import { ApiProblem } from '../middleware/http-problem.ts';
import type { Ports } from '../ports.ts';
import { type Champion, loadChampion } from './champion.ts';
import { Remembered } from './remembered.ts';

export type ApiPorts = Pick<Ports, 'settings' | 'store' | 'ledger' | 'onnxRuntime'>;

/** How long a pointer is trusted before it is read again. What it points at is immutable and is kept. */
const POINTER_TTL_MS = 5_000;
const KEPT = 64;

export interface SettlementView {
  transaction: string;
  epoch: number;
  chainId: number;
  status: string;
}

/** What the routes read: models and decisions by hash from the object store, lists from the ledger. Writes nothing. */
export class ApiService {
  readonly ports: ApiPorts;
  readonly strategy: string;
  readonly #pointers: Remembered<ArtifactRef | null>;
  readonly #decisions = new Remembered<Decision>(KEPT);
  readonly #models = new Remembered<Model>(KEPT);
  readonly #groups = new Remembered<RiskGroupsHistory>(4);
  #champion: { hash: string; loading: Promise<Champion> } | null = null;

  constructor(ports: ApiPorts, now: () => number) {
    this.ports = ports;
    this.strategy = ports.settings.config.strategy;
    this.#pointers = new Remembered(KEPT, { ttlMs: POINTER_TTL_MS, now });
  }

  championRef(): Promise<ArtifactRef | null> {
    return this.#pointer('champion', 'model');
  }

  /** The model that serves now, loaded once per hash; 404 while there is none. */
  async champion(): Promise<Champion> {
    const ref = await this.championRef();
    if (!ref)
      throw new ApiProblem(404, 'NO_CHAMPION', 'No model has been promoted yet', {
        remedy: 'Run a day first: drl run daily.',
      });
    if (this.#champion?.hash === ref.hash) return this.#champion.loading;
    const previous = this.#champion;
    const loading = loadChampion(this.ports, this.strategy, ref);
    this.#champion = { hash: ref.hash, loading };
    loading.then(
      () => previous?.loading.then((champion) => champion.policy.close()).catch(() => undefined),
      () => {
        if (this.#champion?.loading === loading) this.#champion = previous;
      },
    );
    return loading;
  }

  latestMonitor(): Promise<ArtifactRef | null> {
    return this.#pointer('monitors/latest', 'monitor');
  }

  decisionRefByDate(date: string): Promise<ArtifactRef | null> {
    return this.#pointer(`decisions/by-date/${date}`, 'decision');
  }

  /**
   * Hubs and the least liquid bucket as known on `date`: from the graph behind the latest decision, else from the one that
   * the model was trained with.
   */
  async riskGroups({ model }: Champion, date: string): Promise<RiskGroups> {
    const latest = await this.#pointer('decisions/latest', 'decision');
    const features = latest ? (await this.decision(latest.hash)).features : model.features;
    const history = await this.#groups.get(features.hash, async () => {
      const members = await loadRiskGroups(this.ports.store, this.strategy, features);
      return riskGroupsHistory(model.symbols, members);
    });
    return riskGroupsAt(history, date);
  }

  async decision(hash: string): Promise<Decision> {
    return this.#decisions.get(hash, async () => {
      const ref = await this.existing('decisions', hash);
      return decisionSchema.parse(await getArtifactJson(this.ports.store, this.strategy, ref, 'decision.json'));
    });
  }

  async model(hash: string): Promise<Model> {
    return this.#models.get(hash, async () => {
      const ref = await this.existing('models', hash);
      return modelSchema.parse(await getArtifactJson(this.ports.store, this.strategy, ref, MODEL_FILES.model));
    });
  }

  async gateReport(hash: string): Promise<GateReport> {
    const ref = await this.existing('models', hash);
    return gateReportSchema.parse(await getArtifactJson(this.ports.store, this.strategy, ref, MODEL_FILES.gateReport));
  }

  /** The transaction that carries a decision, or null before it is settled. */
  async settlement(decisionHash: string): Promise<SettlementView | null> {
    const row = await this.ports.ledger.settlement(this.strategy, decisionHash);
    return row && { transaction: row.transaction, epoch: row.epoch, chainId: row.chainId, status: row.status };
  }

  /** The artifact of this hash, or 404. */
  async existing(kind: ArtifactKind, hash: string): Promise<ArtifactRef> {
    const ref: ArtifactRef = { kind, hash };
    if (await this.ports.store.exists(`${artifactPrefix(this.strategy, ref)}/manifest.json`)) return ref;
    throw new ApiProblem(404, 'NO_SUCH_ARTIFACT', `There is no such ${kind.slice(0, -1)}`, { field: 'hash' });
  }

  #pointer(name: string, role: string): Promise<ArtifactRef | null> {
    return this.#pointers.get(name, async () => {
      const found = await getPointer<Record<string, ArtifactRef>>(this.ports.store, this.strategy, name);
      return found?.value[role] ?? null;
    });
  }
}
