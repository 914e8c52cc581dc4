import { JOB_OUTPUT } from '../../domain/training/job.ts';
import { ITERATION, type JobFiles, longer, otherSeed, referenceJob } from './jobs.ts';
import { damage, firstStep, goesOn, lastStep, refuses, same, wentOn } from './run-checks.ts';
import type { Disturbance, TrainerRun } from './trainer.ts';
import { demand, difference, endOf, filesBelow, type JobFolder, PRESENT, type Workshop } from './workshop.ts';

/** Seconds that a trainer has between being told to end and its end: what Spot gives. */
const GRACE_S = 30;

/** The reference job, done once without a disturbance. */
export interface Reference {
  readonly folder: JobFolder;
  readonly run: TrainerRun;
  readonly output: Record<string, Uint8Array>;
}

export interface Cut {
  readonly folder: JobFolder;
  readonly run: TrainerRun;
  /** What the same job ends in where nothing disturbs it. */
  readonly output: Record<string, Uint8Array>;
}

/** Seconds within which a signal and the end of a run cross each other. */
const SAME_MOMENT_S = 0.5;

/** Cut a job off; one that has ended before it could be is made longer, once. `output` is what the job ends in undisturbed. */
export async function cutOff(
  workshop: Workshop,
  job: JobFiles,
  output: Record<string, Uint8Array>,
  disturb: Disturbance,
): Promise<Cut> {
  const attempt = async (files: JobFiles): Promise<Omit<Cut, 'output'> | null> => {
    const folder = await workshop.lay(files);
    const run = await folder.run({ disturb });
    const done = run.lines.at(-1)?.json?.type === 'done';
    return done && (run.endedAfterS ?? 0) < SAME_MOMENT_S ? null : { folder, run };
  };
  const first = await attempt(job);
  if (first) return { ...first, output };
  const second = await attempt(longer(job));
  demand(second, 'finished before it could be cut off; is standard output flushed after every line?');
  const whole = await workshop.lay(longer(job));
  await whole.complete();
  return { ...second, output: await whole.output() };
}

/** Told to end, or killed, at any moment. */
export async function ending(workshop: Workshop, reference: () => Promise<Reference>): Promise<void> {
  const undisturbed = await reference();
  const cut = (disturb: Disturbance): Promise<Cut> => cutOff(workshop, referenceJob(), undisturbed.output, disturb);
  const told: [string, Disturbance['how']][] = [
    ['SIGTERM', 'SIGTERM'],
    ['SIGINT', 'SIGINT'],
    ['its parent is gone', 'orphan'],
  ];
  for (const [name, how] of told)
    await workshop.check(`${name}: ends in time, goes on to the same bytes`, async () => {
      const { folder, run, output } = await cut({ step: ITERATION * 5, how });
      demand(run.code === 75, endOf(run));
      demand((run.endedAfterS ?? 0) <= GRACE_S, `took ${run.endedAfterS?.toFixed(1)} s to end`);
      const last = run.lines.at(-1)?.json;
      demand(last?.type === 'error' && last.code === 'TRAIN_INTERRUPTED', endOf(run));
      demand(!(JOB_OUTPUT.record in (await folder.output())), `${JOB_OUTPUT.record} is there before the end`);
      const gone = await goesOn(folder, lastStep(run));
      same(await folder.output(), output);
      return `ended after ${run.endedAfterS?.toFixed(1)} s, went on from step ${gone}`;
    });
  await workshop.check('killed: loses no more than one checkpoint, goes on to the same bytes', async () => {
    const { folder, run, output } = await cut({ step: ITERATION * 24, how: 'SIGKILL' });
    demand(run.signal === 'SIGKILL' && !run.hung, endOf(run));
    const gone = await goesOn(folder, ITERATION * 16);
    same(await folder.output(), output);
    return `killed at step ${lastStep(run)}, went on from step ${gone}`;
  });
}

/** Checkpoints that a run must not go on from. */
export async function checkpoint(workshop: Workshop, reference: () => Promise<Reference>): Promise<void> {
  const undisturbed = await reference();
  const cut = async (): Promise<Cut> => {
    const found = await cutOff(workshop, referenceJob(), undisturbed.output, { step: ITERATION * 20, how: 'SIGTERM' });
    demand(found.run.code === 75, endOf(found.run));
    return found;
  };
  await workshop.check('damaged: passed over with a warning for the one before', async () => {
    const { folder, output } = await cut();
    const damaged = await damage(`${folder.path}/checkpoints`);
    const run = await folder.complete();
    demand(
      run.lines.some(({ json }) => json?.type === 'warning'),
      'no warning was given',
    );
    const gone = wentOn(run, firstStep(undisturbed.run));
    same(await folder.output(), output);
    return `${damaged} damaged, went on from step ${gone} to the same bytes`;
  });
  await workshop.check('of another job: refused', async () => {
    const { folder } = await cut();
    const before = await filesBelow(`${folder.path}/checkpoints`);
    const wrote = Object.keys(await folder.output()).length;
    await folder.lay(otherSeed());
    const run = await folder.run();
    refuses(run, 'CHECKPOINT_FOREIGN', { field: PRESENT });
    demand(
      difference(await filesBelow(`${folder.path}/checkpoints`), before).length === 0,
      'the checkpoint was changed',
    );
    demand(Object.keys(await folder.output()).length === wrote, 'wrote to output/');
    return 'exit code 2, the checkpoint as it was';
  });
}
