import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import type { FeatureTensor } from '../../domain/features/spec.ts';
import type { BarTable } from '../../domain/market/bar.ts';
import { venvPython } from '../../e2e/python/venv.ts';
import { barFiles } from './dataset.ts';
import { featureFiles } from './features.ts';

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

/** As Athena asks: names in small letters, the artifact in the path, columns that one artifact has and another has not. */
const ASK = `
import json, sys, duckdb
files = f"read_parquet('{sys.argv[1]}/*/features/*/features/*/part.parquet', hive_partitioning = true, union_by_name = true, filename = true)"
query = f"select date::varchar, symbol, momentum63, pagerank, anchorexposure from {files} where filename like '%/main/features/%' and year = 2021 order by filename, date, symbol"
types = {name: kind for name, kind, *_ in duckdb.sql(f"describe select * from {files}").fetchall()}
print(json.dumps({"types": types, "rows": duckdb.sql(query).fetchall()}))
`;

(python === null ? test.skip : test)(
  'DuckDB reads features under the layout of the catalogue, with names in small letters and columns that an artifact lacks',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'drl-engines-'));
    try {
      const tensor = (columns: string[]): FeatureTensor => ({
        dates: ['2020-12-31', '2021-01-04'],
        symbols: ['A', 'B'],
        columns,
        values: Float32Array.from({ length: 4 * columns.length }, (_, i) => i / 8),
        anchorLogit: new Float32Array(4),
        anchorExposure: Float32Array.of(0.25, 0.5),
      });
      for (const [artifact, columns] of Object.entries({ a: ['momentum63'], b: ['momentum63', 'pageRank'] })) {
        for (const [name, bytes] of Object.entries(featureFiles(tensor(columns)))) {
          const path = join(folder, 'main', 'features', artifact, name);
          await mkdir(dirname(path), { recursive: true });
          await writeFile(path, bytes);
        }
      }
      const found = JSON.parse(execFileSync(python!, ['-c', ASK, folder], { encoding: 'utf8' }));
      expect(found.types).toMatchObject({ date: 'DATE', symbol: 'VARCHAR', momentum63: 'FLOAT', pageRank: 'FLOAT' });
      expect(found.rows).toEqual([
        ['2021-01-04', 'A', 0.25, null, 0.5],
        ['2021-01-04', 'B', 0.375, null, 0.5],
        ['2021-01-04', 'A', 0.5, 0.625, 0.5],
        ['2021-01-04', 'B', 0.75, 0.875, 0.5],
      ]);
    } finally {
      await rm(folder, { recursive: true });
    }
  },
  300_000,
);

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
