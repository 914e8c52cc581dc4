import type { CypherRunner } from '../queries/statement.ts';

/** Rows a statement: more slows the embedded engine, fewer cost round trips. */
const BATCH_ROWS = 1000;

/** UNWIND in batches. */
export async function writeRows(
  runner: Pick<CypherRunner, 'write'>,
  text: string,
  rows: readonly Record<string, unknown>[],
  parameters: Record<string, unknown> = {},
): Promise<void> {
  for (let from = 0; from < rows.length; from += BATCH_ROWS) {
    await runner.write({ text, parameters: { ...parameters, rows: rows.slice(from, from + BATCH_ROWS) } });
  }
}
