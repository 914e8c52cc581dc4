import { getManifest } from '../../adapters/object-store/port.ts';
import { badInput } from '../../domain/errors.ts';
import { CATALOGUE, FAMILIES } from '../../domain/features/catalogue.ts';
import { NEEDS } from '../../domain/features/definition.ts';
import { type FeatureTensor, LEAST_FEATURES } from '../../domain/features/spec.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import { nearest } from '../../domain/nearest.ts';
import { loadFeatures, writeFeatures } from '../../functions/artifacts/features.ts';
import { normalisersOf } from '../../functions/artifacts/normalisers.ts';
import type { Installation } from '../installation.ts';
import type { TrainingDay } from '../training.ts';

const WORDS = [...new Set([...NEEDS, ...Object.keys(FAMILIES)])];

/** What was left out. */
export interface LeftOut {
  readonly words: readonly string[];
  readonly features: readonly string[];
  readonly kept: readonly string[];
  /** Whether the caps that the graph names (hubs, illiquid assets, neighbourhoods, communities) were left out too. */
  readonly constraints: boolean;
}

/**
 * The day without some of its features, as a features artifact of its own: the same dataset, sessions, tradable assets and anchor, so that only what policies
 * see differs; without `graph`, also what needs embeddings, and the caps on groups that the graph names.
 * @throws ProductError USAGE_WITHOUT (of a word nothing would be left out, or too much of all).
 */
export async function dayWithout(
  installation: Installation,
  day: TrainingDay,
  words: readonly string[],
): Promise<{ day: TrainingDay; left: LeftOut }> {
  const { store } = await installation.ports(['store']);
  const { strategy } = installation.settings.config;
  const features = await loadFeatures(store, strategy, day.features);
  const { hubs, illiquid, neighbourhoods, communities } = features;
  const out = features.tensor.columns.filter((name) => words.some((word) => isOf(name, word)));
  const constraints = words.includes('graph');
  const idle = words.filter((word) => word !== 'graph' && !features.tensor.columns.some((name) => isOf(name, word)));
  if (idle.length > 0)
    throw badInput('USAGE_WITHOUT', 'The features of this universe have nothing of it: there is nothing to leave out', {
      facts: { option: '--without', value: idle, features: features.tensor.columns },
      remedy:
        'Name features of it under "features" of the universe first (drl features list), or leave out something else.',
    });
  const kept = features.tensor.columns.filter((name) => !out.includes(name));
  if (kept.length < LEAST_FEATURES)
    throw badInput('USAGE_WITHOUT', `A policy observes ${LEAST_FEATURES} features or more: too few are left`, {
      facts: { option: '--without', value: words, left: kept, least: LEAST_FEATURES },
      remedy: 'Leave less out, or name more under "features" of the universe first (drl features list).',
    });
  const tensor = select(features.tensor, kept);
  const { inputs } = await getManifest(store, strategy, day.features);
  const reduced = await writeFeatures(
    store,
    strategy,
    inputs as { dataset: ArtifactRef; graph: ArtifactRef; embeddings: ArtifactRef },
    {
      tensor,
      spec: { ...features.spec, columns: features.spec.columns.filter(({ name }) => kept.includes(name)) },
      normalisers: normalisersOf(tensor, features.trials),
      trials: features.trials,
      ...(constraints ? { hubs: {}, illiquid: {} } : { hubs, illiquid, neighbourhoods, communities }),
    },
    { universe: `${installation.settings.universe.id}-ablation`, date: day.date },
  );
  return { day: { ...day, features: reduced }, left: { words, features: out, kept, constraints } };
}

const isOf = (name: string, word: string): boolean =>
  Object.hasOwn(FAMILIES[word as keyof typeof FAMILIES] ?? {}, name) ||
  CATALOGUE[name].needs.some((need) => need === word || (word === 'graph' && need === 'embeddings'));

/**
 * What `--without` names.
 * @throws ProductError USAGE_WITHOUT (nothing, or an unknown word).
 */
export function wordsOf(without: string | undefined): string[] {
  const words = (without ?? '').split(',').filter((word) => word !== '');
  const unknown = words.find((word) => !WORDS.includes(word));
  if (words.length > 0 && unknown === undefined) return words;
  const meant = unknown && nearest(unknown, WORDS);
  throw badInput('USAGE_WITHOUT', 'An ablation leaves something out', {
    facts: { option: '--without', value: unknown ?? null, ...(meant && { nearest: meant }), known: WORDS },
    remedy: 'For example --without graph',
  });
}

/** Some columns of a tensor. */
function select(tensor: FeatureTensor, kept: readonly string[]): FeatureTensor {
  const places = kept.map((name) => tensor.columns.indexOf(name));
  const [rows, width] = [tensor.anchorLogit.length, tensor.columns.length];
  const values = new Float32Array(rows * kept.length);
  for (let row = 0; row < rows; row++)
    for (let f = 0; f < kept.length; f++) values[row * kept.length + f] = tensor.values[row * width + places[f]];
  return { ...tensor, columns: kept, values };
}
