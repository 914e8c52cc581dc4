import { fitNormaliser, hasCompleteRow, identityNormaliser } from '../../domain/features/normaliser.ts';
import type { FeatureTensor, Normaliser } from '../../domain/features/spec.ts';
import type { Trial } from '../../domain/lineage/model.ts';
import { normaliserKey } from './features.ts';

/**
 * One normaliser for each training window, fitted on that window alone. A baseline on a history too short for any complete row reads
 * only the anchor, and gets the one that scales nothing.
 */
export function normalisersOf(tensor: FeatureTensor, trials: readonly Trial[]): Record<string, Normaliser> {
  const normalisers: Record<string, Normaliser> = {};
  for (const trial of trials) {
    const { kind, trainFrom, trainTo } = trial;
    const bare = kind === 'baseline' && !hasCompleteRow(tensor, trainFrom, trainTo);
    normalisers[normaliserKey(trial)] ??= bare
      ? identityNormaliser(tensor.columns.length, trainFrom, trainTo)
      : fitNormaliser(tensor, trainFrom, trainTo);
  }
  return normalisers;
}
