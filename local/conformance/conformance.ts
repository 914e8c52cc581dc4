import { sha256 } from '../../domain/lineage/canonical.ts';
import { JOB_OUTPUT } from '../../domain/training/job.ts';
import { ALGORITHMS, type Algorithm } from '../../domain/training/settings.ts';
import { usableCores } from '../../training-container/src/cpu.ts';
import { checkpoint, cutOff, ending, type Reference } from './interruptions.ts';
import {
  badJobs,
  baselineJob,
  courseJob,
  ITERATION,
  type JobFiles,
  lapsingJob,
  otherSeed,
  populationJob,
  referenceJob,
  SNAPSHOT_EVERY,
  shortJob,
  TOTAL,
  warmJob,
} from './jobs.ts';
import { checkAnchor, checkLearned, checkServed } from './policy-checks.ts';
import {
  checkCourse,
  checkFiles,
  checkLines,
  checkPopulation,
  checkProgress,
  checkRecord,
  goesOn,
  lastStep,
  parametersOf,
  recordOf,
  refuses,
  same,
  samePolicy,
} from './run-checks.ts';
import type { Trainer } from './trainer.ts';
import { type CheckResult, demand, difference, endOf, fileOf, filesBelow, PRESENT, Workshop } from './workshop.ts';

export const GROUPS = [
  ...(['baseline', 'learn', 'learners', 'course', 'population'] as const),
  ...(['bytes', 'ending', 'checkpoint', 'bad input'] as const),
];
export type Group = (typeof GROUPS)[number];

export interface ConformanceOptions {
  readonly groups?: readonly Group[];
  readonly algorithms?: readonly Algorithm[];
  onResult?(result: CheckResult): void;
}

/**
 * Holds a trainer to the folder contract (training-container/README.md): jobs that it must do, that it must refuse, and that are cut off. Every
 * check is made, also after one that fails.
 */
export async function checkConformance(trainer: Trainer, options: ConformanceOptions = {}): Promise<CheckResult[]> {
  const { groups = GROUPS, algorithms = ALGORITHMS, onResult = () => {} } = options;
  const workshop = await Workshop.open(trainer, onResult);
  const reference = undisturbed(workshop);
  const acts: Record<Group, () => Promise<void>> = {
    baseline: () => baseline(workshop),
    learn: () => learn(workshop, reference),
    learners: () => learners(workshop, algorithms),
    course: () => course(workshop),
    population: () => population(workshop),
    bytes: () => bytes(workshop, reference),
    ending: () => ending(workshop, reference),
    checkpoint: () => checkpoint(workshop, reference),
    'bad input': () => badInput(workshop),
  };
  try {
    for (const group of groups) await workshop.group(group, acts[group]);
    return workshop.results;
  } finally {
    await workshop.close();
  }
}

/** The reference job, done once without a disturbance. */
function undisturbed(workshop: Workshop): () => Promise<Reference> {
  let reference: Promise<Reference> | null = null;
  const begin = async (): Promise<Reference> => {
    const folder = await workshop.lay(referenceJob());
    const run = await folder.complete();
    return { folder, run, output: await folder.output() };
  };
  return () => {
    reference ??= begin();
    return reference;
  };
}

async function baseline(workshop: Workshop): Promise<void> {
  const folder = await workshop.lay(baselineJob());
  const run = await folder.complete();
  const output = await folder.output();
  await workshop.check('standard output', () => checkLines(run));
  await workshop.check('files', () => checkFiles(output, [JOB_OUTPUT.policy, JOB_OUTPUT.record]));
  await workshop.check('policy', () => checkAnchor(fileOf(output, JOB_OUTPUT.policy)));
  await workshop.check('record', async () =>
    checkRecord(folder, output, { kind: 'baseline', environmentSteps: 0, curve: [] }),
  );
}

async function learn(workshop: Workshop, reference: () => Promise<Reference>): Promise<void> {
  const { folder, run, output } = await reference();
  const snapshots = Array.from(
    { length: TOTAL / ITERATION / SNAPSHOT_EVERY },
    (_, i) => (i + 1) * SNAPSHOT_EVERY * ITERATION,
  );
  await workshop.check('standard output', () => checkLines(run));
  await workshop.check('progress', () => checkProgress(run));
  await workshop.check('files', () =>
    checkFiles(output, [
      JOB_OUTPUT.policy,
      JOB_OUTPUT.parameters,
      JOB_OUTPUT.record,
      ...snapshots.map(JOB_OUTPUT.snapshot),
    ]),
  );
  await workshop.check('writes to its folder alone', async () => {
    const away = Object.keys(await filesBelow(folder.away));
    demand(away.length === 0, `wrote to its working, home or temporary folder: ${away.slice(0, 3).join(', ')}`);
    const changed = difference(await filesBelow(`${folder.path}/input`), referenceJob());
    demand(changed.length === 0, `changed its input: ${changed.join(', ')}`);
    return 'nothing elsewhere, the input as it was';
  });
  await workshop.check('policy', () => checkServed(fileOf(output, JOB_OUTPUT.policy)));
  await workshop.check('learns', () => checkLearned(fileOf(output, JOB_OUTPUT.policy)));
  await workshop.check('snapshots', async () => {
    const taken = snapshots.map((step) => fileOf(output, JOB_OUTPUT.snapshot(step)));
    for (const policy of taken) await checkServed(policy);
    const different = new Set(taken.map((policy) => sha256(policy))).size;
    demand(different === taken.length, `${different} different ones among ${taken.length}`);
    const last = sha256(fileOf(output, JOB_OUTPUT.policy)) === sha256(taken[taken.length - 1]);
    demand(last, 'the snapshot after the last step is not the policy');
    return `${snapshots.length} served, all different, the last one the policy`;
  });
  await workshop.check('record', () =>
    checkRecord(folder, output, {
      kind: 'learn',
      environmentSteps: TOTAL,
      cpu: PRESENT,
      course: PRESENT,
      snapshots: snapshots.map((step) => {
        const file = JOB_OUTPUT.snapshot(step);
        return { step, file, sha256: sha256(fileOf(output, file)) };
      }),
    }),
  );
  await workshop.check('parameters', () => {
    const count = parametersOf(output).length;
    const { parameters } = recordOf(output);
    demand(parameters === count, `the record says ${parameters}, ${JOB_OUTPUT.parameters} holds ${count}`);
    return `${count} numbers`;
  });
  await workshop.check('warm start', async () => {
    const warm = await workshop.lay(warmJob(parametersOf(output)));
    await warm.complete();
    return checkLearned(fileOf(await warm.output(), JOB_OUTPUT.policy));
  });
  await workshop.check('a column that lapses', async () => {
    const lapsing = await workshop.lay(lapsingJob());
    await lapsing.complete();
    return checkLearned(fileOf(await lapsing.output(), JOB_OUTPUT.policy));
  });
}

async function learners(workshop: Workshop, algorithms: readonly Algorithm[]): Promise<void> {
  for (const algorithm of algorithms)
    await workshop.section(`${algorithm}: can be run`, () => learner(workshop, algorithm));
}

async function learner(workshop: Workshop, algorithm: Algorithm): Promise<void> {
  const folder = await workshop.lay(shortJob(algorithm));
  await folder.complete();
  const output = await folder.output();
  await workshop.check(`${algorithm}: policy`, () => {
    checkFiles(output, [JOB_OUTPUT.policy, JOB_OUTPUT.parameters, JOB_OUTPUT.record]);
    return checkServed(fileOf(output, JOB_OUTPUT.policy));
  });
  await workshop.check(`${algorithm}: the same policy with 2 workers`, async () => {
    if (usableCores() < 2) return 'not checked: one core';
    const again = await workshop.lay(shortJob(algorithm, 2));
    await again.complete();
    return samePolicy(await again.output(), output);
  });
  await workshop.check(`${algorithm}: cut off, goes on to the same bytes`, async () => {
    const cut = await cutOff(workshop, shortJob(algorithm), output, { step: 1, how: 'SIGTERM' });
    demand(cut.run.code === 75, endOf(cut.run));
    const gone = await goesOn(cut.folder, lastStep(cut.run));
    same(await cut.folder.output(), cut.output);
    return `ended at step ${lastStep(cut.run)}, went on from step ${gone}`;
  });
}

/** What every larger job has: a delisting, more assets than are seen at once, stages, and simulated markets before. */
async function course(workshop: Workshop): Promise<void> {
  const job = courseJob();
  const folder = await workshop.lay(job);
  await folder.complete();
  const output = await folder.output();
  await workshop.check('policy', () => {
    const { columns } = JSON.parse(new TextDecoder().decode(job['job.json']));
    return checkServed(fileOf(output, JOB_OUTPUT.policy), columns.length);
  });
  await workshop.check('record', () => checkCourse(output));
}

async function population(workshop: Workshop): Promise<void> {
  const folder = await workshop.lay(populationJob());
  await folder.complete();
  const output = await folder.output();
  await workshop.check('policy', () => {
    checkFiles(output, [JOB_OUTPUT.policy, JOB_OUTPUT.parameters, JOB_OUTPUT.record]);
    return checkServed(fileOf(output, JOB_OUTPUT.policy));
  });
  await workshop.check('record', () => checkPopulation(output));
}

async function bytes(workshop: Workshop, reference: () => Promise<Reference>): Promise<void> {
  const { output } = await reference();
  const train = async (job: JobFiles): Promise<Record<string, Uint8Array>> => {
    const folder = await workshop.lay(job);
    await folder.complete();
    return folder.output();
  };
  await workshop.check('same job', async () => same(await train(referenceJob()), output));
  await workshop.check('another seed', async () => {
    const other = await train(otherSeed());
    demand(difference(other, output).includes(JOB_OUTPUT.policy), 'another seed ends in the same policy');
    return 'ends in another policy';
  });
}

async function badInput(workshop: Workshop): Promise<void> {
  for (const { name, files, code, facts } of badJobs())
    await workshop.check(name, async () => {
      const folder = await workshop.lay(files());
      const before = await filesBelow(folder.path);
      refuses(await folder.run(), code, facts);
      const wrote = difference(await filesBelow(folder.path), before);
      demand(wrote.length === 0, `wrote ${wrote.join(', ')}`);
      return `${code}, nothing written`;
    });
  await workshop.check('no folder is named', async () => {
    const folder = await workshop.lay({});
    refuses(await folder.run({ withoutFolder: true }), 'USAGE', {});
    return 'USAGE';
  });
}
