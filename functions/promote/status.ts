import { refused } from '../../domain/errors.ts';
import { currentChampion, modelRef, pointChampion, runningPromotion, STEP_ALPHA } from '../artifacts/champion.ts';
import { approve } from './approve.ts';
import type { PromoteInput, PromoteOutput, PromotePorts } from './types.ts';

/** Champion and step as the ledger has them now. Keeps the pointer and the champion's approval on chain in step with the alias. */
export async function status(
  { strategy }: Pick<PromoteInput, 'strategy'>,
  ports: Pick<PromotePorts, 'store' | 'ledger' | 'chain'>,
  reason?: string,
  outcome?: PromoteOutput['outcome'],
): Promise<PromoteOutput> {
  const champion = await currentChampion(ports.ledger, strategy);
  if (!champion) {
    throw refused('PROMOTE_NO_CHAMPION', 'There is no champion yet', {
      facts: { strategy },
      remedy: 'Run the training first (drl run training): it installs model 0.',
    });
  }
  await approve(champion.ref.hash, ports);
  await pointChampion(ports.store, strategy, champion.ref);
  const promotion = await runningPromotion(ports.ledger, strategy);
  return {
    champion: champion.ref,
    challenger: promotion && modelRef(promotion.challenger),
    step: promotion?.step ?? 'none',
    alpha: promotion ? STEP_ALPHA[promotion.step] : 0,
    outcome: outcome ?? (promotion ? 'held' : 'kept'),
    reason:
      reason ?? (promotion ? `a challenger is in ${promotion.step} since ${promotion.since}` : champion.alias.reason),
  };
}
