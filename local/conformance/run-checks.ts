import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../../domain/lineage/canonical.ts';
import { JOB_OUTPUT } from '../../domain/training/job.ts';
import { decodeNpy } from '../../domain/training/npy.ts';
import { COURSE, MEMBER_STEPS, POPULATION, TOTAL } from './jobs.ts';
import type { TrainerRun } from './trainer.ts';
import { demand, difference, endOf, fileOf, filesBelow, holds, type JobFolder } from './workshop.ts';

type Files = Record<string, Uint8Array>;

/** One JSON object with a type a line, the last one `done`. */
export function checkLines({ lines }: TrainerRun): string {
  const broken = lines.find(({ json }) => json === null);
  demand(!broken, `a line is no JSON object with a type: ${broken?.text.slice(0, 80)}`);
  const last = lines.at(-1)?.json;
  demand(
    last?.type === 'done' && typeof last.seconds === 'number',
    `the last line is ${lines.at(-1)?.text ?? 'missing'}`,
  );
  return `${lines.length} lines, done last`;
}

/** Steps that grow to the total, a rate, the time left, and a point of the curve. */
export function checkProgress({ lines }: TrainerRun): string {
  const progress = lines.flatMap(({ json }) => (json?.type === 'progress' ? [json] : []));
  demand(progress.length >= 2, `${progress.length} lines of progress`);
  let before = 0;
  for (const { step, total, stepsPerSecond, secondsLeft, message, point } of progress) {
    demand(typeof step === 'number' && step > before && step <= TOTAL, `step ${step} after ${before}`);
    demand(total === TOTAL, `total ${total}, the job asks for ${TOTAL} steps`);
    demand(typeof stepsPerSecond === 'number' && stepsPerSecond >= 0, `stepsPerSecond ${stepsPerSecond}`);
    demand(secondsLeft === null || typeof secondsLeft === 'number', `secondsLeft ${secondsLeft}`);
    demand(typeof message === 'string', `message ${message}`);
    const at = (point as Record<string, unknown> | undefined)?.global_step;
    demand(at === step, `the point of the curve is of step ${at}, the line of step ${step}`);
    before = step;
  }
  demand(before === TOTAL, `the last step is ${before} of ${TOTAL}`);
  return `${progress.length} lines to step ${before}`;
}

export function checkFiles(output: Files, wanted: readonly string[]): string {
  const missing = wanted.filter((file) => !(file in output));
  demand(missing.length === 0, `missing: ${missing.join(', ')}`);
  const others = Object.keys(output).filter((file) => !wanted.includes(file));
  demand(others.length === 0, `not in the contract: ${others.join(', ')}`);
  return `${wanted.length} files`;
}

export async function checkRecord(folder: JobFolder, output: Files, wanted: Record<string, unknown>): Promise<string> {
  const record = recordOf(output);
  const { 'job.json': job } = await filesBelow(join(folder.path, 'input'));
  const { seed, training } = JSON.parse(new TextDecoder().decode(job));
  for (const [name, value] of Object.entries({ schema: 1, jobHash: sha256(job), seed, training, ...wanted }))
    demand(
      value === undefined || holds(record, { [name]: value }),
      `${name} is ${JSON.stringify(record[name])?.slice(0, 80)}`,
    );
  const { curve } = record;
  demand(Array.isArray(curve), 'there is no curve');
  const steps = curve.map((point) => point.global_step);
  demand(
    steps.every((step, i) => typeof step === 'number' && step > (steps[i - 1] ?? 0)),
    'the curve has no growing global_step',
  );
  demand((steps.at(-1) ?? 0) === record.environmentSteps, `the curve ends at step ${steps.at(-1)}`);
  return `${curve.length} points of the curve`;
}

export const recordOf = (output: Files): Record<string, unknown> =>
  JSON.parse(new TextDecoder().decode(fileOf(output, JOB_OUTPUT.record)));

/** Phases with a name and a length: simulated markets, the stage and history, all the steps that were asked for. */
export function checkCourse(output: Files): string {
  const { course, environmentSteps } = recordOf(output);
  const asked = COURSE.pretraining.steps + COURSE.totalSteps;
  demand(
    Array.isArray(course) && course.every(({ name, steps }) => typeof name === 'string' && typeof steps === 'number'),
    `the course is ${JSON.stringify(course)?.slice(0, 80)}`,
  );
  const least = COURSE.pretraining.paths + COURSE.curriculum.stages.length + 1;
  demand(course.length >= least, `${course.length} phases where the job asks for ${least}`);
  const steps = course.reduce((sum, phase) => sum + phase.steps, 0);
  demand(steps >= asked && Number(environmentSteps) >= asked, `${environmentSteps} steps, the job asks for ${asked}`);
  return `${course.length} phases, ${environmentSteps} steps`;
}

/** Every member after every generation, and one of them the winner. */
export function checkPopulation(output: Files): string {
  const { population, environmentSteps } = recordOf(output) as Record<string, never>;
  demand(population, 'there is no population in the record');
  const { winner, lineage } = population as { winner: number; lineage: { generation: number; member: number }[] };
  const { members, generations } = POPULATION;
  demand(Number.isInteger(winner) && winner >= 0 && winner < members, `the winner is ${winner}`);
  demand(Array.isArray(lineage), 'there is no lineage');
  const seen = new Set(lineage.map(({ generation, member }) => `${generation} ${member}`));
  demand(
    seen.size === members * generations && seen.size === lineage.length,
    `the lineage has ${lineage.length} entries, ${seen.size} different ones`,
  );
  demand(environmentSteps === members * MEMBER_STEPS, `${environmentSteps} environment steps`);
  return `member ${winner} of ${members} won, ${lineage.length} entries`;
}

export function parametersOf(output: Files): Float64Array {
  const { data, shape } = decodeNpy(fileOf(output, JOB_OUTPUT.parameters), JOB_OUTPUT.parameters);
  demand(data instanceof Float64Array && shape.length === 1, `not float64 [P]: [${shape.join(', ')}]`);
  demand(data.every(Number.isFinite), 'not all finite');
  return data;
}

export function same(found: Files, wanted: Files): string {
  const different = difference(found, wanted);
  demand(different.length === 0, `other bytes: ${different.join(', ')}`);
  return `${Object.keys(wanted).length} files with the same bytes`;
}

/** Policy and parameters; the record of another job names that job. */
export function samePolicy(found: Files, wanted: Files): string {
  const learned = ({ [JOB_OUTPUT.policy]: policy, [JOB_OUTPUT.parameters]: parameters }: Files): Files => ({
    policy,
    parameters,
  });
  return same(learned(found), learned(wanted));
}

/** Exit code 2, and a last line that says why and what to do. */
export function refuses(run: TrainerRun, code: string, facts: Readonly<Record<string, unknown>>): void {
  demand(run.code === 2, endOf(run));
  const last = run.lines.at(-1)?.json;
  demand(last?.type === 'error' && last.code === code, `${endOf(run)}; the contract asks for ${code}`);
  demand(typeof last.message === 'string' && last.message !== '', 'the error has no message');
  demand(last.remedy === null || typeof last.remedy === 'string', 'the remedy is neither text nor null');
  demand(holds(last.facts, facts), `facts ${JSON.stringify(last.facts)}, wanted ${JSON.stringify(facts)}`);
}

export function lastStep({ lines }: TrainerRun): number {
  return lines.reduce((step, { json }) => (json?.type === 'progress' ? Number(json.step) : step), 0);
}

/** Environment steps at the first line of progress; NaN where there is none. */
export const firstStep = ({ lines }: TrainerRun): number =>
  Number(lines.find(({ json }) => json?.type === 'progress')?.json?.step);

/** Start it again: it ends, and its first step is beyond `from`. Returns that first step. */
export async function goesOn(folder: JobFolder, from: number): Promise<number> {
  return wentOn(await folder.complete(), from);
}

export function wentOn(run: TrainerRun, from: number): number {
  const first = firstStep(run);
  demand(first > from, `began at step ${first}, what was learned up to step ${from} is lost`);
  return first;
}

/** Flip one bit in the middle of the newest file; the others are what a trainer falls back on. Returns the name of the file. */
export async function damage(folder: string): Promise<string> {
  const files = Object.entries(await filesBelow(folder));
  const aged = files.map(async ([name, bytes]) => ({ name, bytes, at: (await stat(join(folder, name))).mtimeMs }));
  const newest = (await Promise.all(aged)).sort((a, b) => b.at - a.at).at(0);
  demand(newest, 'there is no checkpoint');
  const { name, bytes } = newest;
  bytes[Math.floor(bytes.length / 2)] ^= 1;
  await writeFile(join(folder, name), bytes);
  return name;
}
