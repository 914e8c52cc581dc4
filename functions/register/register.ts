import { z } from 'zod';
import { artifactRefSchema } from '../../domain/lineage/manifest.ts';
import { currentChampion } from '../artifacts/champion.ts';
import { advancePointer } from '../artifacts/pointer.ts';
import { registerModel } from '../artifacts/register-model.ts';
import { runSchema, validateOutput } from '../contracts.ts';
import { defineStage } from '../middleware/stage.ts';

const input = runSchema.extend({
  ingest: z.object({ dataset: artifactRefSchema }),
  features: z.object({ features: artifactRefSchema }),
  validate: validateOutput,
});

/**
 * Gate report and candidate become a model version: in the store, the ledger and the tracker. The challenger is registered
 * whether it was accepted or not; the baseline only while there is no champion, to become model 0.
 */
export const registerStage = defineStage({
  name: 'register',
  input,
  needs: ['store', 'ledger', 'tracker'],
  isFinal: () => true,
  async run(event, ports) {
    const hasChampion = (await currentChampion(ports.ledger, event.strategy)) !== null;
    const models = [];
    for (const report of event.validate.reports) {
      if (report.role === 'baseline' && hasChampion) continue;
      const { model, name } = await registerModel(event, report.candidate, report.gateReport, ports);
      models.push({ role: report.role, model, name, verdict: report.verdict });
      if (report.role === 'challenger') {
        await advancePointer(ports.store, event.strategy, 'challenger/last', { model, date: event.date });
      }
    }
    await advancePointer(ports.store, event.strategy, 'training/last', { date: event.date });
    return { models };
  },
});
