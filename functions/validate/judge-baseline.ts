import { hashOf } from '../../domain/lineage/canonical.ts';
import { verdictOf } from '../../domain/validation/gates.ts';
import { runRiskGates } from '../../domain/validation/run-risk-gates.ts';
import { reproducible } from '../artifacts/decision.ts';
import type { Evidence } from './evidence.ts';
import { baselineRuns, figuresByName, outOfSampleRange, policyOf, runOver } from './out-of-sample.ts';
import { type Judged, sourcesOf, type ValidateInput, type ValidatePorts } from './types.ts';

/** Model 0 is held to the risk gates alone: it need not beat anything, but it must not break anything. */
export async function judgeBaseline(event: ValidateInput, evidence: Evidence, ports: ValidatePorts): Promise<Judged> {
  const { data, tensor, baseline, firstSession } = evidence;
  const { gates } = ports.settings.config;
  const { name, kind } = baseline.loaded.model;
  ports.progress({ step: 0, total: 1, unit: 'candidates', message: `${name}: risk gates over the full history` });
  const same = await reproducible(ports.store, ports.exactRuntime, sourcesOf(event, baseline.ref));
  const policy = policyOf(baseline, tensor);
  const judged = await runRiskGates(data, policy, firstSession, gates.risk, same);
  const range = outOfSampleRange(evidence);
  const series = [await runOver(data, policy, range), ...(await baselineRuns(data, range))];
  const report: Judged['report'] = {
    schema: 1,
    gatesHash: hashOf(gates),
    date: event.date,
    candidate: baseline.ref,
    name,
    kind,
    ...verdictOf(judged),
    gates: judged,
    outOfSample: figuresByName(series, range),
    outOfSampleFrom: range.from,
    outOfSampleTo: range.to,
    trials: 0,
    perTrial: [],
    notes: [
      'The baseline learns nothing: it is held to the risk gates over the full history, not to the alpha gates.',
      ...(evidence.trained.length === 0
        ? [
            'There is too little history to train and test a policy: no alpha gate could be assessed, and model 0 decides.',
          ]
        : []),
    ],
  };
  return { report, series, range };
}
