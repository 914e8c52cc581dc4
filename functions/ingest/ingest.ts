import type { RawFile } from '../../adapters/market-data/port.ts';
import { getPointer, type ObjectStore } from '../../adapters/object-store/port.ts';
import { writeTable } from '../../adapters/parquet/parquet.ts';
import type { Profile, UniverseConfig } from '../../config/schema.ts';
import { badInput } from '../../domain/errors.ts';
import { canonicalJson } from '../../domain/lineage/canonical.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import { isSession, sessionsBetween } from '../../domain/market/calendar.ts';
import { type CheckedBars, checkBars } from '../../domain/market/quality.ts';
import { refuseBadBatch } from '../../domain/market/quarantine.ts';
import { symbolNames } from '../../domain/market/symbol-names.ts';
import { barFiles, DATASET_FILES, DATASET_SCHEMA, type DatasetFacts, quarantineTable } from '../artifacts/dataset.ts';
import { putPartitioned } from '../artifacts/partitions.ts';
import { pointInTimeColumns } from '../artifacts/point-in-time.ts';
import { storeRaw } from '../artifacts/raw.ts';
import { loadReleases } from '../artifacts/release.ts';
import { runSchema } from '../contracts.ts';
import { defineStage } from '../middleware/stage.ts';
import { intradayTable } from './intraday-table.ts';
import { refuseOpenSession } from './open-session.ts';
import { refuseMistypedGroups } from './override-groups.ts';
import { compareWithEarlier, earlierDataset, revisionColumns } from './revisions.ts';
import { membersOf, parseSource, type Source } from './source.ts';
import { refuseStaleDay } from './stale-day.ts';

/** The pointer that names the last session on which models were trained; the register stage moves it. */
export const LAST_TRAINING = 'training/last';

const closed = (date: string, calendar: string) => ({
  open: false,
  dataset: null,
  rows: 0,
  symbols: 0,
  quarantined: 0,
  revisions: 0,
  trainingDue: false,
  reason: `${date} is not a session of calendar ${calendar}`,
});

/**
 * The day's dataset: ask the calendar, fetch, parse, check, set bad rows aside, and store the source bytes as they came and what was
 * known at the close of the date. A day without a session writes nothing.
 *
 * @throws ProductError INGEST_NO_BAR (no bar for the date; names the newest day), INGEST_PARTIAL_DAY, DATA_TOO_MANY_BAD_ROWS, and what the parsers throw
 * (all bad input).
 */
export const ingestStage = defineStage({
  name: 'ingest',
  input: runSchema,
  needs: ['settings', 'store', 'marketData'],
  isFinal: () => true,
  async run({ strategy, universe: universeId, date }, { settings, store, marketData }) {
    const { universe, profile } = settings;
    if (universe.id !== universeId) {
      throw badInput('UNIVERSE_MISMATCH', 'The run names another universe than the settings', {
        facts: { run: universeId, settings: universe.id },
        remedy: 'Start the run with the universe that the configuration was read for.',
      });
    }
    const { calendar } = universe;
    if (calendar !== 'data' && !isSession(calendar, date)) return closed(date, calendar);
    const files = await marketData.fetch(date);
    const source = await parseSource(universe, files);
    requireRange(source, universe, date);
    const releases = await loadReleases(store, strategy, universe.id);
    const checked = checkBars(source.batches, {
      calendar,
      asOf: date,
      members: membersOf(universe),
      lifeEnds: source.lifeEnds,
      actions: source.actions,
      released: releases.ids,
    });
    refuseBadBatch(checked.quarantined, checked.rows);
    if (checked.dataDates && !checked.dataDates.has(date)) return closed(date, calendar);
    requireWholeDay(checked, source, date);
    refuseStaleDay(checked.bars, date);
    refuseOpenSession(source.intraday, date, calendar);
    const released = checked.released.length > 0 ? releases.head : null;
    const { ref, facts } = await storeDataset(store, strategy, universe, date, files, source, checked, released);
    const training = await trainingDue(store, strategy, universe, profile, date, checked);
    return {
      open: true,
      dataset: ref,
      rows: facts.rows,
      symbols: facts.symbols,
      quarantined: facts.quarantined,
      revisions: facts.revisions ?? 0,
      trainingDue: training.due,
      reason: training.reason,
    };
  },
});

function requireRange(source: Source, universe: UniverseConfig, date: string): void {
  let [oldest, newest] = ['9999', ''];
  for (const batch of source.batches) {
    for (const day of batch.date) {
      if (day < oldest) oldest = day;
      if (day > newest) newest = day;
    }
  }
  if (newest === '') {
    refuseBadBatch(
      source.batches.flatMap((batch) => batch.rejected),
      0,
    );
    throw badInput('INGEST_NO_BAR', `Universe ${universe.id} has no bar at all`, {
      facts: { universe: universe.id, members: universe.members },
      remedy: 'Check the members of the universe against the symbols in the data.',
    });
  }
  if (date > newest || date < oldest) throw noBar(universe, date, oldest, newest);
}

const noBar = (universe: UniverseConfig, date: string, oldest: string, newest: string) =>
  badInput('INGEST_NO_BAR', `There is no bar for ${date}; the newest day of ${universe.id} is ${newest}`, {
    facts: { universe: universe.id, date, newestDay: newest, oldestDay: oldest },
    remedy: `Run a day between ${oldest} and ${newest}, or bring newer data (drl data fetch, drl data import).`,
  });

/** The bars of the date itself must be there, and not for a mere part of the symbols: a feed that is half written is not a day. */
function requireWholeDay({ bars }: CheckedBars, source: Source, date: string): void {
  const countOf = (day: string | undefined): number => {
    let n = 0;
    for (let i = bars.date.length - 1; i >= 0 && bars.date[i] >= (day ?? '~'); i--) if (bars.date[i] === day) n++;
    return n;
  };
  const today = countOf(date);
  const previousDay = bars.date[bars.date.length - 1 - today];
  const previous = countOf(previousDay);
  if (today > 0 && today * 2 >= previous) return;
  throw badInput(
    'INGEST_PARTIAL_DAY',
    `Only ${today} symbols have a good bar on ${date}, after ${previous} on ${previousDay ?? 'no day before'}`,
    {
      facts: {
        date,
        symbols: today,
        previousDay: previousDay ?? null,
        previousSymbols: previous,
        files: source.batches.map((batch) => batch.file),
      },
      remedy: 'The source is incomplete for this day. Wait for it, or mend it, and run the day again.',
    },
  );
}

async function storeDataset(
  store: ObjectStore,
  strategy: string,
  universe: UniverseConfig,
  date: string,
  files: readonly RawFile[],
  source: Source,
  checked: CheckedBars,
  released: ArtifactRef | null,
): Promise<{ ref: ArtifactRef; facts: DatasetFacts }> {
  const { bars, quarantined } = checked;
  const instruments = source.instruments(bars, date);
  refuseMistypedGroups(universe, instruments);
  const names = symbolNames(source.actions, date);
  const earlier = await earlierDataset(store, strategy, universe.id, date);
  const compared = compareWithEarlier(earlier, bars, source.pointInTime(date), date, names);
  const { fundamentals, macro, revisions } = compared;
  const inputs: Record<string, ArtifactRef> = {};
  for (const [n, file] of files.entries()) inputs[`raw_${n}`] = await storeRaw(store, strategy, file);
  if (earlier && compared.found > 0) inputs.previous = earlier.ref;
  if (released) inputs.releases = released;
  const facts: DatasetFacts = {
    schemaVersion: DATASET_SCHEMA,
    universe: universe.id,
    asOf: date,
    calendar: universe.calendar,
    interval: '1d',
    numeraire: universe.numeraire,
    licence: universe.licence,
    redistribution: universe.redistribution,
    sourceLine: universe.sourceLine,
    rows: bars.symbol.length,
    symbols: instruments.length,
    quarantined: quarantined.length,
    firstDate: bars.date[0],
    ...(revisions.length > 0 ? { revisions: compared.found } : {}),
    ...(released && { released: checked.released.length }),
  };
  const ref = await putPartitioned(store, strategy, `datasets/${universe.id}`, {
    kind: 'datasets',
    files: {
      ...barFiles(bars),
      [DATASET_FILES.instruments]: new TextEncoder().encode(canonicalJson(instruments)),
      [DATASET_FILES.quarantine]: quarantineTable(quarantined),
      ...(fundamentals ? { [DATASET_FILES.fundamentals]: writeTable(pointInTimeColumns(fundamentals)) } : {}),
      ...(macro ? { [DATASET_FILES.macro]: writeTable(pointInTimeColumns(macro)) } : {}),
      ...(source.intraday ? { [DATASET_FILES.intraday]: intradayTable(source.intraday, date) } : {}),
      ...(revisions.length > 0 ? { [DATASET_FILES.revisions]: writeTable(revisionColumns(revisions)) } : {}),
    },
    inputs,
    facts,
  });
  return { ref, facts };
}

async function trainingDue(
  store: ObjectStore,
  strategy: string,
  universe: UniverseConfig,
  profile: Profile,
  date: string,
  { bars }: CheckedBars,
): Promise<{ due: boolean; reason: string }> {
  const last = (await getPointer<{ date: string }>(store, strategy, LAST_TRAINING))?.value.date ?? null;
  if (last === null) return { due: true, reason: 'no model has been trained yet' };
  if (last === date) return { due: true, reason: `training belongs to this session (${date})` };
  const dates = universe.calendar === 'data' ? new Set(bars.date) : undefined;
  const since = sessionsBetween(universe.calendar, last, date, dates).filter((day) => day > last).length;
  const every = profile.retrainEverySessions;
  return since >= every
    ? { due: true, reason: `${since} sessions since the last training on ${last} (due every ${every})` }
    : { due: false, reason: `${since} sessions since the last training on ${last}; due after ${every}` };
}
