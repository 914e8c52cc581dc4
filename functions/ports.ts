import type { Alerts } from '../adapters/alerts/port.ts';
import type { PortfolioChain } from '../adapters/chain/port.ts';
import type { GraphStore } from '../adapters/graph-store/port.ts';
import type { Ledger } from '../adapters/ledger/port.ts';
import type { MarketDataProvider } from '../adapters/market-data/port.ts';
import type { MetricsSink } from '../adapters/metrics-sink/port.ts';
import type { ObjectStore } from '../adapters/object-store/port.ts';
import type { PolicyRuntime } from '../adapters/policy-runtime/port.ts';
import type { Tracker } from '../adapters/tracking/port.ts';
import type { TrainingJob } from '../adapters/training-job/port.ts';
import type { Settings } from '../config/schema.ts';

/** Progress that a long stage reports while it works: printed by the command, logged on AWS. */
export type Progress = (progress: {
  step: number;
  total: number;
  unit: string;
  message?: string;
  /** Which of several things that are done at once. */
  task?: string;
  /** The newest point of a learning curve. */
  point?: Readonly<Record<string, number | null>> | undefined;
}) => void;

/** Everything a use case may be given. A use case declares the ones it takes with `Pick<Ports, ...>`. */
export interface Ports {
  settings: Settings;
  store: ObjectStore;
  ledger: Ledger;
  graph: GraphStore;
  marketData: MarketDataProvider;
  trainingJob: TrainingJob;
  exactRuntime: PolicyRuntime;
  onnxRuntime: PolicyRuntime;
  chain: PortfolioChain;
  tracker: Tracker;
  alerts: Alerts;
  metrics: MetricsSink;
  progress: Progress;
  /** Git commit or package version; written into models. */
  codeVersion: string;
}
