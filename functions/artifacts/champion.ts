import type { AliasRow, Ledger, PromotionRow } from '../../adapters/ledger/port.ts';
import type { ObjectStore } from '../../adapters/object-store/port.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import { settlePointer } from './pointer.ts';

export const CHAMPION = 'champion';

/** Capital share of the challenger at each step of its way up. */
export const STEP_ALPHA = { shadow: 0, ten: 0.1, fifty: 0.5 } as const;
export type RunningStep = keyof typeof STEP_ALPHA;

export const modelRef = (hash: string): ArtifactRef => ({ kind: 'models', hash });

export interface Champion {
  alias: AliasRow;
  ref: ArtifactRef;
}

/** The champion as the ledger has it; null before the first one is installed. */
export async function currentChampion(ledger: Ledger, strategy: string): Promise<Champion | null> {
  const alias = await ledger.alias(strategy, CHAMPION);
  return alias?.modelHash ? { alias, ref: modelRef(alias.modelHash) } : null;
}

/** The promotion under way, or null. */
export async function runningPromotion(
  ledger: Ledger,
  strategy: string,
): Promise<(PromotionRow & { step: RunningStep }) | null> {
  const row = await ledger.promotion(strategy);
  return row && row.step in STEP_ALPHA ? (row as PromotionRow & { step: RunningStep }) : null;
}

/** Keep the pointer `champion` in step with the alias: the API and the replay check read it without a ledger. */
export const pointChampion = (store: ObjectStore, strategy: string, ref: ArtifactRef): Promise<void> =>
  settlePointer(store, strategy, CHAMPION, { model: ref });
