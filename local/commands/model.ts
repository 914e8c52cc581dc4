import { FilesystemObjectStore } from '../../adapters/object-store/filesystem.ts';
import { getArtifactJson, getManifest, getPointer, type ObjectStore } from '../../adapters/object-store/port.ts';
import { badInput } from '../../domain/errors.ts';
import type { GateReport } from '../../domain/lineage/gate-report.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import { MODEL_FILES, type Model } from '../../domain/lineage/model.ts';
import { existingHome } from '../home.ts';
import { openInstallation } from '../installation.ts';
import { readSettings } from '../settings.ts';
import { table } from '../table.ts';
import { type CommonOptions, printJson } from './args.ts';

type ModelOptions = CommonOptions & { reason?: string };

/** The registry. Looking needs no lock; promote and rollback change aliases and own the home while they run. */
export async function model(verb: string, words: readonly string[], options: ModelOptions): Promise<number> {
  if (verb === 'promote' || verb === 'rollback') return change(verb, words[0], options);
  const home = existingHome(options.home);
  const store = new FilesystemObjectStore(home.store);
  const { strategy } = readSettings(options, home).config;
  if (verb === 'list') return list(store, strategy, options.json === true);
  const models = await Promise.all(words.map((word) => find(store, strategy, word)));
  if (verb === 'show') return show(models[0], options.json === true);
  return compare(models, options.json === true);
}

interface StoredModel {
  hash: string;
  model: Model;
  report: GateReport;
  inputs: Record<string, ArtifactRef>;
}

async function read(store: ObjectStore, strategy: string, hash: string): Promise<StoredModel> {
  const ref: ArtifactRef = { kind: 'models', hash };
  return {
    hash,
    model: await getArtifactJson<Model>(store, strategy, ref, MODEL_FILES.model),
    report: await getArtifactJson<GateReport>(store, strategy, ref, MODEL_FILES.gateReport),
    inputs: (await getManifest(store, strategy, ref)).inputs,
  };
}

async function hashes(store: ObjectStore, strategy: string): Promise<string[]> {
  const keys = await store.list(`${strategy}/models/`);
  return keys.filter((key) => key.endsWith('/manifest.json')).map((key) => key.split('/').at(-2) ?? '');
}

async function find(store: ObjectStore, strategy: string, prefix: string): Promise<StoredModel> {
  const matches = (await hashes(store, strategy)).filter((hash) => hash.startsWith(prefix));
  if (matches.length === 1) return read(store, strategy, matches[0]);
  throw badInput('MODEL_UNKNOWN', matches.length === 0 ? 'There is no such model' : 'More than one model begins so', {
    facts: { model: prefix, strategy, matches },
    remedy: 'drl model list shows the hashes.',
  });
}

async function list(store: ObjectStore, strategy: string, json: boolean): Promise<number> {
  const champion = (await getPointer<{ model: ArtifactRef }>(store, strategy, 'champion'))?.value.model.hash;
  const models = await Promise.all((await hashes(store, strategy)).map((hash) => read(store, strategy, hash)));
  models.sort((a, b) => (a.report.date < b.report.date ? 1 : -1));
  const rows = models.map(({ hash, model: facts, report }) => ({
    hash,
    name: facts.name,
    kind: facts.kind,
    date: report.date,
    verdict: report.verdict,
    champion: hash === champion,
    gatesFailed: report.gates.filter((gate) => !gate.pass).length,
  }));
  if (json) printJson(rows);
  else
    console.log(
      rows.length === 0
        ? 'No model yet: npm start'
        : table(
            ['name', 'date', 'verdict', 'gates failed', 'alias', 'model'],
            rows.map((row) => [
              row.name,
              row.date,
              row.verdict,
              String(row.gatesFailed),
              row.champion ? 'champion' : '',
              row.hash,
            ]),
            6,
          ),
    );
  return 0;
}

function show(stored: StoredModel, json: boolean): number {
  if (json) printJson(stored);
  else {
    const { model: facts, report } = stored;
    console.log(
      `model ${stored.hash}\n${facts.name}: ${facts.universe}, trained ${facts.trial.trainFrom} to ${facts.trial.trainTo}, code ${facts.codeVersion}\nverdict ${report.verdict}${report.reasons.length > 0 ? `: ${report.reasons.join('; ')}` : ''}\n`,
    );
    console.log(
      table(
        ['gate', 'value', 'threshold', 'result'],
        report.gates.map((gate) => [
          `${gate.group}: ${gate.gate}`,
          gate.value?.toFixed(3) ?? '-',
          gate.threshold?.toFixed(3) ?? '-',
          gate.pass ? 'pass' : 'FAIL',
        ]),
      ),
    );
    for (const [role, ref] of Object.entries(stored.inputs)) console.log(`${role.padEnd(12)} ${ref.kind}/${ref.hash}`);
  }
  return 0;
}

function compare(models: StoredModel[], json: boolean): number {
  const gates = [...new Set(models.flatMap(({ report }) => report.gates.map((gate) => gate.gate)))];
  if (json)
    printJson(
      models.map(({ hash, model: facts, report }) => ({
        hash,
        name: facts.name,
        verdict: report.verdict,
        gates: report.gates,
        outOfSample: report.outOfSample[facts.name] ?? null,
      })),
    );
  else
    console.log(
      table(
        ['gate', ...models.map(({ hash }) => hash.slice(0, 12))],
        gates.map((name) => [
          name,
          ...models.map(({ report }) => {
            const gate = report.gates.find((each) => each.gate === name);
            return gate ? `${gate.value?.toFixed(3) ?? '-'} ${gate.pass ? 'pass' : 'FAIL'}` : '-';
          }),
        ]),
      ),
    );
  return 0;
}

async function change(
  verb: 'promote' | 'rollback',
  prefix: string | undefined,
  options: ModelOptions,
): Promise<number> {
  const installation = await openInstallation(options, `model ${verb}`);
  try {
    const ports = await installation.ports(['store', 'ledger', 'chain', 'settings']);
    const { strategy } = installation.settings.config;
    const { promoteManually, rollbackChampion } = await import('../../functions/promote/manual.ts');
    const date = await installation.newestDate();
    const reason = options.reason ?? '';
    const result =
      verb === 'rollback'
        ? await rollbackChampion(ports, { strategy, date, reason })
        : await promoteManually(ports, {
            strategy,
            date,
            reason,
            modelHash: (await find(ports.store, strategy, prefix ?? '')).hash,
          });
    if (options.json) printJson(result);
    else console.log(`${result.outcome}: ${result.reason}`);
    return 0;
  } finally {
    await installation.close();
  }
}
