import type { Ledger } from '../../adapters/ledger/port.ts';
import { badInput, refused } from '../../domain/errors.ts';
import { CHAMPION, modelRef, pointChampion, runningPromotion } from '../artifacts/champion.ts';
import type { Ports } from '../ports.ts';
import { approvalNote, approve } from './approve.ts';
import { status } from './status.ts';
import type { PromoteOutput } from './types.ts';

type ManualPorts = Pick<Ports, 'store' | 'ledger' | 'chain'>;

export interface ManualChange {
  strategy: string;
  /** Newest session known: the day from which the change holds. */
  date: string;
  /** Why, in the person's words; kept in the alias history. */
  reason: string;
}

/**
 * Undo the latest move: a challenger on its way up is stopped; with none, the model that was champion before decides again (so a
 * second roll-back of a champion is undone by the next). The history keeps every move.
 */
export async function rollbackChampion(ports: ManualPorts, change: ManualChange): Promise<PromoteOutput> {
  const { strategy, date } = change;
  const reason = because(change);
  const running = await runningPromotion(ports.ledger, strategy);
  if (running) {
    const { challenger, version } = running;
    await ports.ledger.movePromotion(
      { strategy, challenger, step: 'rolledBack', since: date, date, reason: `stopped by hand: ${reason}` },
      version,
    );
    return status(
      change,
      ports,
      `the challenger was stopped at ${running.step}, the champion stays: ${reason}`,
      'rolledBack',
    );
  }
  const history = await ports.ledger.aliasHistory(strategy, CHAMPION);
  const current = history.at(-1);
  const previous = history.findLast((row) => row.modelHash !== null && row.modelHash !== current?.modelHash)?.modelHash;
  if (!current || !previous) {
    throw refused(
      'ROLLBACK_NOTHING',
      'There is nothing to roll back: no challenger on its way and no earlier champion',
      {
        facts: { strategy, champion: current?.modelHash ?? null },
        remedy: 'See the models with drl model list.',
      },
    );
  }
  await crown(ports, strategy, date, previous, current.version, `rolled back by hand: ${reason}`);
  return status(change, ports, `the champion before decides again: ${reason}`, 'rolledBack');
}

/** Make an accepted model champion at once. Its gates are not loosened: a rejected model is refused. */
export async function promoteManually(
  ports: ManualPorts,
  change: ManualChange & { modelHash: string },
): Promise<PromoteOutput> {
  const { strategy, date, modelHash } = change;
  const reason = because(change);
  const row = await ports.ledger.model(strategy, modelHash);
  if (!row)
    throw badInput('MODEL_UNKNOWN', 'No such model is registered', {
      facts: { strategy, modelHash },
      remedy: 'See the models with drl model list.',
    });
  if (row.verdict !== 'accepted') {
    throw refused('MODEL_REJECTED', `${row.name} did not pass its gates`, {
      facts: { modelHash, gateReport: row.gateReport },
      remedy: 'See which gates failed with drl model show. Train another model; gates are not passed by hand.',
    });
  }
  const running = await runningPromotion(ports.ledger, strategy);
  if (running && running.challenger !== modelHash) {
    throw refused('PROMOTE_BUSY', 'Another challenger is on its way', {
      facts: { challenger: running.challenger, step: running.step, since: running.since },
      remedy: 'Stop it first with drl model rollback.',
    });
  }
  const current = await ports.ledger.alias(strategy, CHAMPION);
  if (current?.modelHash === modelHash && !running)
    return status(change, ports, `${row.name} is the champion already`, 'kept');
  if (current?.modelHash !== modelHash)
    await crown(ports, strategy, date, modelHash, current?.version ?? 0, `promoted by hand: ${reason}`);
  if (running) await endPromotion(ports.ledger, running.version, { strategy, date, challenger: modelHash, reason });
  return status(change, ports, `${row.name} is the champion: ${reason}`, 'promoted');
}

async function crown(
  ports: ManualPorts,
  strategy: string,
  date: string,
  modelHash: string,
  version: number,
  reason: string,
): Promise<void> {
  const note = approvalNote(await approve(modelHash, ports));
  await ports.ledger.moveAlias({ strategy, alias: CHAMPION, modelHash, date, reason: `${reason}${note}` }, version);
  await pointChampion(ports.store, strategy, modelRef(modelHash));
}

async function endPromotion(
  ledger: Ledger,
  version: number,
  row: { strategy: string; date: string; challenger: string; reason: string },
): Promise<void> {
  await ledger.movePromotion(
    { ...row, step: 'hundred', since: row.date, reason: `promoted by hand: ${row.reason}` },
    version,
  );
}

function because({ reason }: ManualChange): string {
  if (reason.trim() !== '') return reason.trim();
  throw badInput('REASON_MISSING', 'A change of champion needs a reason', { remedy: 'Give one: --reason "why".' });
}
