import { getManifest, getPointer, type ObjectStore } from '../../adapters/object-store/port.ts';
import { badInput } from '../../domain/errors.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import { countReasons, type QuarantinedRow, rowId } from '../../domain/market/quarantine.ts';
import { type DatasetFacts, datasetFacts, loadQuarantine } from '../../functions/artifacts/dataset.ts';

export interface DatasetEntry {
  ref: ArtifactRef;
  facts: DatasetFacts;
  /** Source files by name, each with the SHA-256 of its bytes and where it came from. */
  sources: { file: string; sha256: string; origin: string }[];
}

/** `drl data log`: the datasets of a strategy, oldest session first. */
export async function dataLog(store: ObjectStore, strategy: string): Promise<DatasetEntry[]> {
  const prefix = `${strategy}/datasets/`;
  const keys = (await store.list(prefix)).filter((key) => key.endsWith('/manifest.json'));
  const entries = await Promise.all(
    keys.map(async (key): Promise<DatasetEntry> => {
      const ref: ArtifactRef = { kind: 'datasets', hash: key.slice(prefix.length).split('/')[0] };
      const manifest = await getManifest(store, strategy, ref);
      const sources: DatasetEntry['sources'] = [];
      for (const input of Object.values(manifest.inputs)) {
        const raw = await getManifest(store, strategy, input);
        if (input.kind !== 'raw') continue;
        for (const [file, { sha256 }] of Object.entries(raw.files))
          sources.push({ file, sha256, origin: String(raw.facts.origin) });
      }
      return { ref, facts: datasetFacts(ref, manifest.facts), sources };
    }),
  );
  return entries.sort((a, b) =>
    a.facts.asOf < b.facts.asOf ? -1 : a.facts.asOf > b.facts.asOf ? 1 : a.ref.hash < b.ref.hash ? -1 : 1,
  );
}

export interface QuarantineList {
  dataset: ArtifactRef;
  universe: string;
  date: string;
  rows: (QuarantinedRow & { id: string })[];
  reasons: Record<string, number>;
}

/** Of the datasets of one day (a folder was imported again) the one that its universe has now, if it is among them. */
async function current(store: ObjectStore, strategy: string, ofDay: DatasetEntry[]): Promise<DatasetEntry | undefined> {
  for (const universe of new Set(ofDay.map(({ facts }) => facts.universe))) {
    const newest = await getPointer<ArtifactRef>(store, strategy, `datasets/${universe}`);
    const found = ofDay.find(({ ref }) => ref.hash === newest?.value.hash);
    if (found) return found;
  }
  return ofDay.at(-1);
}

/**
 * `drl data quarantine`: the rows set aside in the dataset of a session, the newest by default.
 *
 * @throws ProductError DATA_NO_DATASET (bad input).
 */
export async function dataQuarantine(store: ObjectStore, strategy: string, date?: string): Promise<QuarantineList> {
  const log = await dataLog(store, strategy);
  const day = date ?? log.at(-1)?.facts.asOf;
  const ofDay = log.filter(({ facts }) => facts.asOf === day);
  const entry = await current(store, strategy, ofDay);
  if (!entry) {
    throw badInput(
      'DATA_NO_DATASET',
      date === undefined ? 'There is no dataset yet' : `There is no dataset of ${date}`,
      {
        facts: { strategy, date: date ?? null, newestDay: log.at(-1)?.facts.asOf ?? null },
        remedy: 'Run a day first (drl run daily), or name a day of drl data log.',
      },
    );
  }
  const rows = await loadQuarantine(store, strategy, entry.ref);
  const { asOf, universe } = entry.facts;
  return {
    dataset: entry.ref,
    universe,
    date: asOf,
    rows: rows.map((row) => ({ id: rowId(row), ...row })),
    reasons: countReasons(rows),
  };
}
