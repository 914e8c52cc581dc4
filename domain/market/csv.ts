import { badInput } from '../errors.ts';

/** The fields of one line (RFC 4180: a field in double quotes may hold commas and doubled quotes), trimmed. */
export function csvFields(line: string): string[] {
  if (!line.includes('"')) return line.split(',').map((field) => field.trim());
  const fields: string[] = [];
  let field = '';
  let quoted = false;
  for (let i = 0; i < line.length; i++) {
    const c = line[i];
    if (quoted) {
      if (c !== '"') field += c;
      else if (line[i + 1] === '"') {
        field += '"';
        i++;
      } else quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === ',') {
      fields.push(field.trim());
      field = '';
    } else field += c;
  }
  fields.push(field.trim());
  return fields;
}

/** A text whose lines end in CR alone, with LF; any other as it is. */
export const withLineFeeds = (text: string): string => (text.includes('\n') ? text : text.replaceAll('\r', '\n'));

/** Calls `each` with every line that is not blank, and its number from 1. Accepts LF, CRLF and CR alone, and a byte order mark. */
export function eachLine(given: string, each: (line: string, number: number) => void): void {
  const text = withLineFeeds(given);
  let start = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  for (let number = 1; start < text.length; number++) {
    let end = text.indexOf('\n', start);
    if (end === -1) end = text.length;
    const stop = end > start && text.charCodeAt(end - 1) === 13 ? end - 1 : end;
    if (stop > start) {
      const line = text.slice(start, stop);
      if (line.trim() !== '') each(line, number);
    }
    start = end + 1;
  }
}

/**
 * A small table as records by (lower-case) header name. Fields that the header does not have must be empty, and a row reaches its last required column:
 * the number 1,234 without quotes is two fields, and a row that was cut off is no row. A field in quotes may go over several lines.
 *
 * @throws ProductError CSV_EMPTY, CSV_MISSING_COLUMN, CSV_DUPLICATE_COLUMN, CSV_FIELD_COUNT, CSV_OPEN_QUOTE (bad input), naming the file.
 */
export function csvRecords(
  text: string,
  file: string,
  required: readonly string[],
): { line: number; fields: Record<string, string> }[] {
  let header: string[] | null = null;
  let least = 0;
  const records: { line: number; fields: Record<string, string> }[] = [];
  let open: { text: string; number: number } | null = null;
  eachLine(text, (part, at) => {
    const { text: line, number }: { text: string; number: number } = open
      ? { text: `${open.text} ${part}`, number: open.number }
      : { text: part, number: at };
    open = isOpen(line) ? { text: line, number } : null;
    if (open) return;
    const values = csvFields(line);
    if (header === null) {
      header = values.map((name) => name.toLowerCase());
      requireColumns(file, number, header, required);
      refuseDuplicates(file, number, header);
      least = Math.max(...required.map((name) => values.findIndex((given) => given.toLowerCase() === name))) + 1;
      return;
    }
    if (values.length < least || values.slice(header.length).some((value) => value !== ''))
      throw fieldCount(file, number, values.length, header.length);
    records.push({ line: number, fields: Object.fromEntries(header.map((name, i) => [name, values[i] ?? ''])) });
  });
  if (open) throw openQuote(file, (open as { number: number }).number);
  if (header === null) throw emptyFile(file);
  return records;
}

/** Whether a field in quotes goes on in the next line. */
const isOpen = (line: string): boolean => line.includes('"') && line.split('"').length % 2 === 0;

const openQuote = (file: string, line: number) =>
  badInput('CSV_OPEN_QUOTE', `A field in quotes begins on line ${line} and does not end`, {
    facts: { file, line, field: 'row' },
    remedy: 'Close the quotes, and write a quote inside of a field twice ("").',
  });

/** A table's columns as CSV text, its first row on line 2: what a reader of CSV asks of a Parquet file. */
export function csvText(table: Readonly<Record<string, ArrayLike<unknown>>>): string {
  const names = Object.keys(table);
  const cell = (value: unknown): string => {
    const text = value === null || value === undefined || Number.isNaN(value) ? '' : String(value);
    return `"${text.replaceAll('"', '""')}"`;
  };
  const rows = Array.from(table[names[0]] ?? [], (_, row) => names.map((name) => cell(table[name][row])).join(','));
  return [names.map(cell).join(','), ...rows].join('\n');
}

export function requireColumns(
  file: string,
  line: number,
  header: readonly string[],
  required: readonly string[],
): void {
  const missing = required.filter((name) => !header.includes(name));
  if (missing.length > 0) {
    throw badInput('CSV_MISSING_COLUMN', `The file lacks the column ${missing.join(', ')}`, {
      facts: { file, line, field: missing[0], missing, has: header },
      remedy: `Name the columns in the first line, in any order: ${required.join(',')}.`,
    });
  }
}

/** @throws ProductError CSV_DUPLICATE_COLUMN (bad input) when a header has a name twice: nobody can say which column is meant. */
export function refuseDuplicates(file: string, line: number, header: readonly string[]): void {
  const twice = header.find((name, i) => name !== '' && header.indexOf(name) !== i);
  if (twice === undefined) return;
  throw badInput('CSV_DUPLICATE_COLUMN', `The file has the column ${twice} twice`, {
    facts: { file, line, field: twice, has: header },
    remedy: 'Keep the one that is meant, and rename or remove the other.',
  });
}

const fieldCount = (file: string, line: number, found: number, expected: number) =>
  badInput('CSV_FIELD_COUNT', `Line ${line} has ${found} fields, the header has ${expected}`, {
    facts: { file, line, field: 'row', value: found, expected },
    remedy:
      'Write every field of the header, and numbers without thousands separators; put text with commas in double quotes.',
  });

export const emptyFile = (file: string): ReturnType<typeof badInput> =>
  badInput('CSV_EMPTY', 'The file is empty', {
    facts: { file, line: 1 },
    remedy: 'A file of bars has a header line and at least one row. Remove the file or fill it.',
  });
