import { badInput, type ProductError } from '../errors.ts';
import { hashOf } from '../lineage/canonical.ts';

/** Why a row was kept out of the dataset. Stable codes: alerts and reports use them. */
export const QUARANTINE_REASONS = {
  MISSING_VALUE: 'a field is empty',
  NOT_A_NUMBER: 'a field is not a finite number',
  BAD_DATE: 'the date is not a day that exists, written YYYY-MM-DD',
  BAD_SYMBOL: 'a symbol has letters, digits, "." and "-" only, begins with one of the first two, and has 16 at most',
  WRONG_FIELD_COUNT: 'the row has another number of fields than the header',
  NOT_POSITIVE: 'a price is zero or negative',
  HIGH_BELOW_LOW: 'the high is below the low',
  OUTSIDE_RANGE: 'the open or the close lies outside low..high',
  EXTREME_RANGE:
    'the high or the low is more than a factor of 2 away from both open and close, or of 1.3 and 3 times as far as in the 20 bars before, on an ordinary volume',
  NEGATIVE_VOLUME: 'the volume is negative',
  VOLUME_UNIT: 'the volume is more than 200 times, or less than a 200th of, every volume of the 20 bars before',
  PRICE_JUMP: 'the price moved by more than a factor of 4 and no later bar has confirmed it yet',
  QUIET_JUMP:
    'the price moved by more than a fifth, and by much more than before, on an ordinary volume and no later bar has confirmed it yet',
  UNIT_SHIFT:
    'the price is 10, 100 or 1000 times the one before, or that part of it: another unit or a lost decimal point',
  UNDECLARED_SPLIT: 'the price opened at the ratio of a split that nobody declared',
  SPLIT_NOT_IN_PRICE:
    'a split is declared that the prices do not show: they are adjusted already, or the date is wrong, or the ratio is upside down',
  SYMBOLS_SWAPPED: 'the row fits another symbol of the day, and the row of that symbol fits this one',
  STALE_COPY: 'the prices are those of the bar before it: the same volume too, or too many to be the same by chance',
  NOT_A_SESSION: 'the calendar has no session on that date',
  FUTURE_DATE: 'the date is in the future',
  DUPLICATE_IDENTICAL: 'the same row appears twice; the first is kept',
  DUPLICATE_CONFLICT: 'the same symbol and date appear with different values; none is kept',
  SOURCES_DISAGREE: 'two files of the same publisher give different values',
  AFTER_LIFE_END: 'the instrument had ceased to exist on that date',
  NO_NUMERAIRE: 'the rate of the numeraire is missing on that date',
  BAD_ACTION: 'the dividend is negative or as large as the price, or the split ratio is not positive',
  SPINOFF_UNPRICED: 'a part was spun off whose units have no bar yet, so nobody knows what a holder received',
  SYMBOL_REUSED: 'another instrument had the symbol before this one took it',
} as const;
export type QuarantineReason = keyof typeof QUARANTINE_REASONS;

/**
 * Reasons that say "unlikely", not "impossible": a person who knows better may release the row. Every other reason is about a row that
 * cannot be true, or that nobody can choose.
 */
const JUDGEMENTS: Partial<Record<QuarantineReason, string>> = {
  EXTREME_RANGE: 'Look the high and low up at another source. Release the row if they are right.',
  VOLUME_UNIT:
    'Ask whether the vendor changed from units to thousands or lots. Release the row if so many were traded.',
  PRICE_JUMP: 'Wait for the next bar, which confirms or corrects it; or release the row if the price is right.',
  QUIET_JUMP:
    'Declare the spin-off or dividend in actions.csv if there was one. Else wait for the next bar, which confirms or corrects it; or release the row if the price is right.',
  UNIT_SHIFT:
    'Bring the file into the unit of the bars before (pence to pounds), or declare the reverse split in actions.csv. It is never believed by waiting.',
  UNDECLARED_SPLIT:
    'Declare the split or the spin-off in actions.csv. If there was none, release the row; after 5 bars at the new level it is believed.',
  SPLIT_NOT_IN_PRICE:
    'Take the split out of actions.csv if the prices are adjusted already, or correct its date or its ratio (units after for one before).',
  SYMBOLS_SWAPPED:
    'Compare both symbols with another source, and correct the file. Release both rows if they are right.',
  STALE_COPY: 'Ask for the day again: the vendor sent the day before. Release the row if it is a coincidence.',
};

export const isJudgement = (reason: QuarantineReason): boolean => reason in JUDGEMENTS;

const CORRECTIONS: Partial<Record<QuarantineReason, string>> = {
  NOT_A_SESSION: 'Check the calendar of the universe, or take the row out of the file. Such a row cannot be released.',
  SPINOFF_UNPRICED:
    'Bring bars of spinoff_symbol (name it to the provider), or write spinoff_value into actions.csv instead. Such a row cannot be released.',
  SYMBOL_REUSED:
    'If the rows are wanted, give the instrument that had the symbol before another one in actions.csv (new_symbol). Such a row cannot be released.',
};

/** What a person can do about a row. */
export const whatToDo = (reason: QuarantineReason): string =>
  JUDGEMENTS[reason] ??
  CORRECTIONS[reason] ??
  'Correct the row in the file, or ask the vendor for it again. Such a row cannot be released.';

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

/**
 * Names a row by what is wrong with it, not by its place in a file: the next file may have it on another line.
 * @returns 16 hexadecimal digits
 */
export const rowId = ({ reason, symbol, date, field, value }: QuarantinedRow): string =>
  hashOf({ reason, symbol, date, field, value }).slice(0, 16);

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
