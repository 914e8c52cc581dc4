import { getArtifactJson } from '../../adapters/object-store/port.ts';
import { refused } from '../../domain/errors.ts';
import type { GateReport } from '../../domain/lineage/gate-report.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import { MODEL_FILES } from '../../domain/lineage/model.ts';
import { currentChampion, runningPromotion } from '../artifacts/champion.ts';
import { defineStage } from '../middleware/stage.ts';
import { advance } from './advance.ts';
import { installFirst } from './install.ts';
import { status } from './status.ts';
import { type PromoteInput, type PromoteOutput, type PromotePorts, promoteInput, promoteNeeds } from './types.ts';

/**
 * The champion and the model on its way up. `propose` (after training): install model 0, or let an accepted challenger begin
 * in shadow. `status`: which step is the challenger on. `advance`: judge the step and move on, hold, or roll back.
 */
export const promoteStage = defineStage({
  name: 'promote',
  input: promoteInput,
  needs: promoteNeeds,
  isFinal: () => true,
  run: (event, ports) => {
    if (event.action === 'propose') return propose(event, ports);
    if (event.action === 'status') return status(event, ports);
    if (event.from === undefined) {
      throw refused('PROMOTE_FROM', 'To advance, say from which step', {
        remedy: 'Give `from`: shadow, ten or fifty.',
      });
    }
    return advance(event, event.from, ports);
  },
});

async function propose(event: PromoteInput, ports: PromotePorts): Promise<PromoteOutput> {
  const installed = await installFirst(event, ports);
  const proposal = await proposeChallenger(event, ports);
  if (!installed) return status(event, ports, proposal.reason, proposal.started ? 'started' : 'kept');
  return status(event, ports, [installed, proposal.reason].filter(Boolean).join('; '), 'installed');
}

interface Proposal {
  started: boolean;
  reason: string;
}

/** Begin the shadow of an accepted challenger, unless another model is on its way. Proposing twice is proposing once. */
async function proposeChallenger(event: PromoteInput, { store, ledger }: PromotePorts): Promise<Proposal> {
  const { strategy, date } = event;
  const challenger = event.register?.models.find(({ role }) => role === 'challenger');
  if (!challenger) return { started: false, reason: 'no challenger was trained' };
  const { model, name } = challenger;
  if (challenger.verdict === 'rejected') {
    return {
      started: false,
      reason: `the challenger ${name} was rejected: ${await reasonsOf(store, strategy, model)}`,
    };
  }
  const current = await ledger.promotion(strategy);
  if (current?.challenger === model.hash && current.since === date && current.step === 'shadow') {
    return { started: true, reason: current.reason };
  }
  const running = await runningPromotion(ledger, strategy);
  if (running) {
    return {
      started: false,
      reason: `${name} passed its gates, but another challenger is on its way (${running.step} since ${running.since})`,
    };
  }
  if ((await currentChampion(ledger, strategy))?.ref.hash === model.hash)
    return { started: false, reason: `${name} is the champion already` };
  const reason = `${name} passed every gate and begins in shadow`;
  await ledger.movePromotion(
    { strategy, challenger: model.hash, step: 'shadow', since: date, date, reason },
    current?.version ?? 0,
  );
  return { started: true, reason };
}

async function reasonsOf(store: PromotePorts['store'], strategy: string, model: ArtifactRef): Promise<string> {
  const { reasons } = await getArtifactJson<GateReport>(store, strategy, model, MODEL_FILES.gateReport);
  return reasons.join('; ');
}
