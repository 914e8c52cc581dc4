import type { ObjectStore } from '../../adapters/object-store/port.ts';
import { badInput } from '../../domain/errors.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import type { BarTable } from '../../domain/market/bar.ts';
import {
  isJudgement,
  QUARANTINE_REASONS,
  type QuarantinedRow,
  rowId,
  whatToDo,
} from '../../domain/market/quarantine.ts';
import { loadBars } from '../../functions/artifacts/dataset.ts';
import { loadReleases, recordRelease } from '../../functions/artifacts/release.ts';
import { dataQuarantine } from './datasets.ts';

const NEIGHBOURS = 3;

export interface Neighbour {
  date: string;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
}

export interface Explanation {
  id: string;
  row: QuarantinedRow;
  /** Where the row, and others of which the same is wrong, stand. */
  lines: { file: string; line: number }[];
  /** What the rule says, in words. */
  rule: string;
  whatToDo: string;
  releasable: boolean;
  /** Good bars of the symbol around the row, three before and three after. */
  neighbours: Neighbour[];
  released: { by: string; because: string; at: string } | null;
}

/**
 * `drl data quarantine explain`: the row, the rule that it broke, what the bars around it look like, and what to do.
 *
 * @throws ProductError QUARANTINE_ROW (bad input) for an id that no row, or more than one, begins with.
 */
export async function explainRow(
  store: ObjectStore,
  strategy: string,
  id: string,
  date?: string,
): Promise<Explanation> {
  const { row, lines, dataset, universe } = await findRow(store, strategy, id, date);
  const { releases } = await loadReleases(store, strategy, universe);
  const full = rowId(row);
  const release = releases.find((each) => rowId(each.row) === full);
  return {
    id: full,
    row,
    lines,
    rule: QUARANTINE_REASONS[row.reason],
    whatToDo: whatToDo(row.reason),
    releasable: isJudgement(row.reason),
    neighbours: row.date === '' ? [] : neighboursOf(await loadBars(store, strategy, dataset), row),
    released: release ? { by: release.by, because: release.because, at: release.at } : null,
  };
}

/** `drl data quarantine release`: somebody vouches for a row; the next ingest takes it in. */
export async function releaseRow(
  store: ObjectStore,
  strategy: string,
  id: string,
  decision: { by?: string; because?: string; at: string; date?: string },
): Promise<{ release: ArtifactRef; row: QuarantinedRow }> {
  const { by, because, at } = decision;
  if (!by || !because) {
    throw badInput('RELEASE_UNSIGNED', 'A release says who decided it and why', {
      facts: { by: by ?? null, because: because ?? null },
      remedy: 'drl data quarantine release <row> --by <name> --because "<reason>"',
    });
  }
  const { row, dataset, universe } = await findRow(store, strategy, id, decision.date);
  return { release: await recordRelease(store, strategy, dataset, { schema: 1, universe, row, by, because, at }), row };
}

async function findRow(store: ObjectStore, strategy: string, id: string, date?: string) {
  const { dataset, universe, rows } = await dataQuarantine(store, strategy, date);
  const found = id === '' ? [] : rows.filter((row) => row.id.startsWith(id));
  // Two rows of one day that contradict each other have one id: what is wrong with them is the same.
  if (new Set(found.map((row) => row.id)).size !== 1) {
    throw badInput(
      'QUARANTINE_ROW',
      found.length === 0 ? 'No row in quarantine has that id' : 'More than one row has an id that begins so',
      { facts: { row: id, dataset: dataset.hash }, remedy: 'drl data quarantine lists the rows with their ids.' },
    );
  }
  const { id: _, ...row } = found[0];
  return { row, lines: found.map(({ file, line }) => ({ file, line })), dataset, universe };
}

function neighboursOf(bars: BarTable, { symbol, date }: QuarantinedRow): Neighbour[] {
  const own: number[] = [];
  bars.symbol.forEach((each, row) => {
    if (each === symbol) own.push(row);
  });
  const after = own.findIndex((row) => bars.date[row] > date);
  const at = after === -1 ? own.length : after;
  return own.slice(Math.max(0, at - NEIGHBOURS), at + NEIGHBOURS).map((row) => ({
    date: bars.date[row],
    open: bars.open[row],
    high: bars.high[row],
    low: bars.low[row],
    close: bars.close[row],
    volume: bars.volume[row],
  }));
}
