import { z } from 'zod';
import { learnersOf } from '../../config/schema.ts';
import { computeFeatures } from '../../domain/features/compute.ts';
import { universeFeatureSpec } from '../../domain/features/default-spec.ts';
import { historyDigest } from '../../domain/features/history-digest.ts';
import { hashOf } from '../../domain/lineage/canonical.ts';
import { artifactRefSchema } from '../../domain/lineage/manifest.ts';
import { walkForwardTrials } from '../../domain/validation/walk-forward.ts';
import { loadDataset } from '../artifacts/dataset.ts';
import { loadEmbeddings } from '../artifacts/embeddings.ts';
import { writeFeatures } from '../artifacts/features.ts';
import { loadGraph } from '../artifacts/graph.ts';
import { normalisersOf } from '../artifacts/normalisers.ts';
import { runSchema } from '../contracts.ts';
import { defineStage } from '../middleware/stage.ts';
import { available, featureInputs } from './inputs.ts';
import { updatedFeatures } from './previous.ts';

const input = runSchema.extend({
  ingest: z.object({ dataset: artifactRefSchema }),
  graph: z.object({ graph: artifactRefSchema }),
  embeddings: z.object({ embeddings: artifactRefSchema }),
});

/** The causal feature tensor, the training plan of the day, and a normaliser for each of the plan's training windows. */
export const featuresStage = defineStage({
  name: 'features',
  input,
  needs: ['settings', 'store', 'progress'],
  isFinal: () => true,
  async run({ strategy, universe, date, ingest, graph, embeddings }, { store, settings, progress }) {
    const [dataset, built, history] = await Promise.all([
      loadDataset(store, strategy, ingest.dataset),
      loadGraph(store, strategy, graph.graph),
      loadEmbeddings(store, strategy, embeddings.embeddings),
    ]);
    const { panel } = dataset;
    const inputs = featureInputs(dataset, built, history);
    const spec = universeFeatureSpec(settings.universe, available(inputs, settings.universe.hasVolume));
    progress({
      step: 0,
      total: 2,
      unit: 'step',
      message: `${spec.columns.length} features, ${panel.dates.length} sessions`,
    });
    const updated = await updatedFeatures(store, strategy, universe, { panel, spec, inputs });
    const tensor = updated ?? computeFeatures(panel, spec, inputs);
    const trials = walkForwardTrials(panel.dates, {
      ...settings.profile,
      algorithms: learnersOf(settings.profile).map(({ algorithm }) => algorithm),
    });
    const normalisers = normalisersOf(tensor, trials);
    progress({ step: 1, total: 2, unit: 'step', message: 'writing' });
    const ref = await writeFeatures(
      store,
      strategy,
      { dataset: ingest.dataset, graph: graph.graph, embeddings: embeddings.embeddings },
      { tensor, spec, normalisers, trials, ...built.groups },
      { universe, date, history: historyDigest(panel, inputs, panel.dates.length) },
    );
    progress({ step: 2, total: 2, unit: 'step' });
    const { warmStart } = settings.profile;
    const parallelTrials = warmStart ? 1 : settings.profile.parallelTrials;
    return { features: ref, featureSpecHash: hashOf(spec), columns: spec.columns.length, trials, parallelTrials };
  },
});
