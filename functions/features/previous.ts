import { getManifest, getPointer, type ObjectStore } from '../../adapters/object-store/port.ts';
import { ProductError } from '../../domain/errors.ts';
import type { FeatureInputs } from '../../domain/features/compute.ts';
import { historyDigest } from '../../domain/features/history-digest.ts';
import type { FeatureSpec, FeatureTensor } from '../../domain/features/spec.ts';
import { updateFeatures } from '../../domain/features/update.ts';
import { hashOf } from '../../domain/lineage/canonical.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import type { MarketPanel } from '../../domain/market/panel.ts';
import { featuresFactsSchema, featuresPointer, loadFeatures } from '../artifacts/features.ts';

/**
 * The day's tensor from the one stored last, where that is of the same spec and of a history that nobody has revised since: only the new sessions are
 * computed. null: compute it whole.
 */
export async function updatedFeatures(
  store: ObjectStore,
  strategy: string,
  universe: string,
  { panel, spec, inputs }: { panel: MarketPanel; spec: FeatureSpec; inputs: FeatureInputs },
): Promise<FeatureTensor | null> {
  const last = await getPointer<ArtifactRef>(store, strategy, featuresPointer(universe));
  if (!last) return null;
  try {
    const facts = featuresFactsSchema.safeParse((await getManifest(store, strategy, last.value)).facts);
    if (!facts.success || facts.data.featureSpecHash !== hashOf(spec)) return null;
    const { sessions, history } = facts.data;
    if (sessions >= panel.dates.length || historyDigest(panel, inputs, sessions) !== history) return null;
    return updateFeatures((await loadFeatures(store, strategy, last.value)).tensor, panel, spec, inputs);
  } catch (error) {
    // What was stored before may be gone or damaged: that is no reason for the day not to be computed whole.
    if (error instanceof ProductError && /^(OBJECT|ARTIFACT)_/.test(error.code)) return null;
    throw error;
  }
}
