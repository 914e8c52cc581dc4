import { MACHINES, type Machine } from '../../config/schema.ts';
import { badInput } from '../../domain/errors.ts';
import { type DailyDocument, observedHandlers, runDaily, runInput } from '../daily.ts';
import { StageLog } from '../document.ts';
import { type Installation, openInstallation } from '../installation.ts';
import { runMachine } from '../machine.ts';
import { printDocument } from '../print.ts';
import { readState, writeState } from '../run-state.ts';
import { table } from '../table.ts';
import { type CommonOptions, daysBetween, parseDate, printJson } from './args.ts';

type RunOptions = CommonOptions & { date?: string; from?: string; to?: string };

/** Run a state machine for a day, or `daily` for every day of a range in order. */
export async function run(name: string, options: RunOptions): Promise<number> {
  const machine = MACHINES.find((known) => known === name);
  if (!machine)
    throw badInput('USAGE_MACHINE', 'There is no such state machine', {
      facts: { machine: name, known: [...MACHINES] },
      remedy: 'Name one of the known machines.',
    });
  if ((options.from === undefined) !== (options.to === undefined))
    throw badInput('USAGE_RANGE', 'A range needs --from and --to', { remedy: 'Give both, or --date for one day.' });
  if (options.from !== undefined && (machine !== 'daily' || options.date !== undefined))
    throw badInput('USAGE_RANGE', 'Only "run daily" takes a range, and not together with --date', {
      remedy: 'drl run daily --from A --to B',
    });
  const range =
    options.from === undefined
      ? null
      : daysBetween(parseDate(options.from, '--from'), parseDate(options.to ?? '', '--to'));
  const single = options.date === undefined ? null : parseDate(options.date, '--date');
  const installation = await openInstallation(options, `run ${machine}`);
  try {
    if (range) return await runRange(installation, range, options.json === true);
    const date = single ?? (await installation.newestDate());
    if (machine === 'daily') await runOneDay(installation, date, options.json === true);
    else await runOther(installation, machine, date, options.json === true);
    return 0;
  } finally {
    await installation.close();
  }
}

async function runOneDay(installation: Installation, date: string, json: boolean): Promise<void> {
  const document = await runDaily(installation, date);
  const { title, sourceLine } = installation.settings.universe;
  if (json) printJson(document);
  else {
    console.log(printDocument(document, title, sourceLine));
    if (document.stages.length > 0 && document.stages.every((stage) => stage.status === 'unchanged'))
      console.log('\nThis day was done before: nothing was changed.');
  }
}

/** Paper trading on history: each day stands on the book that the day before left. */
async function runRange(installation: Installation, days: readonly string[], json: boolean): Promise<number> {
  const documents: DailyDocument[] = [];
  for (const [index, day] of days.entries()) {
    installation.progress.note(`day ${index + 1} of ${days.length}: ${day}`);
    documents.push(await runDaily(installation, day));
  }
  const sessions = documents.filter((document) => document.decision);
  if (json) printJson({ from: days[0], to: days.at(-1), days: documents });
  else {
    console.log(
      `\n${installation.settings.universe.id}  ${days[0]} to ${days.at(-1)}: ${sessions.length} sessions, ${days.length - sessions.length} days without a session`,
    );
    console.log(
      table(
        ['date', 'champion', 'cash', 'trades', 'settlement', 'status'],
        sessions.map((document) => [
          document.date,
          document.champion?.name ?? '-',
          `${((document.decision?.weightsBps.CASH ?? 0) / 100).toFixed(2)} %`,
          String(document.decision?.trades.length ?? 0),
          document.settlement?.transaction?.slice(0, 18) ?? '-',
          document.settlement?.status ?? '-',
        ]),
      ),
    );
  }
  return 0;
}

/** Run `training` or `promotion` by itself, on what the daily stages of that day left. */
async function runOther(installation: Installation, machine: Machine, date: string, json: boolean): Promise<void> {
  const log = new StageLog();
  const state = readState(installation, date);
  if (!('features' in state)) {
    throw badInput(
      'DAY_NOT_RUN',
      `Machine ${machine} stands on the features of its day, which has not run in this home`,
      { facts: { date }, remedy: `Run it first: drl run daily --date ${date}` },
    );
  }
  const output = await runMachine(
    machine,
    { ...runInput(installation, date), ingest: state.ingest, features: state.features },
    observedHandlers(installation, log),
  );
  writeState(installation, date, {
    ...state,
    ...output,
    ...(machine === 'training' ? { training: output } : { promotion: output }),
  });
  if (json) printJson({ date, machine, stages: log.runs(), output });
  else
    console.log(
      table(
        ['stage', 'status', 'seconds'],
        log.runs().map((stage) => [stage.stage, stage.status, stage.seconds.toFixed(1)]),
      ),
    );
}
