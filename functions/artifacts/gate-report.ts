import { getArtifactFile, getManifest, type ObjectStore, putArtifact } from '../../adapters/object-store/port.ts';
import { readTable, writeTable } from '../../adapters/parquet/parquet.ts';
import type { BacktestResult } from '../../domain/backtest/backtest.ts';
import { returnsBetween } from '../../domain/backtest/figures.ts';
import { canonicalJson } from '../../domain/lineage/canonical.ts';
import { type GateReport, gateReportSchema } from '../../domain/lineage/gate-report.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import { MODEL_FILES } from '../../domain/lineage/model.ts';

/** File of a gate report's folder: `date`, then one column of NAV a policy. */
const SERIES_FILE = 'series.parquet';

/** NAV by policy over the out-of-sample sessions, after costs; the day before the first is 1. */
export interface NavSeries {
  dates: string[];
  nav: Record<string, Float64Array>;
}

export function navSeries(runs: readonly BacktestResult[], from: string, to: string): NavSeries {
  const dates = (runs[0]?.dates ?? []).filter((date) => date >= from && date <= to);
  const navOf = (run: BacktestResult): Float64Array => {
    let value = 1;
    return returnsBetween(run, from, to).map((r) => {
      value *= 1 + r;
      return value;
    });
  };
  return { dates, nav: Object.fromEntries(runs.map((run) => [run.name, navOf(run)])) };
}

const seriesTable = ({ dates, nav }: NavSeries): Uint8Array =>
  writeTable({
    date: { type: 'STRING', data: dates },
    ...Object.fromEntries(Object.entries(nav).map(([name, data]) => [name, { type: 'DOUBLE' as const, data }])),
  });

/** The series of a gate report, or null where none were kept. */
export async function loadNavSeries(store: ObjectStore, strategy: string, ref: ArtifactRef): Promise<NavSeries | null> {
  const { files } = await getManifest(store, strategy, ref);
  if (!(SERIES_FILE in files)) return null;
  const table = await readTable(await getArtifactFile(store, strategy, ref, SERIES_FILE));
  const { date, ...nav } = table;
  return { dates: date as string[], nav: nav as Record<string, Float64Array> };
}

/** Write the gate report of one candidate, with what it was judged on. */
export function putGateReport(
  store: ObjectStore,
  strategy: string,
  report: GateReport,
  judgedOn: { dataset: ArtifactRef; features: ArtifactRef },
  series: NavSeries | null = null,
): Promise<ArtifactRef> {
  const { candidate, name, verdict, date, gatesHash } = report;
  return putArtifact(store, strategy, {
    kind: 'gate-reports',
    files: {
      [MODEL_FILES.gateReport]: new TextEncoder().encode(canonicalJson(gateReportSchema.parse(report))),
      ...(series ? { [SERIES_FILE]: seriesTable(series) } : {}),
    },
    inputs: { candidate, ...judgedOn },
    facts: { name, verdict, date, gatesHash },
  });
}

/** The report of a `gate-reports` or `models` folder, hash-checked. */
export async function loadGateReport(store: ObjectStore, strategy: string, ref: ArtifactRef): Promise<GateReport> {
  const bytes = await getArtifactFile(store, strategy, ref, MODEL_FILES.gateReport);
  return gateReportSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
}
