import { z } from 'zod';
import { putArtifact } from '../../adapters/object-store/port.ts';
import { littleEndian } from '../../domain/backtest/decide.ts';
import { refused } from '../../domain/errors.ts';
import { canonicalJson } from '../../domain/lineage/canonical.ts';
import { decisionSchema } from '../../domain/lineage/decision.ts';
import { type ArtifactRef, artifactRefSchema } from '../../domain/lineage/manifest.ts';
import { currentChampion, modelRef, runningPromotion, STEP_ALPHA } from '../artifacts/champion.ts';
import { DECISION_FILES, type DecisionSources, decideFrom } from '../artifacts/decision.ts';
import { settlePointer } from '../artifacts/pointer.ts';
import { runSchema } from '../contracts.ts';
import { defineStage } from '../middleware/stage.ts';
import type { Ports } from '../ports.ts';

const input = runSchema.extend({
  ingest: z.object({ dataset: artifactRefSchema }),
  features: z.object({ features: artifactRefSchema }),
});
type DecideInput = z.infer<typeof input>;
type DecidePorts = Pick<Ports, 'settings' | 'store' | 'ledger' | 'exactRuntime'>;

const decisionRef = (hash: string): ArtifactRef => ({ kind: 'decisions', hash });

/** Champion, blended with a challenger on its way up -> projected weights -> basis points -> the decision record. */
export const decideStage = defineStage({
  name: 'decide',
  input,
  needs: ['settings', 'store', 'ledger', 'exactRuntime'],
  isFinal: () => true,
  run: async (event, ports) => ({ decision: await decide(event, ports) }),
});

/** One decision a date: a date that is decided keeps its decision, and days are decided in order. */
async function decide(event: DecideInput, ports: DecidePorts): Promise<ArtifactRef> {
  const { strategy, date } = event;
  const { store, ledger } = ports;
  const known = await ledger.decision(strategy, date);
  if (known) return point(ports, strategy, date, decisionRef(known.decisionHash));

  const sources = await sourcesOf(event, ports);
  const { decision, observation } = await decideFrom(store, ports.exactRuntime, sources);
  const ref = await putArtifact(store, strategy, {
    kind: 'decisions',
    files: {
      [DECISION_FILES.decision]: new TextEncoder().encode(canonicalJson(decisionSchema.parse(decision))),
      [DECISION_FILES.observation]: littleEndian(observation),
    },
    inputs: {
      champion: sources.champion,
      ...(sources.challenger ? { challenger: sources.challenger.model } : {}),
      features: sources.features,
      dataset: sources.dataset,
      ...(sources.previous ? { previous: sources.previous } : {}),
    },
    facts: {
      date,
      universe: event.universe,
      championName: decision.champion.name,
      championKind: decision.champion.kind,
    },
  });
  await ledger.recordDecision({
    strategy,
    date,
    decisionHash: ref.hash,
    modelHash: sources.champion.hash,
    universe: event.universe,
  });
  return point(ports, strategy, date, ref);
}

async function sourcesOf(event: DecideInput, { ledger, settings }: DecidePorts): Promise<DecisionSources> {
  const { strategy, universe, date } = event;
  const latest = await ledger.latestDecision(strategy);
  if (latest && latest.date > date) {
    throw refused('DECIDE_PAST', `${date} lies before the latest decision`, {
      facts: { date, latest: latest.date, decision: latest.decisionHash },
      remedy: `Decide a session after ${latest.date}, or use another strategy (--strategy) or home (--home) for this day.`,
    });
  }
  if (latest && latest.universe !== universe) {
    throw refused('DECIDE_UNIVERSE', 'This strategy decides over another universe', {
      facts: { universe, strategyUniverse: latest.universe, strategy },
      remedy: 'Give each universe its own strategy (--strategy) or home (--home).',
    });
  }
  const champion = await currentChampion(ledger, strategy);
  if (!champion) {
    throw refused('DECIDE_NO_CHAMPION', 'No model may decide yet', {
      facts: { strategy },
      remedy: 'Run the training first (drl run training): it installs model 0.',
    });
  }
  const promotion = await runningPromotion(ledger, strategy);
  return {
    strategy,
    universe,
    date,
    champion: champion.ref,
    challenger: promotion && { model: modelRef(promotion.challenger), alpha: STEP_ALPHA[promotion.step] },
    dataset: event.ingest.dataset,
    features: event.features.features,
    previous: latest && decisionRef(latest.decisionHash),
    limits: settings.universe.limits,
  };
}

/** Pointers for readers without a ledger. `decisions/latest` never moves back: an older day asked for again leaves it. */
async function point(
  { store, ledger }: DecidePorts,
  strategy: string,
  date: string,
  ref: ArtifactRef,
): Promise<ArtifactRef> {
  await settlePointer(store, strategy, `decisions/by-date/${date}`, { decision: ref });
  if ((await ledger.latestDecision(strategy))?.date === date) {
    await settlePointer(store, strategy, 'decisions/latest', { decision: ref, date });
  }
  return ref;
}
