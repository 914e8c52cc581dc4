import type { PromotionRow } from '../../adapters/ledger/port.ts';
import { ProductError, refused } from '../../domain/errors.ts';
import {
  CHAMPION,
  currentChampion,
  pointChampion,
  type RunningStep,
  runningPromotion,
  STEP_ALPHA,
} from '../artifacts/champion.ts';
import { approvalNote, approve } from './approve.ts';
import { type Health, judgeStep } from './health.ts';
import { status } from './status.ts';
import type { PromoteInput, PromoteOutput, PromotePorts } from './types.ts';

const NEXT = { shadow: 'ten', ten: 'fifty', fifty: 'hundred' } as const;
const PERCENT = { shadow: 'shadow', ten: '10 %', fifty: '50 %', hundred: '100 %' } as const;
type RunningRow = PromotionRow & { step: RunningStep };

/** Judge the step that the challenger is on: move on after its sessions, hold until then, roll back when it is unhealthy. */
export async function advance(event: PromoteInput, from: RunningStep, ports: PromotePorts): Promise<PromoteOutput> {
  const { strategy, date } = event;
  const row = await ports.ledger.promotion(strategy);
  if (row && row.step !== from && row.date === date) return movedBefore(event, row, ports);
  const running = await runningPromotion(ports.ledger, strategy);
  if (!running || running.step !== from) return status(event, ports, `no challenger is on the step ${from}`);
  if (running.since > date) {
    throw refused('PROMOTE_PAST', 'The challenger began this step after the day to judge', {
      facts: { date, since: running.since, step: running.step },
      remedy: 'Run days in order.',
    });
  }
  const health = await judgeStep(event, running, ports);
  if (!health.healthy) return rollBack(event, running, health, ports);
  const needed = ports.settings.config.promotion.stepDays[from];
  if (health.sessions < needed) {
    return status(event, ports, `${PERCENT[from]}: session ${health.sessions} of ${needed}; ${health.reason}`, 'held');
  }
  return stepUp(event, running, health, ports);
}

async function stepUp(
  event: PromoteInput,
  running: RunningRow,
  health: Health,
  ports: PromotePorts,
): Promise<PromoteOutput> {
  const { strategy, date } = event;
  const { challenger } = running;
  const step = NEXT[running.step];
  const note = approvalNote(await approve(challenger, ports));
  const reason = `${PERCENT[running.step]} held for ${health.sessions} sessions; ${health.reason}: on to ${PERCENT[step]}${note}`;
  if (step === 'hundred') await crown(event, challenger, reason, ports);
  const row = await ports.ledger.movePromotion(
    { strategy, challenger, step, since: date, date, reason },
    running.version,
  );
  return movedBefore(event, row, ports);
}

/** The alias moves first, by compare-and-set; killed before the promotion's row, the next run finds the alias moved and goes on. */
async function crown(
  { strategy, date }: PromoteInput,
  challenger: string,
  reason: string,
  { ledger }: PromotePorts,
): Promise<void> {
  const alias = await ledger.alias(strategy, CHAMPION);
  if (alias?.modelHash === challenger) return;
  await ledger.moveAlias({ strategy, alias: CHAMPION, modelHash: challenger, date, reason }, alias?.version ?? 0);
}

async function rollBack(
  event: PromoteInput,
  running: RunningRow,
  health: Health,
  ports: PromotePorts,
): Promise<PromoteOutput> {
  const { strategy, date } = event;
  const reason = `rolled back from ${PERCENT[running.step]}: ${health.reason}; the champion stays`;
  const { challenger, version } = running;
  const row = await ports.ledger.movePromotion(
    { strategy, challenger, step: 'rolledBack', since: date, date, reason },
    version,
  );
  return movedBefore(event, row, ports);
}

/** The output of the move that `row` records: what this run, or an earlier one of the same day that was cut off, did. */
async function movedBefore(
  { strategy }: PromoteInput,
  row: PromotionRow,
  { ledger, store }: PromotePorts,
): Promise<PromoteOutput> {
  const champion = await currentChampion(ledger, strategy);
  if (!champion) throw new ProductError('PROMOTE_NO_CHAMPION', 'There is no champion', { facts: { strategy } });
  await pointChampion(store, strategy, champion.ref);
  const { step, reason } = row;
  if (step === 'hundred')
    return { champion: champion.ref, challenger: null, step, alpha: 1, outcome: 'promoted', reason };
  if (step === 'rolledBack')
    return { champion: champion.ref, challenger: null, step: 'none', alpha: 0, outcome: 'rolledBack', reason };
  return {
    champion: champion.ref,
    challenger: { kind: 'models', hash: row.challenger },
    step,
    alpha: STEP_ALPHA[step],
    outcome: step === 'shadow' ? 'started' : 'advanced',
    reason,
  };
}
