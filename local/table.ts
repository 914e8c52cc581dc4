/**
 * A text table, widths from the content. `left` says how many leading columns are text (aligned left); the others are figures
 * (aligned right).
 */
export function table(header: readonly string[], rows: readonly (readonly string[])[], left = 1): string {
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  const cell = (text: string, column: number): string =>
    column < left ? text.padEnd(widths[column]) : text.padStart(widths[column]);
  const line = (row: readonly string[]): string => row.map(cell).join('  ').trimEnd();
  return [line(header), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)].join('\n');
}
