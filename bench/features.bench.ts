import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { FilesystemObjectStore } from '../adapters/object-store/filesystem.ts';
import { artifactPrefix, putArtifact } from '../adapters/object-store/port.ts';
import { CATALOGUE } from '../domain/features/catalogue.ts';
import { computeFeatures } from '../domain/features/compute.ts';
import { featureSpec } from '../domain/features/default-spec.ts';
import type { FeatureSpec } from '../domain/features/spec.ts';
import { addedFeatures, updateFeatures } from '../domain/features/update.ts';
import { type BarTable, barOrder, selectBars } from '../domain/market/bar.ts';
import { BARS_TABLE } from '../domain/market/bar-schema.ts';
import type { Instrument } from '../domain/market/instrument.ts';
import { type MarketPanel, panelUntil } from '../domain/market/panel.ts';
import { simulateEquityMarket } from '../domain/simulation/equity-market.ts';
import { barFiles, DATASET_FILES, loadDataset, quarantineTable } from '../functions/artifacts/dataset.ts';
import { runFeaturesPeers } from './peers/run-features-peer.ts';
import { printFigure } from './report.ts';

/**
 * 117 symbols x 24 years of daily bars: from a dataset's Parquet to a dense float32 tensor, on one thread. The adjusted prices of the development data where they are there,
 * else a simulated market of that size. Each figure with the processor time (user and system) beside it: the clock lies on a busy machine.
 */
const FILE = fileURLToPath(new URL('../../shared/data/us_prices_adj.csv.gz', import.meta.url));
const RUNS = 5;

interface Market {
  bars: BarTable;
  instruments: Instrument[];
}

function marketOfFile(): Market {
  const lines = gunzipSync(readFileSync(FILE)).toString('utf8').trimEnd().split('\n').slice(1);
  const fields = lines.map((line) => line.split(','));
  const column = (c: number): Float64Array => Float64Array.from(fields, (row) => Number(row[c]));
  const [symbol, date] = [fields.map((row) => row[0]), fields.map((row) => row[1])];
  const table = { symbol, date, open: column(2), high: column(3), low: column(4), close: column(5), volume: column(6) };
  const bars = selectBars(table, barOrder(symbol, date));
  const instruments = [...new Set(symbol)].sort().map((name) => ({
    symbol: name,
    name,
    kind: 'equity' as const,
    group: 'all',
    firstDate: bars.date[0],
    lastDate: bars.date[bars.date.length - 1],
    events: [],
    reference: {},
  }));
  return { bars, instruments };
}

const real = existsSync(FILE);
const folder = mkdtempSync(join(tmpdir(), 'drl-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true }));
const store = new FilesystemObjectStore(folder);
const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
/** In a function, so that nothing of the source lies in memory when the runs begin. */
async function write({ bars, instruments }: Market) {
  console.error(
    `${real ? 'development data' : 'simulated market'}: ${instruments.length} symbols, ${bars.date.length} rows`,
  );
  const dataset = await putArtifact(store, 'bench', {
    kind: 'datasets',
    files: {
      ...barFiles(bars),
      [DATASET_FILES.instruments]: encode(instruments),
      [DATASET_FILES.quarantine]: quarantineTable([]),
    },
    facts: {
      universe: 'bench',
      asOf: bars.date[bars.date.length - 1],
      calendar: 'XNYS',
      interval: '1d',
      numeraire: 'USD',
      licence: 'development only',
      redistribution: false,
      sourceLine: 'bench',
      rows: bars.date.length,
      symbols: instruments.length,
      quarantined: 0,
      firstDate: bars.date[0],
    },
  });
  const groups = Object.fromEntries(instruments.map(({ symbol, group }) => [symbol, group]));
  return { dataset, peersTask: { groups, actions: bars.dividend !== undefined } };
}

const { dataset, peersTask } = await write(
  real ? marketOfFile() : simulateEquityMarket({ seed: 1, assets: 117, sessions: 5963, start: '2000-01-03' }),
);

/** From the artifact's files, every hash checked. */
const read = async (): Promise<MarketPanel> => (await loadDataset(store, 'bench', dataset)).panel;

/** Of bars alone, so that any file of bars can be measured. */
const names = Object.keys(CATALOGUE).filter((name) =>
  CATALOGUE[name].needs.every((need) => need === 'volume' || need === 'range'),
);

/** Clock and processor time of some runs, after one that is not counted. */
async function measure(figure: string, unit: 's' | 'ms', run: () => Promise<unknown> | unknown): Promise<void> {
  const [clock, processor] = [[] as number[], [] as number[]];
  const scale = unit === 's' ? 1 : 1000;
  await run();
  for (let i = 0; i < RUNS; i++) {
    const [started, used] = [performance.now(), process.cpuUsage()];
    await run();
    const { user, system } = process.cpuUsage(used);
    clock.push(((performance.now() - started) / 1000) * scale);
    processor.push(((user + system) / 1e6) * scale);
  }
  printFigure('features', figure, unit, clock);
  printFigure('features', `${figure}_processor`, unit, processor);
}

const panel = await read();
const specs: [number, FeatureSpec][] = [20, 40].map((count) => [count, featureSpec(names.slice(0, count))]);
await measure('parquet_to_panel', 's', read);
for (const [count, spec] of specs) {
  await measure(`panel_to_tensor_${count}`, 's', () => computeFeatures(panel, spec));
  await measure(`parquet_to_tensor_${count}`, 's', async () => computeFeatures(await read(), spec));
  const sessions = panel.dates.length;
  await measure(`added_day_${count}`, 'ms', () => addedFeatures(panel, spec, {}, sessions - 1));
  const before = computeFeatures(panelUntil(panel, sessions - 1), spec);
  await measure(`added_day_joined_${count}`, 'ms', () => updateFeatures(before, panel, spec));
}
if (process.argv.includes('--peers')) {
  const bars = join(folder, artifactPrefix('bench', dataset), BARS_TABLE);
  await runFeaturesPeers({ bars, ...peersTask }, async () => computeFeatures(await read(), specs[0][1]));
}
