import { refused } from '../../domain/errors.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import { CHAMPION, currentChampion } from '../artifacts/champion.ts';
import { approvalNote, approve } from './approve.ts';
import { registerCash } from './cash.ts';
import type { PromoteInput, PromotePorts } from './types.ts';

/**
 * The first champion of an installation, straight to 100 %: the baseline, or all cash when even that breaks a risk gate.
 * Returns what was installed in plain words; null when a champion stands already (and was not installed by this very run).
 */
export async function installFirst(event: PromoteInput, ports: PromotePorts): Promise<string | null> {
  const { strategy, date } = event;
  const champion = await currentChampion(ports.ledger, strategy);
  if (champion) return champion.alias.version === 1 && champion.alias.date === date ? champion.alias.reason : null;
  const baseline = event.register?.models.find(({ role }) => role === 'baseline');
  if (!baseline) {
    throw refused('PROMOTE_NO_BASELINE', 'There is no champion and no baseline was registered', {
      facts: { strategy, date },
      remedy: 'Run the training of this day (drl run training): it registers model 0.',
    });
  }
  const accepted = baseline.verdict === 'accepted';
  const model: ArtifactRef = accepted ? baseline.model : await registerCash(event, baseline.model, ports);
  const note = approvalNote(await approve(model.hash, ports));
  const reason = accepted
    ? `model 0 (${baseline.name}) passed the risk gates and is the first champion${note}`
    : `even the baseline (${baseline.name}) breaks a risk gate: the champion is all cash${note}`;
  await ports.ledger.moveAlias(
    { strategy, alias: CHAMPION, modelHash: model.hash, date, reason },
    (await ports.ledger.alias(strategy, CHAMPION))?.version ?? 0,
  );
  return reason;
}
