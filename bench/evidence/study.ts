import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJson, sha256 } from '../../domain/lineage/canonical.ts';

/** One training run of a study, by what it differs in from the others. */
export type Run = Readonly<Record<string, string | number>>;

export interface Measured<R extends Run, Result> {
  readonly run: R;
  readonly result: Result;
}

/** A figure of evidence: runs that do not depend on each other, and how they become one figure. Results and figures are JSON. */
export interface Study<R extends Run = Run, Result = unknown, Figures = unknown> {
  readonly name: string;
  /** All that a run depends on but itself and the code. Kept results of other settings are not looked at. */
  readonly settings: unknown;
  /** @default of `--seeds` */
  readonly seeds: number;
  runs(seeds: number): R[];
  measure(run: R): Promise<Result>;
  /** Raw figures of all runs, given in the order of `runs`. */
  figures(measured: readonly Measured<R, Result>[]): Figures;
  /** The same figures give the same SVG. */
  draw(figures: Figures): string;
}

/** `docs/evidence/<name>.json`. */
export interface Evidence {
  readonly study: string;
  readonly command: string;
  readonly seeds: number;
  readonly settings: unknown;
  readonly figures: unknown;
}

/** Measures the runs in any order and tells each result as soon as it is there. */
export type Measure = (runs: readonly Run[], onResult: (run: Run, result: unknown) => Promise<void>) => Promise<void>;

export interface RunOptions {
  readonly seeds: number;
  /** Folder that keeps the result of every run: a study that was cut off goes on from it. */
  readonly cache: string;
  readonly measure: Measure;
  onProgress?(done: number, total: number, run: Run): void;
}

/** All runs that are not kept yet, then the figures of all of them. */
export async function runStudy(study: Study, options: RunOptions): Promise<Evidence> {
  const runs = study.runs(options.seeds);
  const folder = join(options.cache, study.name, sha256(canonicalJson(study.settings)).slice(0, 16));
  await mkdir(folder, { recursive: true });
  const fileOf = (run: Run): string => join(folder, `${nameOf(run)}.json`);
  const kept = await Promise.all(runs.map((run) => readKept(fileOf(run))));
  const missing = runs.filter((_, i) => kept[i] === null);
  let done = runs.length - missing.length;
  await options.measure(missing, async (run, result) => {
    await writeFile(`${fileOf(run)}.part`, JSON.stringify(result));
    await rename(`${fileOf(run)}.part`, fileOf(run));
    options.onProgress?.(++done, runs.length, run);
  });
  const texts = await Promise.all(runs.map((run) => readFile(fileOf(run), 'utf8')));
  const measured = runs.map((run, i) => ({ run, result: JSON.parse(texts[i]) as unknown }));
  return {
    study: study.name,
    command: `npm run evidence -- ${study.name}${options.seeds === study.seeds ? '' : ` --seeds ${options.seeds}`}`,
    seeds: options.seeds,
    settings: study.settings,
    figures: sixDigits(study.figures(measured)),
  };
}

/** One after the other, in this process. */
export const measureHere =
  (study: Study): Measure =>
  async (runs, onResult) => {
    for (const run of runs) await onResult(run, await study.measure(run));
  };

/** As it will be read back: more digits than this say nothing. Whole numbers are left as they are. */
const sixDigits = (figures: unknown): unknown =>
  JSON.parse(
    JSON.stringify(figures, (_, value) =>
      typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value,
    ),
  );

/** JSON with every list of numbers on one line. */
export const written = (evidence: Evidence): string =>
  `${JSON.stringify(evidence, null, 1).replaceAll(/\[[\d\s,.e+-]*\]/g, (list) => list.replaceAll(/\s+/g, ' '))}\n`;

export const nameOf = (run: Run): string =>
  Object.values(run)
    .map((part) => String(part).replaceAll(/[^a-z0-9.]+/gi, '_'))
    .join('-');

async function readKept(file: string): Promise<string | null> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
}
