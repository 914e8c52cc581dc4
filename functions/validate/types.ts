import { z } from 'zod';
import type { BacktestResult } from '../../domain/backtest/backtest.ts';
import type { GateReport } from '../../domain/lineage/gate-report.ts';
import { type ArtifactRef, artifactRefSchema } from '../../domain/lineage/manifest.ts';
import type { DecisionSources } from '../artifacts/decision.ts';
import { runSchema, trainOutput } from '../contracts.ts';
import type { Ports } from '../ports.ts';
import type { TestRange } from './out-of-sample.ts';

export const validateInput = runSchema.extend({
  ingest: z.object({ dataset: artifactRefSchema }),
  features: z.object({ features: artifactRefSchema }),
  train: z.array(trainOutput).min(1),
});
export type ValidateInput = z.infer<typeof validateInput>;

export const validateNeeds = [
  'settings',
  'store',
  'ledger',
  'trainingJob',
  'onnxRuntime',
  'exactRuntime',
  'progress',
  'codeVersion',
] as const;
export type ValidatePorts = Pick<Ports, (typeof validateNeeds)[number]>;

/** A verdict, and the runs whose figures it shows. */
export interface Judged {
  report: GateReport;
  series: BacktestResult[];
  range: TestRange;
}

/** The decision that a candidate would make on the day of the training, from all cash. */
export const sourcesOf = (event: ValidateInput, champion: ArtifactRef): DecisionSources => ({
  strategy: event.strategy,
  universe: event.universe,
  date: event.date,
  champion,
  challenger: null,
  dataset: event.ingest.dataset,
  features: event.features.features,
  previous: null,
});
