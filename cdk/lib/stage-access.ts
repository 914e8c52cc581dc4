import type { SignerRole } from '../../adapters/signer/port.ts';
import type { Stage } from '../../config/schema.ts';
import type { ArtifactKind } from '../../domain/lineage/manifest.ts';

/** The ports that cost permissions. A test holds this table to what each stage declares that it needs. */
export type PortName =
  | 'ledger'
  | 'graph'
  | 'marketData'
  | 'trainingJob'
  | 'exactRuntime'
  | 'onnxRuntime'
  | 'chain'
  | 'tracker'
  | 'alerts';

export interface StageAccess {
  readonly ports: readonly PortName[];
  /** Kinds of artifacts that the stage writes. It reads everything of its strategy. */
  readonly writes: readonly ArtifactKind[];
  /** Chain roles whose keys the stage may sign with. No other function may (the keys' own policies say so too). */
  readonly signs?: readonly SignerRole[];
}

export const STAGE_ACCESS: Readonly<Record<Stage, StageAccess>> = {
  ingest: { ports: ['marketData'], writes: ['raw', 'datasets'] },
  graph: { ports: ['graph'], writes: ['graphs'] },
  embeddings: { ports: ['graph'], writes: ['embeddings'] },
  features: { ports: [], writes: ['features'] },
  train: { ports: ['trainingJob', 'ledger', 'tracker'], writes: ['candidates'] },
  validate: { ports: ['exactRuntime', 'ledger', 'tracker', 'trainingJob'], writes: ['gate-reports'] },
  register: { ports: ['ledger', 'tracker'], writes: ['models'] },
  promote: { ports: ['ledger', 'chain', 'exactRuntime'], writes: [], signs: ['approver'] },
  backtest: { ports: ['exactRuntime'], writes: ['backtests'] },
  decide: { ports: ['ledger', 'exactRuntime'], writes: ['decisions'] },
  settle: {
    ports: ['ledger', 'chain', 'alerts'],
    writes: ['settlements'],
    signs: ['strategist', 'relayer', 'attestor'],
  },
  reconcile: { ports: ['ledger', 'chain', 'alerts'], writes: ['reconciliations'] },
  monitor: { ports: ['ledger', 'alerts'], writes: ['monitors'] },
  report: { ports: ['ledger'], writes: ['reports'] },
};
