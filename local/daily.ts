import { join } from 'node:path';
import { getArtifactJson } from '../adapters/object-store/port.ts';
import type { Stage } from '../config/schema.ts';
import type { ArtifactRef } from '../domain/lineage/manifest.ts';
import type { DailySummary } from '../functions/report/summary.ts';
import { StageLog, type StageRun } from './document.ts';
import type { Installation } from './installation.ts';
import { runMachine, type TaskHandler } from './machine.ts';
import { readDocument, writeDocument, writeState } from './run-state.ts';

/** What `start --once --json` and `run daily --json` print: the report's summary, and how the run went. */
export type DailyDocument = DailySummary & {
  stages: StageRun[];
  paths: { report: string | null; model: string | null; home: string };
  seconds: number;
};

interface DailyState extends Record<string, unknown> {
  ingest: { open: boolean; dataset: ArtifactRef | null; reason: string };
  training?: Record<string, unknown>;
  promotion?: { promote: { champion: ArtifactRef } };
  report?: { report: ArtifactRef };
}

/** Wrap each stage's handler: progress line, time, and whether it was answered from memory. */
export function observedHandlers(installation: Installation, log: StageLog): Record<string, TaskHandler> {
  return Object.fromEntries(
    Object.entries(installation.handlers).map(([stage, handler]) => [
      stage,
      async (event: unknown) => {
        if (stage === 'train') installation.progress.expect(trialsIn(event));
        installation.progress.stage(stage);
        const fromMs = performance.now();
        const finish = (status: 'done' | 'unchanged' | 'failed', output: unknown) => {
          log.add(stage as Stage, status, { fromMs, toMs: performance.now() }, output);
          installation.progress.done(stage, status, (output as { name?: string } | null)?.name);
        };
        try {
          const output = await handler(event);
          finish(installation.metrics.wasUnchanged(stage) ? 'unchanged' : 'done', output);
          return output;
        } catch (error) {
          finish('failed', null);
          throw error;
        }
      },
    ]),
  );
}

/** How many trials the plan has of which one is to be trained. */
const trialsIn = (event: unknown): number => (event as { features: { trials: unknown[] } }).features.trials.length;

/** The event that EventBridge sends on AWS, for one date. */
export const runInput = ({ settings }: Installation, date: string) => ({
  strategy: settings.config.strategy,
  universe: settings.universe.id,
  date,
  profile: settings.profile.id,
  finality: { pollSeconds: settings.config.chain.finality.pollSeconds },
});

/** Run `daily.asl.json` for one date and gather the document. A day already done changes nothing and returns the first run's fields. */
export async function runDaily(installation: Installation, date: string): Promise<DailyDocument> {
  const started = performance.now();
  const log = new StageLog();
  const state = (await runMachine(
    'daily',
    runInput(installation, date),
    observedHandlers(installation, log),
  )) as unknown as DailyState;
  const seconds = Math.round(performance.now() - started) / 1000;
  const { home } = installation;
  if (!state.ingest.open) {
    return {
      date,
      universe: installation.settings.universe.id,
      datasetHash: null,
      champion: null,
      challenger: null,
      outOfSample: {},
      decision: null,
      settlement: null,
      reconcile: null,
      alerts: [],
      stages: log.runs(true),
      paths: { report: null, model: null, home: home.path },
      seconds,
    };
  }
  writeState(installation, date, flatState(state));
  const stages = log.runs();
  const stored = readDocument<DailyDocument>(installation, date);
  if (stored && stages.every((stage) => stage.status === 'unchanged')) {
    return { ...stored, stages: stored.stages.map((stage) => ({ ...stage, status: 'unchanged' as const })) };
  }
  const { store } = await installation.ports(['store']);
  const summary = await getArtifactJson<DailySummary>(
    store,
    installation.settings.config.strategy,
    state.report!.report,
    'summary.json',
  );
  const folder = (ref: ArtifactRef) => join(home.store, installation.settings.config.strategy, ref.kind, ref.hash);
  const document: DailyDocument = {
    ...summary,
    stages,
    paths: {
      report: join(folder(state.report!.report), 'report.html'),
      model: folder(state.promotion!.promote.champion),
      home: home.path,
    },
    seconds,
  };
  writeDocument(installation, date, document);
  return document;
}

/** The state with the outputs of nested machines beside the others, as the single-stage commands read it. */
const flatState = (state: DailyState): Record<string, unknown> => ({ ...state.training, ...state.promotion, ...state });
