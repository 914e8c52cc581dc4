import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { ProductError } from '../../../domain/errors.ts';
import type { WalkGraph } from '../walks/walk-graph.ts';
import { blocksOf, createJob, type Job, type Node2vecOptions, runShare, vectorsOf } from './job.ts';

export type { Node2vecOptions };

const THREAD = new URL('./thread.ts', import.meta.url);

/**
 * node2vec (Grover and Leskovec 2016): biased second-order walks, then skip-gram with negative sampling in float32. Returns float32
 * [nodes, dimensions]. Same graph, options and seed: same bits, on every machine and with any number of threads.
 * @param threads at most so many work on a large graph; a small one is done at once, without starting any
 */
export async function node2vec(graph: WalkGraph, options: Node2vecOptions, threads = 1): Promise<Float32Array> {
  const job = createJob(graph, options);
  const useful = Math.min(threads, blocksOf(graph.nodes));
  // The bundle of a Lambda is one file.
  if (useful === 1 || !existsSync(fileURLToPath(THREAD))) runShare(job, 0, 1);
  else await runOnThreads(job, useful);
  return vectorsOf(job);
}

async function runOnThreads(job: Job, threads: number): Promise<void> {
  const workers = Array.from(
    { length: threads },
    (_, thread) => new Worker(THREAD, { workerData: { job, thread, threads } }),
  );
  try {
    await Promise.all(workers.map((worker) => once(worker, 'exit')));
  } catch (error) {
    throw new ProductError('NODE2VEC_THREAD', 'A thread of node2vec failed', {
      cause: error,
      facts: { message: (error as Error).message },
    });
  } finally {
    // The others would wait for the one that failed for ever.
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
