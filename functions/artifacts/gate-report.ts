import { getArtifactFile, type ObjectStore, putArtifact } from '../../adapters/object-store/port.ts';
import { canonicalJson } from '../../domain/lineage/canonical.ts';
import { type GateReport, gateReportSchema } from '../../domain/lineage/gate-report.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import { MODEL_FILES } from '../../domain/lineage/model.ts';

/** Write the gate report of one candidate, with what it was judged on. */
export function putGateReport(
  store: ObjectStore,
  strategy: string,
  report: GateReport,
  judgedOn: { dataset: ArtifactRef; features: ArtifactRef },
): Promise<ArtifactRef> {
  const { candidate, name, verdict, date, gatesHash } = report;
  return putArtifact(store, strategy, {
    kind: 'gate-reports',
    files: { [MODEL_FILES.gateReport]: new TextEncoder().encode(canonicalJson(gateReportSchema.parse(report))) },
    inputs: { candidate, ...judgedOn },
    facts: { name, verdict, date, gatesHash },
  });
}

/** The report of a `gate-reports` or `models` folder, hash-checked. */
export async function loadGateReport(store: ObjectStore, strategy: string, ref: ArtifactRef): Promise<GateReport> {
  const bytes = await getArtifactFile(store, strategy, ref, MODEL_FILES.gateReport);
  return gateReportSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
}
