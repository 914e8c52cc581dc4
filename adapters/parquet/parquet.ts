import { type DecodedArray, type FileMetaData, parquetMetadata, parquetRead, type SchemaElement } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { badInput, ProductError } from '../../domain/errors.ts';

export type ColumnType = 'STRING' | 'FLOAT' | 'DOUBLE' | 'INT32' | 'BOOLEAN';
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
    type: columns[name].type,
    data: columns[name].data as unknown as DecodedArray,
    nullable: false,
    // Float32 columns hardly repeat: looking for a dictionary would take most of the time of writing them.
    ...(columns[name].type === 'FLOAT' && { encoding: 'PLAIN' as const }),
    statistics: false,
  }));
  return new Uint8Array(
    parquetWriteBuffer({ columnData, rowGroupSize: ROW_GROUP_ROWS, createdBy: 'drl-portfolio', statistics: false }),
  );
}

/**
 * Read a Parquet table, or some of its columns. FLOAT comes back as Float32Array, DOUBLE and 64-bit integers as Float64Array,
 * INT32 as Int32Array, everything else as an array; null in a number column is NaN, dates and timestamps are ISO strings.
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
  const table = Object.fromEntries(wanted.map((name) => [name, allocate(leaves.get(name)!, rows)]));
  if (rows === 0) return table;
  try {
    await parquetRead({
      file: { byteLength: buffer.byteLength, slice: (start, end) => buffer.slice(start, end) },
      metadata,
      columns: wanted,
      compressors,
      onChunk: ({ columnName, columnData, rowStart }) => copyInto(table[columnName], columnData, rowStart),
    });
  } catch (cause) {
    throw unreadable(cause);
  }
  return table;
}

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

/** Dates at midnight UTC become a plain day, other instants a full timestamp. */
function plainValue(value: unknown): unknown {
  if (value instanceof Date) {
    const text = Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString();
    return text.endsWith('T00:00:00.000Z') ? text.slice(0, 10) : text;
  }
  return typeof value === 'bigint' ? Number(value) : value;
}
