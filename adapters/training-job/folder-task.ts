import type { ObjectStore } from '../object-store/port.ts';
import { JOB_PREFIX_VARIABLE } from './ecs.ts';
import { PROGRESS_OBJECT, readFiles, storeKeeper } from './job-objects.ts';
import type { TrainingJob } from './port.ts';
import { createSubprocessTrainingJob } from './subprocess.ts';

/** In the container: copy the job's folder in, run the trainer on it, copy its output back. The trainer itself sees only files. */
export async function runFolderTask(store: ObjectStore, prefix: string, trainer: TrainingJob): Promise<void> {
  let writing = Promise.resolve<unknown>(undefined);
  const { files } = await trainer.run({
    id: prefix.split('/').at(-1) ?? prefix,
    files: await readFiles(store, `${prefix}/input/`),
    onProgress: (progress) => {
      writing = writing
        .then(() => store.put(`${prefix}/${PROGRESS_OBJECT}`, new TextEncoder().encode(JSON.stringify(progress))))
        .catch(() => undefined); // progress is for people; losing a line of it must not end a training
    },
  });
  await writing;
  for (const name of Object.keys(files).sort()) await store.put(`${prefix}/output/${name}`, files[name]);
}

if (import.meta.main) {
  const prefix = process.env[JOB_PREFIX_VARIABLE];
  const bucket = process.env.DRL_BUCKET;
  if (!prefix || !bucket) throw new Error(`${JOB_PREFIX_VARIABLE} and DRL_BUCKET must be set`);
  const { S3ObjectStore } = await import('../object-store/s3.ts');
  const store = new S3ObjectStore(bucket);
  const keeper = storeKeeper(store, prefix.split('/')[0]);
  await runFolderTask(store, prefix, createSubprocessTrainingJob({ keeper }));
}
