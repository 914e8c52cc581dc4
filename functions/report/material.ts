import type { z } from 'zod';
import type { Config, UniverseConfig } from '../../config/schema.ts';
import type { Decision } from '../../domain/lineage/decision.ts';
import type { GateReport } from '../../domain/lineage/gate-report.ts';
import type { Model } from '../../domain/lineage/model.ts';
import type { Monitor } from '../../domain/monitoring/monitor.ts';
import type { promoteOutput, settleOutput } from '../contracts.ts';
import type { GraphExposure } from './graph-exposures.ts';
import type { DailySummary } from './summary.ts';

/** One policy's net asset value over the out-of-sample sessions, 1 at the start. */
export interface NavSeries {
  name: string;
  role: 'champion' | 'challenger' | 'baseline';
  nav: ArrayLike<number>;
}

export interface OutOfSampleSeries {
  dates: readonly string[];
  series: readonly NavSeries[];
}

/** How the champion came from features to its tilt. */
export interface Explanation {
  rows: {
    symbol: string;
    /** Action logit minus anchor logit, about the mean over usable assets: > 0 means more than the anchor gives. */
    tilt: number;
    /** The strongest causes: what the tilt loses when the feature is set to its training mean (0) for every asset. */
    causes: { feature: string; value: number; effect: number }[];
  }[];
  /** Log exposure of the action minus the anchor's. */
  exposureShift: number;
}

/** Everything that a report shows, loaded and checked; the builders of Markdown and HTML read nothing else. */
export interface Material {
  date: string;
  universe: UniverseConfig;
  gates: Config['gates'];
  summary: DailySummary;
  decision: { hash: string; document: Decision };
  champion: { hash: string; model: Model; report: GateReport };
  challenger: { hash: string; report: GateReport } | null;
  promotion: z.infer<typeof promoteOutput>;
  settlement: z.infer<typeof settleOutput>;
  monitor: Monitor;
  explanation: Explanation;
  exposures: readonly GraphExposure[];
  outOfSample: OutOfSampleSeries | null;
  /** What the report rests on, by name: the SHA-256 of each artifact's manifest. */
  hashes: { name: string; hash: string }[];
}
