import { mkdir, rename, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { importPath } from '../../adapters/market-data/folder.ts';
import { type ObjectStore, putArtifact } from '../../adapters/object-store/port.ts';
import { type UniverseConfig, universeSchema } from '../../config/schema.ts';
import { badInput } from '../../domain/errors.ts';
import { canonicalJson } from '../../domain/lineage/canonical.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import type { CalendarId } from '../../domain/market/calendar.ts';
import { gapLines, gapsIn } from '../../domain/market/gaps.ts';
import { countReasons } from '../../domain/market/quarantine.ts';
import { storeRaw } from '../../functions/artifacts/raw.ts';
import { MAX_ASSETS } from '../chain/assets.ts';
import { type CheckedFolder, checkFolder } from './folder-check.ts';

export interface ImportOptions {
  folder: string;
  /** Id of the universe to make: small letters, digits and "-". */
  universe: string;
  calendar: CalendarId;
  store: ObjectStore;
  /** Strategy under whose key the bytes are stored; the universe can then be read by any strategy of the same store. */
  strategy: string;
  /** Folder of the installation's state; the universe is written to `universes/<id>.json` in it. */
  home: string;
  /** @default USD */
  numeraire?: string;
}

export interface ImportReport {
  universe: string;
  /** The universe configuration that was written. */
  path: string;
  import: ArtifactRef;
  files: { file: string; rows: number; symbols: number }[];
  /** The files beside the bars that were read: actions, membership ... */
  beside: string[];
  skipped: { file: string; reason: string }[];
  rows: number;
  symbols: number;
  quarantined: number;
  reasons: Record<string, number>;
  firstDay: string;
  newestDay: string;
  /** What will stop a later stage, or leave assets out of all of them. */
  warnings: string[];
}

/**
 * Check a user's folder of bars and store it: each file's bytes as they are, one artifact that names them, and a universe configuration that
 * reads them. Everything is checked before anything is written, and the configuration comes last.
 *
 * @throws ProductError what {@link checkFolder} throws; IMPORT_UNIVERSE_ID; IMPORT_NO_BARS (bad input).
 */
export async function importFolder(options: ImportOptions): Promise<ImportReport> {
  if (!/^[a-z0-9-]{1,32}$/.test(options.universe)) {
    throw badInput('IMPORT_UNIVERSE_ID', 'The id of a universe has small letters, digits and "-" only, at most 32', {
      facts: { universe: options.universe },
      remedy: 'Name it with --universe, for example --universe user.',
    });
  }
  const found = await checkFolder(options);
  const { bars, quarantined } = found.checked;
  if (bars.symbol.length === 0) {
    throw badInput('IMPORT_NO_BARS', 'Not one good bar is in the folder', {
      facts: {
        files: found.used.map(({ file }) => file),
        reasons: countReasons(quarantined),
        calendar: options.calendar,
      },
      remedy: 'Check the calendar (--calendar) and, when there is one, the symbols in universe.csv.',
    });
  }
  const folderName = basename(resolve(options.folder));
  const ref = await storeImport(options, found, folderName);
  const symbols = found.members ?? [...new Set(bars.symbol)].sort();
  const universe = universeOf(options, found, ref, folderName, symbols.length);
  const path = join(options.home, 'universes', `${options.universe}.json`);
  await mkdir(join(options.home, 'universes'), { recursive: true });
  await writeFile(`${path}.tmp`, `${JSON.stringify(universe, null, 2)}\n`);
  await rename(`${path}.tmp`, path);
  return {
    universe: options.universe,
    path,
    import: ref,
    files: found.used,
    beside: found.beside,
    skipped: found.skipped,
    rows: bars.symbol.length,
    symbols: symbols.length,
    quarantined: quarantined.length,
    reasons: countReasons(quarantined),
    firstDay: bars.date[0],
    newestDay: bars.date[bars.date.length - 1],
    warnings: [...warningsOf(found, symbols.length), ...gapLines(gapsIn(bars, options.calendar))],
  };
}

const SHOWN = 20;
const shown = (symbols: readonly string[]): string =>
  `${symbols.slice(0, SHOWN).join(', ')}${symbols.length > SHOWN ? ` and ${symbols.length - SHOWN} more` : ''}`;

function warningsOf({ barless, leftOut, strangers, unread, figuresOfNone }: CheckedFolder, symbols: number): string[] {
  const warnings: string[] = [];
  if (symbols > MAX_ASSETS)
    warnings.push(
      `a ledger holds at most ${MAX_ASSETS} assets, so ${symbols} can be researched but not settled: name the members in universe.csv beside the bars, and import again`,
    );
  if (barless.length > 0)
    warnings.push(
      `no bar is of ${shown(barless)}, which the file of the universe names: write the symbols as the bars have them, or add their bars, and import again`,
    );
  if (leftOut.length > 0)
    warnings.push(
      `the file of the universe does not name ${shown(leftOut)}, so their bars are left out: give each a row if it is to be held, and import again`,
    );
  if (strangers.length > 0)
    warnings.push(
      `the membership file does not name ${shown(strangers)}, so they are never held: give each a row with the symbol that the bars have, and import again`,
    );
  for (const [file, series] of Object.entries(unread))
    if (series.length > 0)
      warnings.push(
        `no feature reads the series ${series.join(', ')} of the file of ${file}: drl features list has the names that are read`,
      );
  if (figuresOfNone.length > 0)
    warnings.push(
      `no bar is of ${shown(figuresOfNone.map((symbol) => symbol || '(no symbol)'))}, of which the file of fundamentals has figures: write the symbols as the bars have them, and import again`,
    );
  return warnings;
}

async function storeImport(options: ImportOptions, found: CheckedFolder, folderName: string): Promise<ArtifactRef> {
  const inputs: Record<string, ArtifactRef> = {};
  for (const [n, file] of found.files.entries()) {
    inputs[`file_${String(n).padStart(4, '0')}`] = await storeRaw(options.store, options.strategy, file);
  }
  const index = { folder: folderName, used: found.used, skipped: found.skipped };
  return putArtifact(options.store, options.strategy, {
    kind: 'raw',
    files: { 'import.json': new TextEncoder().encode(canonicalJson(index)) },
    inputs,
    facts: { origin: folderName },
  });
}

function universeOf(
  options: ImportOptions,
  found: CheckedFolder,
  ref: ArtifactRef,
  folderName: string,
  symbols: number,
): UniverseConfig {
  const { bars } = found.checked;
  const hasVolume = bars.volume.some((volume) => volume > 0);
  // A cap that n assets can fill twice over, but never below a tenth.
  const maxWeight = Math.min(1, Math.max(0.1, Math.round(200 / symbols) / 100));
  return universeSchema.parse({
    id: options.universe,
    title: `Imported bars (${folderName}, ${symbols} symbols)`,
    provider: { kind: 'folder', path: importPath(options.strategy, ref.hash) },
    calendar: options.calendar,
    numeraire: options.numeraire ?? 'USD',
    members: found.members ?? 'all',
    licence: 'As the owner of the imported files allows; not stated',
    redistribution: false,
    sourceLine: `Source: files imported from ${folderName}`,
    caveats: [
      'Imported data: whether the symbols were chosen in hindsight (survivorship) is for its owner to say; a universe of survivors inflates every figure.',
      'A symbol whose bars end without an event is held at its last price.',
      ...(bars.dividend ? [] : ['No actions were given: prices are taken as adjusted for splits and dividends.']),
    ],
    costs: {
      commissionBps: 1,
      slippageBps: 4,
      slippageOverrides: {},
      impactCoefficient: hasVolume ? 0.1 : 0,
      capital: 1_000_000,
      cashRateAnnual: 0,
    },
    limits: {
      maxWeight,
      maxGroupWeight: Math.max(0.4, maxWeight),
      groupOverrides: { unclassified: 1 },
      maxIlliquidWeight: Math.max(0.3, maxWeight),
      maxHubWeight: Math.max(0.5, maxWeight),
      maxGross: 1,
      maxTurnover: 0.5,
      drawdown: { budget: 0.12, band: 0.2, hardLimit: 0.15, resetAfterDays: null },
    },
    hasVolume,
  });
}
