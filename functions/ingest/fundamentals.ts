import type { ColumnType, Table, TableColumns } from '../../adapters/parquet/parquet.ts';
import { requireColumns } from '../../domain/market/csv.ts';

/** The rows whose `knownDate` is not after `asOf`, in their order: what a reader could know at that close. */
export function fundamentalsKnownOn(table: Table, asOf: string): TableColumns {
  const names = Object.keys(table);
  requireColumns('fundamentals.parquet', 1, names, ['symbol', 'periodEnd', 'knownDate']);
  const rows: number[] = [];
  for (let i = 0; i < table.knownDate.length; i++) if (String(table.knownDate[i]) <= asOf) rows.push(i);
  return Object.fromEntries(
    names.map((name) => {
      const column = table[name];
      const type: ColumnType = ArrayBuffer.isView(column) ? 'DOUBLE' : 'STRING';
      const data =
        type === 'DOUBLE' ? Float64Array.from(rows, (i) => Number(column[i])) : rows.map((i) => String(column[i]));
      return [name, { type, data }];
    }),
  );
}
