import type { z } from 'zod';
import { navSeries, putGateReport } from '../artifacts/gate-report.ts';
import type { validateOutput } from '../contracts.ts';
import { defineStage } from '../middleware/stage.ts';
import { gather } from './evidence.ts';
import { judgeBaseline } from './judge-baseline.ts';
import { judgeChallenger } from './judge-challenger.ts';
import { type ValidateInput, type ValidatePorts, validateInput, validateNeeds } from './types.ts';

/**
 * Judge the candidates of a training: the baseline on the risk gates, the challenger (last window, first seed) on risk, alpha and
 * control gates. Backtests run through ONNX Runtime; the reproducibility gate decides through the exact runtime.
 */
export const validateStage = defineStage({
  name: 'validate',
  input: validateInput,
  needs: validateNeeds,
  isFinal: () => true,
  run: validate,
});

async function validate(event: ValidateInput, ports: ValidatePorts): Promise<z.infer<typeof validateOutput>> {
  const opened: { close(): Promise<void> }[] = [];
  try {
    const evidence = await gather(event, ports, opened);
    const baseline = await judgeBaseline(event, evidence, ports);
    const challenger = await judgeChallenger(event, evidence, ports);
    const judged = [
      { role: 'baseline' as const, ...baseline },
      ...(challenger ? [{ role: 'challenger' as const, ...challenger }] : []),
    ];
    const judgedOn = { dataset: event.ingest.dataset, features: event.features.features };
    const reports = [];
    for (const { role, report, series, range } of judged) {
      const days = navSeries(series, range.from, range.to);
      const gateReport = await putGateReport(ports.store, event.strategy, report, judgedOn, days);
      reports.push({ role, candidate: report.candidate, gateReport, verdict: report.verdict });
    }
    return { reports };
  } finally {
    for (const policy of opened) await policy.close();
  }
}
