import type { PromotionRow } from '../../adapters/ledger/port.ts';
import { modelPolicy, runBacktest, type TargetPolicy } from '../../domain/backtest/backtest.ts';
import { ProductError } from '../../domain/errors.ts';
import { riskGroupsHistory } from '../../domain/features/groups.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import { currentChampion, modelRef } from '../artifacts/champion.ts';
import { loadDataset } from '../artifacts/dataset.ts';
import { type LoadedFeatures, loadFeatures } from '../artifacts/features.ts';
import { type LoadedModel, loadModel } from '../artifacts/model.ts';
import type { PromoteInput, PromotePorts } from './types.ts';

export interface Health {
  healthy: boolean;
  /** Sessions since the step began. */
  sessions: number;
  reason: string;
}

/**
 * Compare the shadow books of champion and challenger since the step began: both start from all cash on that session, at the
 * same costs, limits and lag. Unhealthy: too far behind the champion, too deep a drawdown, or a challenger that cannot decide.
 */
export async function judgeStep(event: PromoteInput, running: PromotionRow, ports: PromotePorts): Promise<Health> {
  const { strategy } = event;
  const { maxShortfall, maxDrawdown } = ports.settings.config.promotion;
  const [{ panel }, features, champion] = await Promise.all([
    loadDataset(ports.store, strategy, event.ingest.dataset),
    loadFeatures(ports.store, strategy, event.features.features),
    currentChampion(ports.ledger, strategy),
  ]);
  const to = panel.dates.length - 1;
  const from = panel.dates.findIndex((date) => date >= running.since);
  const sessions = from < 0 ? 0 : to - from;
  if (sessions === 0 || !champion) return { healthy: true, sessions, reason: 'its first session' };

  const shadow = async (ref: ArtifactRef) => {
    const loaded = await loadModel(ports.store, strategy, ref);
    requireSpec(loaded, features);
    const policy = await ports.exactRuntime.load(loaded.policy);
    try {
      const { model } = loaded;
      const groups = riskGroupsHistory(panel.symbols, features);
      const target: TargetPolicy = modelPolicy(model.name, policy, features.tensor, model.normaliser);
      return await runBacktest({ panel, groups, limits: model.limits, costs: model.costs }, target, from, to);
    } finally {
      await policy.close();
    }
  };
  const standing = await shadow(champion.ref);
  let rising: Awaited<ReturnType<typeof shadow>>;
  try {
    rising = await shadow(modelRef(running.challenger));
  } catch (error) {
    if (!(error instanceof ProductError)) throw error;
    return { healthy: false, sessions, reason: `the challenger cannot decide: ${error.message} [${error.code}]` };
  }
  const shortfall = 1 - rising.nav[sessions] / standing.nav[sessions];
  const drawdown = Math.max(...rising.drawdown);
  const figures = `NAV ${percent(rising.nav[sessions] - 1)} against ${percent(standing.nav[sessions] - 1)} of the champion`;
  if (shortfall > maxShortfall) {
    return { healthy: false, sessions, reason: `${figures}: more than ${percent(maxShortfall)} behind` };
  }
  if (drawdown > maxDrawdown) {
    return {
      healthy: false,
      sessions,
      reason: `${figures}, drawdown ${percent(drawdown)}: more than ${percent(maxDrawdown)}`,
    };
  }
  return { healthy: true, sessions, reason: figures };
}

const percent = (fraction: number): string => `${(fraction * 100).toFixed(2)} %`;

function requireSpec({ ref, model }: LoadedModel, features: LoadedFeatures): void {
  if (model.featureSpecHash === features.specHash) return;
  throw new ProductError('PROMOTE_FEATURE_SPEC', `${model.name} was trained on another feature spec than today's`, {
    facts: { modelHash: ref.hash, modelFeatureSpec: model.featureSpecHash, todaysFeatureSpec: features.specHash },
  });
}
