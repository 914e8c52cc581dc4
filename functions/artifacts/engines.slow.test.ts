import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import type { BarTable } from '../../domain/market/bar.ts';
import { venvPython } from '../../e2e/python/venv.ts';
import { barFiles } from './dataset.ts';

const python = venvPython(
  'engines',
  fileURLToPath(new URL('../../e2e/python/engines-requirements.txt', import.meta.url)),
);
const READ = `
import json, sys, duckdb, pyarrow.dataset as ds
root = sys.argv[1]
query = f"from read_parquet('{root}/bars/**/*.parquet', hive_partitioning = true)"
types = {name: kind for name, kind, *_ in duckdb.sql(f"describe select * {query}").fetchall()}
rows = duckdb.sql(f"select symbol, date::varchar, close, volume, year {query} order by date, symbol").fetchall()
few = duckdb.sql(f"select count(*) {query} where year = 2021").fetchone()[0]
table = ds.dataset(f"{root}/bars", format="parquet", partitioning="hive").to_table()
arrow = {field.name: str(field.type) for field in table.schema}
print(json.dumps({"types": types, "rows": rows, "few": few, "arrow": arrow, "arrowRows": table.num_rows, "total": sum(table["close"].to_pylist())}))
`;

(python === null ? test.skip : test)(
  'DuckDB and Arrow read the bars, their types and the year of the path',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'drl-engines-'));
    try {
      const date = ['2020-12-30', '2020-12-30', '2020-12-31', '2021-01-04'];
      const close = Float64Array.of(1.5, 2.25, 1.625, 0.1);
      const volume = Float64Array.of(100, Number.NaN, 300, 400);
      const bars: BarTable = {
        symbol: ['A', 'B', 'A', 'A'],
        date,
        open: close,
        high: close,
        low: close,
        close,
        volume,
      };
      for (const [name, bytes] of Object.entries(barFiles(bars))) {
        await mkdir(dirname(join(folder, name)), { recursive: true });
        await writeFile(join(folder, name), bytes);
      }
      const found = JSON.parse(
        execFileSync(python!, ['-c', READ, folder], { encoding: 'utf8' }).replaceAll('NaN', 'null'),
      );
      expect(found.types).toEqual({
        symbol: 'VARCHAR',
        date: 'DATE',
        open: 'DOUBLE',
        high: 'DOUBLE',
        low: 'DOUBLE',
        close: 'DOUBLE',
        volume: 'DOUBLE',
        year: 'BIGINT',
      });
      expect(found.rows).toEqual(
        date.map((day, i) => [
          bars.symbol[i],
          day,
          close[i],
          Number.isNaN(volume[i]) ? null : volume[i],
          Number(day.slice(0, 4)),
        ]),
      );
      expect(found.few).toBe(1);
      expect(found.arrow).toMatchObject({ symbol: 'string', date: 'date32[day]', close: 'double', year: 'int32' });
      expect([found.arrowRows, found.total]).toEqual([4, close.reduce((sum, value) => sum + value, 0)]);
    } finally {
      await rm(folder, { recursive: true });
    }
  },
  300_000,
);
