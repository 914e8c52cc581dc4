import { z } from 'zod';
import { type Decision, decisionSchema } from '../../domain/lineage/decision.ts';
import { figuresSchema, type GateReport, gateSchema } from '../../domain/lineage/gate-report.ts';
import { HASH } from '../../domain/lineage/manifest.ts';
import { MODEL_KINDS } from '../../domain/lineage/model.ts';
import type { settleOutput } from '../contracts.ts';
import { words } from './format.ts';

const championSchema = z.strictObject({ modelHash: HASH, name: z.string(), kind: z.enum(MODEL_KINDS) });

const challengerSchema = z.strictObject({
  modelHash: HASH,
  name: z.string(),
  verdict: z.enum(['accepted', 'rejected']),
  reasons: z.array(z.string()),
  gates: z.array(gateSchema),
});

const decision = decisionSchema.shape;
const decisionSummarySchema = z.strictObject({
  hash: HASH,
  weightsBps: decision.weightsBps,
  previousBps: decision.previousBps,
  limitsHit: decision.limitsHit,
  trades: decision.trades,
});

const settlementSummarySchema = z.strictObject({
  transaction: z.string().nullable(),
  epoch: z.number().int().nullable(),
  status: z.enum(['submitted', 'confirmed', 'finalized', 'notInitialised']),
  gasUsed: z.number().int().nullable(),
  contract: z.string().nullable(),
  chainId: z.number().int(),
});

/** `summary.json` of a report, and the head of what `start --once --json` prints. Null parts: a day without a session. */
export const dailySummarySchema = z.strictObject({
  date: z.iso.date(),
  universe: z.string(),
  datasetHash: HASH.nullable(),
  champion: championSchema.nullable(),
  challenger: challengerSchema.nullable(),
  /** Policy name -> figures over the out-of-sample days, at the same costs and lag. */
  outOfSample: z.record(z.string(), figuresSchema),
  decision: decisionSummarySchema.nullable(),
  settlement: settlementSummarySchema.nullable(),
  reconcile: z.strictObject({ differences: z.array(z.string()) }).nullable(),
  alerts: z.array(z.string()),
});
export type DailySummary = z.infer<typeof dailySummarySchema>;

/** What the summary is made from: documents and names, no store. */
export interface SummaryParts {
  date: string;
  universe: string;
  datasetHash: string;
  champion: { modelHash: string; report: GateReport };
  /** The model on its way up, or the last one that was trained and did not become champion. */
  challenger: { modelHash: string; report: GateReport } | null;
  decision: { hash: string; document: Decision };
  settlement: z.infer<typeof settleOutput>;
  differences: string[];
  alerts: string[];
}

/** A gate report marks the champion's line, "model (champion)": among the policies of a day its own name says it. */
export const championName = (name: string, champion: string): string =>
  name === `${champion} (champion)` || name === `${champion} (as champion)` ? champion : name;

/**
 * The summary of a day. Out-of-sample figures come from the challenger's gate report where there is one (it holds the
 * champion's and every baseline's figures over the same days), else from the champion's own.
 */
export function buildSummary(parts: SummaryParts): DailySummary {
  const { champion, challenger, decision: made, settlement } = parts;
  return dailySummarySchema.parse({
    date: parts.date,
    universe: parts.universe,
    datasetHash: parts.datasetHash,
    champion: { modelHash: champion.modelHash, name: champion.report.name, kind: champion.report.kind },
    challenger: challenger && {
      modelHash: challenger.modelHash,
      name: challenger.report.name,
      verdict: challenger.report.verdict,
      reasons: challenger.report.reasons,
      gates: challenger.report.gates,
    },
    outOfSample: Object.fromEntries(
      Object.entries((challenger ?? champion).report.outOfSample).map(([name, figures]) => [
        championName(name, champion.report.name),
        figures,
      ]),
    ),
    decision: {
      hash: made.hash,
      weightsBps: made.document.weightsBps,
      previousBps: made.document.previousBps,
      limitsHit: made.document.limitsHit,
      trades: made.document.trades,
    },
    settlement: {
      transaction: settlement.transaction,
      epoch: settlement.epoch,
      status: settlement.status,
      gasUsed: settlement.gasUsed,
      contract: settlement.contract,
      chainId: settlement.chainId,
    },
    reconcile: { differences: parts.differences },
    alerts: parts.alerts,
  } satisfies DailySummary);
}

/** A sentence for people: which policy decided, and why the other did not. */
export function whoDecided(summary: DailySummary, alpha = 0): string {
  const { champion, challenger } = summary;
  if (!champion) return 'No policy decided: there was no session.';
  const champ = `${champion.name} (${KIND_WORDS[champion.kind]})`;
  if (!challenger) return `${champ} decided. No challenger has been trained yet.`;
  if (challenger.verdict === 'rejected') {
    const failed = challenger.gates.filter((gate) => !gate.pass).map((gate) => words(gate.gate));
    return `${champ} decided. The challenger ${challenger.name} did not: it failed ${failed.length} of ${challenger.gates.length} gates (${failed.join(', ')}).`;
  }
  if (alpha > 0)
    return `${champ} decided with ${Math.round((1 - alpha) * 100)} % of the capital, the challenger ${challenger.name} with ${Math.round(alpha * 100)} %.`;
  return `${champ} decided. The challenger ${challenger.name} passed its gates and runs in the shadow: its weights are recorded, not settled.`;
}

const KIND_WORDS = {
  baseline: 'a baseline',
  ppo: 'trained with PPO',
  sac: 'trained with SAC',
  direct: 'trained by direct gradients',
  cash: 'all cash',
} as const;
