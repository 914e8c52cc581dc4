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
  train: { ports: ['ledger', 'trainingJob', 'tracker'], writes: ['candidates'] },
  validate: { ports: ['ledger', 'trainingJob', 'onnxRuntime', 'exactRuntime'], writes: ['gate-reports'] },
  register: { ports: ['ledger', 'tracker'], writes: ['models'] },
  // Where even model 0 fails, promote makes the all-cash model itself.
  promote: {
    ports: ['ledger', 'tracker', 'chain', 'exactRuntime'],
    writes: ['candidates', 'gate-reports', 'models'],
    signs: ['approver'],
  },
  backtest: { ports: ['onnxRuntime'], writes: ['backtests'] },
  decide: { ports: ['ledger', 'exactRuntime'], writes: ['decisions'] },
  settle: {
    ports: ['ledger', 'chain', 'alerts'],
    writes: ['settlements'],
    signs: ['strategist', 'relayer', 'attestor'],
  },
  reconcile: { ports: ['ledger', 'chain', 'alerts'], writes: ['reconciliations'] },
  monitor: { ports: ['alerts'], writes: ['monitors'] },
  report: { ports: ['ledger', 'exactRuntime'], writes: ['reports'] },
};
