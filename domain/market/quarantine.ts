import { badInput, type ProductError } from '../errors.ts';

/** Why a row was kept out of the dataset. Stable codes: alerts and reports use them. */
export const QUARANTINE_REASONS = {
  MISSING_VALUE: 'a field is empty',
  NOT_A_NUMBER: 'a field is not a finite number',
  BAD_DATE: 'the date is not a day that exists, written YYYY-MM-DD',
  BAD_SYMBOL: 'the symbol has characters that symbols do not have, or is too long',
  NOT_POSITIVE: 'a price is zero or negative',
  HIGH_BELOW_LOW: 'the high is below the low',
  OUTSIDE_RANGE: 'the open or the close lies outside low..high',
  NEGATIVE_VOLUME: 'the volume is negative',
  PRICE_JUMP: 'the price moved by more than a factor of 4 and no later bar has confirmed it yet',
  STALE_COPY: 'the bar, volume included, is a copy of the bar before it',
  NOT_A_SESSION: 'the calendar has no session on that date',
  DUPLICATE_IDENTICAL: 'the same row appears twice; the first is kept',
  DUPLICATE_CONFLICT: 'the same symbol and date appear with different values; none is kept',
  SOURCES_DISAGREE: 'two files of the same publisher give different values',
  AFTER_LIFE_END: 'the instrument had ceased to exist on that date',
  NO_NUMERAIRE: 'the rate of the numeraire is missing on that date',
  BAD_ACTION: 'the dividend is negative, or the split ratio is not positive',
} as const;
export type QuarantineReason = keyof typeof QUARANTINE_REASONS;

/** One row that was kept out: where it stands, what is wrong with it. */
export interface QuarantinedRow {
  reason: QuarantineReason;
  file: string;
  /** Line of the file, counted from 1 (header included); row number + 1 in a Parquet file. */
  line: number;
  symbol: string;
  date: string;
  field: string;
  value: string;
}

/** Rows per reason, most frequent first. */
export function countReasons(rows: readonly QuarantinedRow[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const { reason } of rows) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return Object.fromEntries([...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)));
}

/** Share of bad rows from which on a batch is refused as a whole. */
export const MAX_BAD_SHARE = 0.05;

/**
 * Stop the line when more than `maxShare` of the rows are bad: such a batch has a cause, and the rest of it is not to be trusted.
 *
 * @throws ProductError DATA_TOO_MANY_BAD_ROWS (bad input) with the first bad row and the count of each reason.
 */
export function refuseBadBatch(
  quarantined: readonly QuarantinedRow[],
  rows: number,
  maxShare: number = MAX_BAD_SHARE,
): void {
  if (rows > 0 && quarantined.length / rows > maxShare) throw badBatchError(quarantined, rows, maxShare);
  if (rows === 0 && quarantined.length > 0) throw badBatchError(quarantined, quarantined.length, maxShare);
}

function badBatchError(quarantined: readonly QuarantinedRow[], rows: number, maxShare: number): ProductError {
  const first = quarantined[0];
  const share = (100 * quarantined.length) / rows;
  return badInput(
    'DATA_TOO_MANY_BAD_ROWS',
    `${quarantined.length} of ${rows} rows are bad (${share.toFixed(1)} %): ${QUARANTINE_REASONS[first.reason]}`,
    {
      facts: {
        file: first.file,
        line: first.line,
        field: first.field,
        value: first.value,
        reason: first.reason,
        symbol: first.symbol,
        date: first.date,
        badRows: quarantined.length,
        rows,
        reasons: countReasons(quarantined),
      },
      remedy: `Correct the file and import it again. Up to ${maxShare * 100} % of bad rows are set aside with a reason (drl data quarantine); more stop the import.`,
    },
  );
}
