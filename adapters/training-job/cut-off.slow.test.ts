import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { buildTrainingJob } from '../../functions/train/job.ts';
import { smallMarket } from '../../functions/train/small-market.ts';
import { FilesystemObjectStore } from '../object-store/filesystem.ts';
import { storeKeeper } from './job-objects.ts';
import type { TrainingProgress } from './port.ts';
import { createSubprocessTrainingJob } from './subprocess.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drl-cut-off-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const files = buildTrainingJob(smallMarket({ totalSteps: 512 * 60, snapshotEvery: 20 }));
const MODULES = ['./subprocess.ts', './job-objects.ts', '../object-store/filesystem.ts'].map(
  (path) => new URL(path, import.meta.url).href,
);

/** A process that runs the job in a folder, and is told to end once it has reached a step; what its job failed with. */
async function interrupted(place: string, options: string): Promise<string> {
  await mkdir(place, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(place, name), bytes);
  const source = `
    import { readFileSync } from 'node:fs';
    const [{ createSubprocessTrainingJob }, { storeKeeper }, { FilesystemObjectStore }] = await Promise.all(
      ${JSON.stringify(MODULES)}.map((module) => import(module)));
    const files = Object.fromEntries(${JSON.stringify(Object.keys(files))}.map((name) => [name, readFileSync(${JSON.stringify(place)} + '/' + name)]));
    const { run } = createSubprocessTrainingJob(${options});
    const onProgress = ({ step }) => step >= 512 * 25 && process.kill(process.pid, 'SIGTERM');
    const failed = (error) => console.log(error.code + ' ' + error.facts.step);
    await run({ id: 'cut-off', files, onProgress }).catch(failed);`;
  const child = spawn(
    process.execPath,
    ['--input-type=module', '--disable-warning=ExperimentalWarning', '-e', source],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let said = '';
  child.stdout.on('data', (chunk) => {
    said += chunk;
  });
  await new Promise((resolve) => child.once('close', resolve));
  return said.trim();
}

const steps: number[] = [];
const onProgress = ({ step }: TrainingProgress): void => void (step > 0 && steps.push(step));
let undisturbed: Record<string, Uint8Array>;
beforeAll(async () => {
  undisturbed = (await createSubprocessTrainingJob().run({ id: 'cut-off', files })).files;
});

test.each([
  [
    'in a folder that stays',
    (place: string) => `{ folder: ${JSON.stringify(join(place, 'jobs'))} }`,
    (place: string) => ({ folder: join(place, 'jobs') }),
  ],
  [
    'on a machine that goes: its checkpoint is in the store',
    (place: string) =>
      `{ keeper: storeKeeper(new FilesystemObjectStore(${JSON.stringify(join(place, 'objects'))}), 'main') }`,
    (place: string) => ({ keeper: storeKeeper(new FilesystemObjectStore(join(place, 'objects')), 'main') }),
  ],
])('%s, goes on where it was and ends in the bytes of an undisturbed one', async (name, before, after) => {
  const place = join(folder, name.slice(0, 8));
  const [code, reached] = (await interrupted(place, before(place))).split(' ');
  expect(code).toBe('TRAIN_INTERRUPTED');
  expect(Number(reached)).toBeGreaterThanOrEqual(512 * 25);
  steps.length = 0;
  const { files: resumed } = await createSubprocessTrainingJob(after(place)).run({
    id: 'cut-off',
    files,
    onProgress,
  });
  expect(steps[0]).toBe(Number(reached) + 512);
  expect(resumed).toEqual(undisturbed);
  // what is finished leaves no folder behind
  expect(await readdir(join(place, 'jobs')).catch(() => [])).toEqual([]);
});
