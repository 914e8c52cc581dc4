import type { Table } from './tables.ts';

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

export function markdownTable({ head, rows, numbers }: Table): string {
  const rule = head.map((_, column) => (numbers > 0 && column >= head.length - numbers ? '---:' : '---'));
  return [head, rule, ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');
}
