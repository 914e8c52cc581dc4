import { STAGES, type Stage } from '../config/schema.ts';
import { badInput } from '../domain/errors.ts';
import type { Trial } from '../domain/lineage/model.ts';
import { observedHandlers, runInput } from './daily.ts';
import { StageLog, type StageRun } from './document.ts';
import type { Installation } from './installation.ts';
import { readState, type State, writeState } from './run-state.ts';
import { eachOf } from './seats.ts';

const TRAINING: readonly Stage[] = ['train', 'validate', 'register', 'promote', 'backtest'];

/**
 * Run one stage of a day by its handler, on what the earlier stages of that day left in this home. `train` runs every trial of
 * the day's plan; `promote` reads the state of a promotion as the daily run does when no training came before it.
 */
export async function runStageOf(installation: Installation, stage: Stage, date: string): Promise<StageRun> {
  const state: State = { ...runInput(installation, date), ...readState(installation, date) };
  const earlier = STAGES.slice(0, STAGES.indexOf(stage)).filter(
    (name) => !TRAINING.includes(name) || TRAINING.includes(stage),
  );
  const missing = earlier.find((name) => !(name in state));
  if (missing) {
    throw badInput('STAGE_ORDER', `Stage ${stage} stands on stage ${missing}, which has not run for this day`, {
      facts: { date, stage, missing },
      remedy: `Run "drl ${missing} --date ${date}" first, or the whole day with "drl run daily --date ${date}".`,
    });
  }
  const log = new StageLog();
  const handler = observedHandlers(installation, log)[stage];
  if (stage === 'train') {
    const trials = (state.features as { trials: Trial[] }).trials;
    const parallel = installation.settings.profile.warmStart ? 1 : installation.cores.count;
    state.train = await eachOf(trials, parallel, (trial) => handler({ ...state, trial }));
  } else {
    state[stage] = await handler(state);
  }
  if (stage === 'promote') state.promotion = { promote: state.promote };
  if (TRAINING.includes(stage))
    state.training = Object.fromEntries(TRAINING.filter((name) => name in state).map((name) => [name, state[name]]));
  writeState(installation, date, state);
  return log.runs()[0];
}
