import { FilesystemObjectStore } from '../../adapters/object-store/filesystem.ts';
import { badInput } from '../../domain/errors.ts';
import type { CalendarId } from '../../domain/market/calendar.ts';
import { gapLines, gapsIn } from '../../domain/market/gaps.ts';
import type { QuarantinedRow } from '../../domain/market/quarantine.ts';
import type { Revision } from '../../domain/market/revisions.ts';
import { checkoutDataset, type DatasetDifference, diffDatasets, findDataset } from '../data/checkout.ts';
import { compareFolders, comparisonText } from '../data/compare.ts';
import { dataLog, dataQuarantine } from '../data/datasets.ts';
import { fetchSource } from '../data/fetch.ts';
import { checkFolder } from '../data/folder-check.ts';
import { collectGarbage, type Garbage } from '../data/garbage.ts';
import { importFolder } from '../data/import.ts';
import { lineageOf } from '../data/lineage.ts';
import { type Explanation, explainRow, releaseRow } from '../data/quarantine.ts';
import { adoptUniverse, existingHome, lockHome, openHome } from '../home.ts';
import { openInstallation } from '../installation.ts';
import { readSettings } from '../settings.ts';
import { table } from '../table.ts';
import { type CommonOptions, parseDate, printJson } from './args.ts';

type DataOptions = CommonOptions & {
  calendar?: CalendarId;
  date?: string;
  delete?: boolean;
  against?: string;
  by?: string;
  because?: string;
};
const rowText = (row: QuarantinedRow): string =>
  `${row.file} line ${row.line}: ${row.reason} ${row.symbol} ${row.date} ${row.field} = ${row.value}`;

const explanationText = ({ id, row, lines, rule, whatToDo, neighbours, released }: Explanation): string =>
  [
    `${id}  ${rowText(row)}`,
    ...lines.slice(1).map(({ file, line }) => `also       ${file} line ${line}`),
    `rule       ${row.reason}: ${rule}`,
    `what to do ${whatToDo}`,
    ...(released ? [`released   by ${released.by} on ${released.at}: ${released.because}`] : []),
    table(
      ['date', 'open', 'high', 'low', 'close', 'volume'],
      neighbours.map((bar) => [bar.date, bar.open, bar.high, bar.low, bar.close, bar.volume].map(String)),
    ),
  ].join('\n');

type Verb = (words: readonly string[], options: DataOptions) => Promise<void>;

const IMPORTED_UNIVERSE = 'user';

export async function data(verb: string, words: readonly string[], options: DataOptions): Promise<number> {
  await VERBS[verb](words, options);
  return 0;
}

const show = (options: DataOptions, value: unknown, text: () => string): void => {
  if (options.json) printJson(value);
  else console.log(text());
};

const stored = (options: DataOptions) => {
  const home = existingHome(options.home);
  return { store: new FilesystemObjectStore(home.store), strategy: readSettings(options, home).config.strategy };
};

const reasons = (counts: Record<string, number>): string =>
  Object.entries(counts)
    .map(([reason, count]) => `${count} ${reason}`)
    .join(', ') || 'none';

const SHOWN_REVISIONS = 20;

/** What the source says of past days otherwise than the newest dataset does. */
function revisionLines(revisions: readonly Revision[]): string {
  if (revisions.length === 0) return '';
  const shown = revisions.slice(0, SHOWN_REVISIONS).map(({ symbol, date, field, before, after }) => {
    const value = (x: number): string => (Number.isNaN(x) ? 'none' : String(x));
    return `revised  ${symbol} ${date} ${field}: ${value(before)} -> ${value(after)}`;
  });
  const more = revisions.length > shown.length ? [`and ${revisions.length - shown.length} more`] : [];
  return `\n${[`The source revises ${revisions.length} values of past days; the next ingest notes each:`, ...shown, ...more].join('\n')}`;
}

const VERBS: Record<string, Verb> = {
  async import([folder], options) {
    const universe = options.universe ?? IMPORTED_UNIVERSE;
    const home = openHome(options.home);
    const lock = lockHome(home, 'data import');
    try {
      const report = await importFolder({
        folder,
        universe,
        calendar: options.calendar ?? 'data',
        store: new FilesystemObjectStore(home.store),
        strategy: options.strategy ?? universe,
        home: home.path,
      });
      const adopted = adoptUniverse(home, universe);
      show(options, { ...report, default: adopted }, () =>
        [
          `universe ${universe}: ${report.rows.toLocaleString('en-US')} bars of ${report.symbols} symbols, ${report.firstDay} to ${report.newestDay}`,
          `set aside: ${report.quarantined} rows (${reasons(report.reasons)})`,
          ...report.files.map(({ file, rows }) => `read     ${file}: ${rows.toLocaleString('en-US')} rows`),
          ...report.beside.map((file) => `read     ${file}`),
          ...report.skipped.map(({ file, reason }) => `skipped  ${file}: ${reason}`),
          ...report.warnings.map((warning) => `warning  ${warning}`),
          adopted
            ? `This home's universe is now ${universe}: npm start runs it.`
            : `Run it: drl run daily --universe ${universe}`,
        ].join('\n'),
      );
    } finally {
      lock.release();
    }
  },

  async check([folder], options) {
    if (options.against !== undefined) {
      const compared = await compareFolders(folder, options.against, options.calendar ?? 'data');
      show(options, compared, () => comparisonText(compared));
      return;
    }
    const { checked, used, beside, skipped } = await checkFolder({ folder, calendar: options.calendar ?? 'data' });
    const warnings = gapLines(gapsIn(checked.bars, options.calendar ?? 'data'));
    show(
      options,
      { files: used, beside, skipped, rows: checked.rows, quarantined: checked.quarantined, warnings },
      () =>
        [
          ...used.map(
            ({ file, rows, symbols }) => `ok       ${file}: ${rows.toLocaleString('en-US')} rows, ${symbols} symbols`,
          ),
          ...beside.map((file) => `ok       ${file}`),
          ...skipped.map(({ file, reason }) => `skipped  ${file}: ${reason}`),
          ...warnings.map((warning) => `warning  ${warning}`),
          ...checked.quarantined
            .slice(0, 20)
            .map(
              (row) =>
                `bad row  ${row.file} line ${row.line}: ${row.reason} ${row.symbol} ${row.date} ${row.field} = ${row.value}`,
            ),
          `${checked.quarantined.length} of ${checked.rows} rows would be set aside; nothing was written`,
        ].join('\n'),
    );
  },

  async fetch(_, options) {
    const installation = await openInstallation(options, 'data fetch');
    try {
      const { store, marketData } = await installation.ports(['store', 'marketData']);
      const { universe, config } = installation.settings;
      installation.progress.stage('fetch');
      const report = await fetchSource(universe, marketData, store, config.strategy);
      show(
        options,
        report,
        () =>
          `${report.universe}: ${report.rows.toLocaleString('en-US')} rows, ${report.symbols} symbols, ${report.firstDay} to ${report.newestDay}; set aside: ${reasons(report.reasons)}${report.absent.length > 0 ? `\nnothing came of: ${report.absent.join(', ')} (asked for by name)` : ''}${report.gaps.map((gap) => `\nwarning: ${gap}`).join('')}\n${report.files.map((file) => `${file.file}  ${file.bytes} bytes  ${file.sha256}  from ${file.origin}`).join('\n')}${revisionLines(report.revisions)}`,
      );
    } finally {
      await installation.close();
    }
  },

  async quarantine([verb = 'list', row = ''], options) {
    const { store, strategy } = stored(options);
    const date = options.date === undefined ? undefined : parseDate(options.date, '--date');
    if (verb === 'list') {
      const found = await dataQuarantine(store, strategy, date);
      show(options, found, () =>
        [
          `dataset ${found.dataset.hash} of ${found.date}: ${found.rows.length} rows set aside (${reasons(found.reasons)})`,
          ...found.rows.map((each) => `${each.id}  ${rowText(each)}`),
        ].join('\n'),
      );
    } else if (verb === 'explain') {
      const explained = await explainRow(store, strategy, row, date);
      show(options, explained, () => explanationText(explained));
    } else if (verb === 'release') {
      const { by, because } = options;
      const lock = lockHome(openHome(options.home), 'data quarantine release');
      try {
        const released = await releaseRow(store, strategy, row, { by, because, at: new Date().toISOString(), date });
        show(
          options,
          released,
          () =>
            `released ${rowText(released.row)}\nThe ingest of the next day takes the row in and names release ${released.release.hash}.`,
        );
      } finally {
        lock.release();
      }
    } else {
      throw badInput('QUARANTINE_VERB', 'A quarantine is listed, explained or released', {
        facts: { given: verb },
        remedy: 'drl data quarantine [list | explain <row> | release <row> --by <name> --because <reason>]',
      });
    }
  },

  async log(_, options) {
    const { store, strategy } = stored(options);
    const entries = (await dataLog(store, strategy)).reverse();
    show(options, entries, () =>
      entries.length === 0
        ? 'No dataset yet: drl ingest'
        : table(
            ['as of', 'rows', 'symbols', 'set aside', 'revised', 'dataset'],
            entries.map(({ ref, facts }) => [
              facts.asOf,
              facts.rows.toLocaleString('en-US'),
              String(facts.symbols),
              String(facts.quarantined),
              String(facts.revisions ?? 0),
              ref.hash,
            ]),
          ),
    );
  },

  async lineage([dataset], options) {
    const { store, strategy } = stored(options);
    const ref = await findDataset(store, strategy, dataset);
    const events = await lineageOf(store, strategy, ref, new Date().toISOString());
    show(options, events, () => events.map((event) => JSON.stringify(event)).join('\n'));
  },

  async diff([a, b], options) {
    const { store, strategy } = stored(options);
    const difference = await diffDatasets(store, strategy, a, b);
    show(options, difference, () => differenceText(a, b, difference));
  },

  async checkout([dataset, folder], options) {
    const { store, strategy } = stored(options);
    const written = await checkoutDataset(store, strategy, dataset, folder);
    show(options, written, () => written.files.map((file) => `wrote ${file}`).join('\n'));
  },

  async gc(_, options) {
    const home = openHome(options.home);
    const lock = lockHome(home, 'data gc');
    try {
      const result = await collectGarbage(home, options.delete === true);
      show(options, result, () => garbageText(result));
    } finally {
      lock.release();
    }
  },
};

const SHOWN_DIFFERENCES = 20;

function differenceText(a: string, b: string, difference: DatasetDifference) {
  const { onlyInA, onlyInB, changed, values, instruments, files, partitions } = difference;
  const valueLine = (of: string) => (each: DatasetDifference['values']['onlyInA'][number]) =>
    `only in ${of}  ${each.series} ${each.symbol} ${each.eventDate} known ${each.knownDate}: ${each.value}`;
  const [first, second] = [a.slice(0, 12), b.slice(0, 12)];
  return [
    `bars: only in ${first}: ${onlyInA.length} rows, only in ${second}: ${onlyInB.length}, other values: ${changed.length}; years that are the same file in both: ${partitions.same.length}, that are not: ${partitions.changed.join(', ') || 'none'}`,
    `figures and series: only in ${first}: ${values.onlyInA.length}, only in ${second}: ${values.onlyInB.length}`,
    `instruments: only in ${first}: ${instruments.onlyInA.join(', ') || 'none'}, only in ${second}: ${instruments.onlyInB.join(', ') || 'none'}, otherwise described: ${instruments.changed.length}; other files that differ: ${files.join(', ') || 'none'}`,
    ...instruments.changed
      .slice(0, SHOWN_DIFFERENCES)
      .map(({ symbol, fields }) => `changed  ${symbol}: ${fields.join(', ')}`),
    ...changed
      .slice(0, SHOWN_DIFFERENCES)
      .map(({ symbol, date, fields }) => `changed  ${symbol} ${date}: ${fields.join(', ')}`),
    ...[...values.onlyInA.map(valueLine(first)), ...values.onlyInB.map(valueLine(second))].slice(0, SHOWN_DIFFERENCES),
  ].join('\n');
}

function garbageText({ folders, unreachable, unfinished, halfWritten, deleted }: Garbage): string {
  const found = unreachable.length + unfinished.length + halfWritten.length > 0;
  return [
    `${unreachable.length} of ${folders} stored folders rest under nothing`,
    ...unreachable,
    `${unfinished.length} trainings were cut off and not taken up again for a week`,
    ...unfinished,
    `${halfWritten.length} files were left half written a day ago or earlier`,
    ...halfWritten,
    ...(found ? [deleted ? 'all of these were removed' : 'drl data gc --delete removes these'] : []),
  ].join('\n');
}
