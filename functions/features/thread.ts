import { parentPort } from 'node:worker_threads';
import { addedFeatures } from '../../domain/features/update.ts';
import type { Answer, Question } from './two-threads.ts';

/** The other thread: sessions `known`.. of a panel, into rows of a tensor that both threads share. */
parentPort?.on('message', ({ panel, spec, inputs, known, values }: Question) => {
  parentPort?.postMessage(answerTo());

  function answerTo(): Answer | null {
    try {
      const { anchorLogit, anchorExposure } = addedFeatures(panel, spec, inputs, known, values);
      return { anchorLogit, anchorExposure };
    } catch {
      return null;
    }
  }
});
