import type { MarketDataProvider } from '../../adapters/market-data/port.ts';
import type { ObjectStore } from '../../adapters/object-store/port.ts';
import type { UniverseConfig } from '../../config/schema.ts';
import { sha256 } from '../../domain/lineage/canonical.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import { END_OF_TIME } from '../../domain/market/days.ts';
import { gapLines, gapsIn } from '../../domain/market/gaps.ts';
import { providersOf } from '../../domain/market/provider-config.ts';
import { checkBars } from '../../domain/market/quality.ts';
import { countReasons, refuseBadBatch } from '../../domain/market/quarantine.ts';
import type { Revision } from '../../domain/market/revisions.ts';
import { symbolNames } from '../../domain/market/symbol-names.ts';
import { storeRaw } from '../../functions/artifacts/raw.ts';
import { compareWithEarlier, earlierDataset } from '../../functions/ingest/revisions.ts';
import { membersOf, parseSource, type Source } from '../../functions/ingest/source.ts';
import { tomorrow } from './folder-check.ts';

export interface SourceReport {
  universe: string;
  files: { file: string; bytes: number; sha256: string; origin: string; raw: ArtifactRef | null }[];
  rows: number;
  symbols: number;
  quarantined: number;
  reasons: Record<string, number>;
  firstDay: string | null;
  newestDay: string | null;
  /** Members of the universe, and symbols and series asked of a vendor, of which nothing came. */
  absent: string[];
  /** Sessions without a bar, in words. */
  gaps: string[];
  /** Values of past days on which the source and the newest dataset differ; an ingest would note them. Empty when there is no dataset, or nobody asked. */
  revisions: Revision[];
}

/** `drl data check`: fetch a universe's source and hold it to the contracts; nothing is written. */
export async function checkSource(universe: UniverseConfig, marketData: MarketDataProvider): Promise<SourceReport> {
  return (await readSource(universe, marketData)).report;
}

/**
 * `drl data fetch`: the same, compared with the newest dataset, and the bytes are stored as they came. Nothing is stored before everything is there and
 * has passed.
 */
export async function fetchSource(
  universe: UniverseConfig,
  marketData: MarketDataProvider,
  store: ObjectStore,
  strategy: string,
): Promise<SourceReport> {
  const { report, files, source, bars } = await readSource(universe, marketData);
  const earlier = await earlierDataset(store, strategy, universe.id, END_OF_TIME);
  const values = source.pointInTime(END_OF_TIME);
  const noted = earlier?.revisions.length ?? 0;
  report.revisions = compareWithEarlier(earlier, bars, values, report.newestDay ?? END_OF_TIME).revisions.slice(noted);
  for (const [n, file] of files.entries()) report.files[n].raw = await storeRaw(store, strategy, file);
  return report;
}

/** What comes with the product, or is made by it, may be ahead of this machine's clock. */
const isOwn = ({ provider }: UniverseConfig): boolean =>
  providersOf(provider).every(({ kind }) => kind === 'ecb-file' || kind === 'equity-sim');

async function readSource(universe: UniverseConfig, marketData: MarketDataProvider) {
  const files = await marketData.fetch(END_OF_TIME);
  const source = await parseSource(universe, files);
  const { bars, quarantined, rows } = checkBars(source.batches, {
    calendar: universe.calendar,
    asOf: END_OF_TIME,
    ...(isOwn(universe) ? {} : { today: tomorrow() }),
    members: membersOf(universe),
    lifeEnds: source.lifeEnds,
    actions: source.actions,
  });
  refuseBadBatch(quarantined, rows);
  const report: SourceReport = {
    universe: universe.id,
    files: files.map(({ name, bytes, origin }) => ({
      file: name,
      bytes: bytes.length,
      sha256: sha256(bytes),
      origin,
      raw: null,
    })),
    rows: bars.symbol.length,
    symbols: new Set(bars.symbol).size,
    quarantined: quarantined.length,
    reasons: countReasons(quarantined),
    firstDay: bars.date[0] ?? null,
    newestDay: bars.date.at(-1) ?? null,
    absent: absentees(universe, source),
    gaps: gapLines(gapsIn(bars, universe.calendar)),
    revisions: [],
  };
  return { report, files, source, bars };
}

function absentees(universe: UniverseConfig, { batches, actions, pointInTime }: Source): string[] {
  const named = providersOf(universe.provider).flatMap((one) =>
    one.kind === 'alpaca' ? one.symbols : one.kind === 'fred' ? one.series.map(({ id }) => id) : [],
  );
  const came = new Set(pointInTime(END_OF_TIME).macro?.series);
  for (const { symbol } of batches) for (const name of symbol) came.add(name);
  const names = symbolNames(actions, END_OF_TIME);
  const asked = new Set([...(membersOf(universe) ?? []), ...named]);
  return [...asked].filter((name) => !came.has(name) && !came.has(names?.nameOf(name, '') ?? name)).sort();
}
