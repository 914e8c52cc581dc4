import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { parseBarsCsv } from '../domain/market/bars.ts';
import { cleanBars } from '../domain/market/bars-fixture.ts';
import { ecbToBars, parseEcbCsv } from '../domain/market/ecb.ts';
import type { ParsedBars } from '../domain/market/parsed-bars.ts';
import { type BarRules, type CheckedBars, checkBars } from '../domain/market/quality.ts';
import { countReasons } from '../domain/market/quarantine.ts';
import { printFigure } from './report.ts';

/** Rows a second from text to checked bars, and the share of rows that the contracts set aside; on real files where they lie beside the project. */
const RUNS = 3;
const root = fileURLToPath(new URL('../', import.meta.url));
const shared = `${root}../shared/data/`;
const textOf = (path: string): string => gunzipSync(readFileSync(path)).toString();
const equities = (name: string): Source => ({
  name,
  parse: () => parseBarsCsv(textOf(`${shared}${name}.csv.gz`), `${name}.csv`),
  rules: { calendar: 'XNYS', asOf: '2026-10-30', members: null },
});

interface Source {
  name: string;
  parse: () => ParsedBars;
  rules: BarRules;
}

const sources: Source[] = [
  {
    name: 'ecb_fx_reference_rates',
    parse: () => ecbToBars(parseEcbCsv(textOf(`${root}data/ecb_fx_reference_rates.csv.gz`), 'ecb.csv'), 'USD', null),
    rules: { calendar: 'TARGET', asOf: '2026-10-30', members: null },
  },
  {
    name: 'generated, 300 symbols',
    parse: () => parseBarsCsv(cleanBars({ symbols: 300, sessions: 1000, seed: 1 }), 'bars.csv'),
    rules: { calendar: 'XNYS', asOf: '2026-10-30', members: null },
  },
  ...['us_prices_adj', 'us_prices_raw_actions'].filter((name) => existsSync(`${shared}${name}.csv.gz`)).map(equities),
];

for (const { name, parse, rules } of sources) {
  const [parsing, checking]: [number[], number[]] = [[], []];
  let checked: CheckedBars | null = null;
  for (let run = 0; run < RUNS; run++) {
    const start = performance.now();
    const parsed = parse();
    const between = performance.now();
    checked = checkBars([parsed], rules);
    parsing.push((1000 * checked.rows) / (between - start));
    checking.push((1000 * checked.rows) / (performance.now() - between));
  }
  const { quarantined, rows } = checked!;
  printFigure('data-contracts', `${name}: unpack and parse`, 'rows/s', parsing);
  printFigure('data-contracts', `${name}: check`, 'rows/s', checking);
  printFigure('data-contracts', `${name}: set aside`, '% of rows', [(100 * quarantined.length) / rows]);
  if (!process.argv.includes('--json')) console.log(`  ${rows} rows: ${JSON.stringify(countReasons(quarantined))}`);
}
