import { type DecodedArray, type FileMetaData, parquetMetadata, parquetRead, type SchemaElement } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { badInput, ProductError } from '../../domain/errors.ts';
import { dayOfIso, isoOfDay } from '../../domain/market/days.ts';

/** DATE holds ISO days, as text on both sides; in the file they are days since 1970, which other engines read as dates. */
export type ColumnType = 'STRING' | 'DATE' | 'FLOAT' | 'DOUBLE' | 'INT32' | 'BOOLEAN';
export type TableColumns = Record<string, { type: ColumnType; data: ArrayLike<string | number | boolean> }>;
export type Table = Record<string, ArrayLike<unknown>>;

const ROW_GROUP_ROWS = 262_144;

/**
 * A table as Parquet (snappy). Columns keep the order of the record; no cell is null; zero rows are allowed.
 * The bytes depend on the columns alone: no clock, no library version.
 */
export function writeTable(columns: TableColumns): Uint8Array {
  const names = Object.keys(columns);
  const rows = names.length === 0 ? 0 : columns[names[0]].data.length;
  for (const name of names) {
    if (columns[name].data.length !== rows) {
      throw new ProductError('PARQUET_RAGGED', 'The columns of a table differ in length', {
        facts: { column: name, rows: columns[name].data.length, expected: rows },
      });
    }
  }
  const columnData = names.map((name) => ({
    name,
    data: (columns[name].type === 'DATE'
      ? daysOf(columns[name].data as ArrayLike<string>)
      : columns[name].data) as unknown as DecodedArray,
    // Float32 columns hardly repeat: looking for a dictionary would take most of the time of writing them.
    ...(columns[name].type === 'FLOAT' && { encoding: 'PLAIN' as const }),
    statistics: false,
  }));
  const schema = [
    { name: 'root', num_children: names.length },
    ...names.map((name) => ELEMENTS[columns[name].type](name)),
  ];
  return new Uint8Array(
    parquetWriteBuffer({
      columnData,
      schema,
      rowGroupSize: ROW_GROUP_ROWS,
      createdBy: 'drl-portfolio',
      statistics: false,
    }),
  );
}

const element =
  (rest: Omit<SchemaElement, 'name' | 'repetition_type'>) =>
  (name: string): SchemaElement => ({ name, repetition_type: 'REQUIRED', ...rest });
const ELEMENTS: Record<ColumnType, (name: string) => SchemaElement> = {
  STRING: element({ type: 'BYTE_ARRAY', converted_type: 'UTF8' }),
  DATE: element({ type: 'INT32', converted_type: 'DATE', logical_type: { type: 'DATE' } }),
  FLOAT: element({ type: 'FLOAT' }),
  DOUBLE: element({ type: 'DOUBLE' }),
  INT32: element({ type: 'INT32' }),
  BOOLEAN: element({ type: 'BOOLEAN' }),
};

function daysOf(dates: ArrayLike<string>): Int32Array {
  const known = new Map<string, number>();
  return Int32Array.from(dates, (date) => {
    let day = known.get(date);
    if (day === undefined) {
      day = dayOfIso(date);
      known.set(date, day);
    }
    return day;
  });
}

/** Dates as text, one string object a day: a table has few days and many rows. */
function isoDays(): (days: number) => string {
  const known = new Map<number, string>();
  return (days) => {
    let iso = known.get(days);
    if (iso === undefined) {
      iso = isoOfDay(days);
      known.set(days, iso);
    }
    return iso;
  };
}

/**
 * Read a Parquet table, or some of its columns. FLOAT comes back as Float32Array, DOUBLE and 64-bit integers as Float64Array,
 * INT32 as Int32Array, everything else as an array; null in a number column is NaN, dates are ISO days and timestamps ISO instants, those of a clock that
 * the file does not name without a zone; a column of timestamps that are all at midnight is one of days.
 *
 * @throws ProductError PARQUET_UNREADABLE (bad input) for bytes that are not Parquet; PARQUET_COLUMN for a column it lacks.
 */
export async function readTable(bytes: Uint8Array, columns?: string[]): Promise<Table> {
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  const metadata = readMetadata(buffer);
  const leaves = new Map(metadata.schema.slice(1).map((element) => [element.name, element]));
  const wanted = columns ?? [...leaves.keys()];
  for (const name of wanted) {
    if (!leaves.has(name)) {
      throw badInput('PARQUET_COLUMN', 'The Parquet file lacks a column', {
        facts: { column: name, has: [...leaves.keys()] },
      });
    }
  }
  const rows = Number(metadata.num_rows);
  if (!(rows <= buffer.byteLength * 10_000)) {
    throw badInput('PARQUET_UNREADABLE', 'The Parquet file claims more rows than it can hold', { facts: { rows } });
  }
  if (rows === 0) return Object.fromEntries(wanted.map((name) => [name, allocate(leaves.get(name)!, 0)]));
  const table: Record<string, Cells> = {};
  try {
    await parquetRead({
      file: { byteLength: buffer.byteLength, slice: (start, end) => buffer.slice(start, end) },
      metadata,
      columns: wanted,
      compressors,
      parsers: { dateFromDays: isoDays() as unknown as (days: number) => Date },
      onChunk: ({ columnName, columnData, rowStart }) => {
        if (isWhole(columnData, leaves.get(columnName)!, rows)) table[columnName] = columnData;
        else {
          table[columnName] ??= allocate(leaves.get(columnName)!, rows);
          copyInto(table[columnName], columnData, rowStart);
        }
      },
    });
  } catch (cause) {
    throw unreadable(cause);
  }
  for (const [name, column] of Object.entries(table))
    if (Array.isArray(column) && !isText(leaves.get(name)!)) daysOrInstants(column, isLocal(leaves.get(name)!));
  return Object.fromEntries(wanted.map((name) => [name, table[name] ?? allocate(leaves.get(name)!, rows)]));
}

/** Whether a chunk is a whole column as it is wanted: in a file of one row group nothing needs to be copied. */
function isWhole(data: DecodedArray, element: SchemaElement, rows: number): data is Cells {
  if (data.length !== rows || element.repetition_type !== 'REQUIRED') return false;
  if (element.type === 'DOUBLE') return data instanceof Float64Array;
  if (element.type === 'FLOAT') return data instanceof Float32Array;
  return Array.isArray(data) && isText(element);
}

const isText = ({ converted_type }: SchemaElement): boolean => converted_type === 'UTF8' || converted_type === 'DATE';

/** The names of the columns, without reading any data. */
export function tableColumns(bytes: Uint8Array): string[] {
  const metadata = readMetadata(
    bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer,
  );
  return metadata.schema.slice(1).map((element) => element.name);
}

function readMetadata(buffer: ArrayBuffer): FileMetaData {
  try {
    return parquetMetadata(buffer);
  } catch (cause) {
    throw unreadable(cause);
  }
}

const unreadable = (cause: unknown): ProductError =>
  badInput('PARQUET_UNREADABLE', 'The bytes are not a readable Parquet file', {
    facts: { problem: cause instanceof Error ? cause.message : String(cause) },
    remedy: 'Write the file again; it may be cut short or of another format.',
    cause,
  });

type Cells = Float32Array | Float64Array | Int32Array | unknown[];

function allocate(element: SchemaElement, rows: number): Cells {
  const plain = element.converted_type === undefined && element.logical_type === undefined;
  if (element.type === 'FLOAT') return new Float32Array(rows).fill(Number.NaN);
  if (element.type === 'DOUBLE') return new Float64Array(rows).fill(Number.NaN);
  if (element.type === 'INT32' && plain && element.repetition_type === 'REQUIRED') return new Int32Array(rows);
  if ((element.type === 'INT64' || element.type === 'INT32') && plain) return new Float64Array(rows).fill(Number.NaN);
  return new Array<unknown>(rows).fill(null);
}

function copyInto(target: Cells, data: DecodedArray, offset: number): void {
  if (Array.isArray(target)) {
    for (let i = 0; i < data.length; i++) target[offset + i] = plainValue(data[i]);
  } else if (ArrayBuffer.isView(data) && !(data instanceof BigInt64Array) && !(data instanceof BigUint64Array)) {
    target.set(data as Float64Array, offset);
  } else {
    for (let i = 0; i < data.length; i++) target[offset + i] = data[i] == null ? Number.NaN : Number(data[i]);
  }
}

const plainValue = (value: unknown): unknown => (typeof value === 'bigint' ? Number(value) : value);

/** A timestamp of pandas without a zone: what a clock showed, nobody says where. */
const isLocal = ({ logical_type: logical }: SchemaElement): boolean =>
  logical?.type === 'TIMESTAMP' && !logical.isAdjustedToUTC;

/** Instants of a column as text, in place: as days when all are at midnight, so that one column has one form. */
function daysOrInstants(column: unknown[], local: boolean): void {
  let [instants, atMidnight] = [0, 0];
  for (const value of column) {
    if (!(value instanceof Date)) continue;
    instants++;
    if (value.getTime() % 86_400_000 === 0) atMidnight++;
  }
  if (instants === 0) return;
  const length = atMidnight === instants ? 10 : local ? 23 : 24;
  column.forEach((value, row) => {
    if (!(value instanceof Date)) return;
    column[row] = Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString().slice(0, length);
  });
}
