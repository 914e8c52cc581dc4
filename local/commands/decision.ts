import { FilesystemObjectStore } from '../../adapters/object-store/filesystem.ts';
import { getArtifactJson, getPointer, type ObjectStore } from '../../adapters/object-store/port.ts';
import { badInput } from '../../domain/errors.ts';
import type { Decision } from '../../domain/lineage/decision.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import { existingHome } from '../home.ts';
import { readSettings } from '../settings.ts';
import { table } from '../table.ts';
import { type CommonOptions, printJson } from './args.ts';

/** Decisions as the object store holds them: reading needs no lock, so it works beside a running `drl start`. */
export async function decision(verb: string, words: readonly string[], options: CommonOptions): Promise<number> {
  const home = existingHome(options.home);
  const store = new FilesystemObjectStore(home.store);
  const { strategy } = readSettings(options, home).config;
  if (verb === 'list') await list(store, strategy, options.json === true);
  else await show(store, strategy, words[0], options.json === true);
  return 0;
}

const POINTERS = 'decisions/by-date/';

export async function decisionDates(store: ObjectStore, strategy: string): Promise<string[]> {
  const keys = await store.list(`${strategy}/pointers/${POINTERS}`);
  return keys.map((key) => key.slice(key.lastIndexOf('/') + 1, -'.json'.length)).sort();
}

export async function decisionOn(store: ObjectStore, strategy: string, date: string): Promise<ArtifactRef | null> {
  return (await getPointer<{ decision: ArtifactRef }>(store, strategy, `${POINTERS}${date}`))?.value.decision ?? null;
}

const read = (store: ObjectStore, strategy: string, ref: ArtifactRef): Promise<Decision> =>
  getArtifactJson<Decision>(store, strategy, ref, 'decision.json');

async function list(store: ObjectStore, strategy: string, json: boolean): Promise<void> {
  const rows: { date: string; hash: string; champion: string; cashBps: number; trades: number }[] = [];
  for (const date of (await decisionDates(store, strategy)).reverse()) {
    const ref = await decisionOn(store, strategy, date);
    if (!ref) continue;
    const document = await read(store, strategy, ref);
    rows.push({
      date,
      hash: ref.hash,
      champion: document.champion.name,
      cashBps: document.weightsBps.CASH ?? 0,
      trades: document.trades.length,
    });
  }
  if (json) printJson(rows);
  else
    console.log(
      rows.length === 0
        ? 'No decision yet: npm start'
        : table(
            ['date', 'champion', 'cash', 'trades', 'decision'],
            rows.map((row) => [
              row.date,
              row.champion,
              `${(row.cashBps / 100).toFixed(2)} %`,
              String(row.trades),
              row.hash,
            ]),
          ),
    );
}

async function show(store: ObjectStore, strategy: string, target: string, json: boolean): Promise<void> {
  const ref: ArtifactRef | null = /^[0-9a-f]{64}$/.test(target)
    ? { kind: 'decisions', hash: target }
    : await decisionOn(store, strategy, target);
  if (!ref || !(await store.exists(`${strategy}/decisions/${ref.hash}/manifest.json`))) {
    throw badInput('DECISION_UNKNOWN', 'There is no such decision', {
      facts: { decision: target, strategy },
      remedy: 'drl decision list shows the dates and hashes.',
    });
  }
  const document = await read(store, strategy, ref);
  if (json) return printJson({ hash: ref.hash, ...document });
  const { steps } = document;
  const percent = (value: number | undefined): string => `${((value ?? 0) * 100).toFixed(2)} %`;
  const symbols = Object.keys(document.weightsBps).filter(
    (symbol) => (document.weightsBps[symbol] ?? 0) > 0 || (document.previousBps[symbol] ?? 0) > 0,
  );
  console.log(
    `decision ${ref.hash}\n${document.universe} ${document.date}, decided by ${document.champion.name}${document.challenger ? ` with ${document.challenger.alpha * 100} % ${document.challenger.name}` : ''}`,
  );
  console.log(
    `NAV ${document.book.nav.toFixed(6)}, exposure scale ${document.exposureScale.toFixed(4)}, turnover ${percent(document.turnover)}, expected cost ${document.expectedCostBps.toFixed(2)} bps\n`,
  );
  console.log(
    table(
      ['asset', 'anchor', 'policy', 'projected', 'before bps', 'after bps'],
      symbols.map((symbol) => [
        symbol,
        percent(steps.anchor[symbol]),
        percent(steps.policy[symbol]),
        percent(steps.projected[symbol]),
        String(document.previousBps[symbol] ?? 0),
        String(document.weightsBps[symbol] ?? 0),
      ]),
    ),
  );
}
