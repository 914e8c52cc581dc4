import { workerData } from 'node:worker_threads';
import { type Job, runShare } from './job.ts';

const { job, thread, threads } = workerData as { job: Job; thread: number; threads: number };
runShare(job, thread, threads);
