import { z } from 'zod';
import { putArtifact } from '../../adapters/object-store/port.ts';
import type { FeatureTensor } from '../../domain/features/spec.ts';
import { canonicalJson } from '../../domain/lineage/canonical.ts';
import { artifactRefSchema } from '../../domain/lineage/manifest.ts';
import type { MarketPanel } from '../../domain/market/panel.ts';
import { type DataQuality, type Monitor, monitorSchema } from '../../domain/monitoring/monitor.ts';
import { loadDataset } from '../artifacts/dataset.ts';
import { loadDecision } from '../artifacts/decision.ts';
import { loadFeatures } from '../artifacts/features.ts';
import { loadModel } from '../artifacts/model.ts';
import { advancePointer, settlePointer } from '../artifacts/pointer.ts';
import { reconcileOutput, runSchema, settleOutput } from '../contracts.ts';
import { defineStage } from '../middleware/stage.ts';
import type { Ports } from '../ports.ts';
import { alertsOf } from './alerts.ts';
import { featureDrift } from './feature-drift.ts';
import { liveBook, riskFigures } from './live-book.ts';
import { riskMetrics } from './risk-metrics.ts';
import { unknownFeatures } from './unknown-features.ts';

const input = runSchema.extend({
  ingest: z.object({ dataset: artifactRefSchema, rows: z.number(), symbols: z.number(), quarantined: z.number() }),
  features: z.object({ features: artifactRefSchema }),
  promotion: z.object({ promote: z.object({ champion: artifactRefSchema }) }),
  decide: z.object({ decision: artifactRefSchema }),
  settle: settleOutput.pick({ status: true }),
  reconcile: reconcileOutput,
});
type MonitorInput = z.infer<typeof input>;
type MonitorPorts = Pick<Ports, 'settings' | 'store' | 'alerts' | 'metrics'>;

/** What went well and what did not: the live book, drift of the features, quality of the data; alerts, once per condition and date. */
export const monitorStage = defineStage({
  name: 'monitor',
  input,
  needs: ['settings', 'store', 'alerts', 'metrics'],
  isFinal: () => true,
  async run(event, ports) {
    const monitor = await observe(event, ports);
    const { strategy, date } = event;
    const ref = await putArtifact(ports.store, strategy, {
      kind: 'monitors',
      files: { 'monitor.json': new TextEncoder().encode(canonicalJson(monitorSchema.parse(monitor))) },
      inputs: {
        dataset: event.ingest.dataset,
        features: event.features.features,
        champion: event.promotion.promote.champion,
        decision: event.decide.decision,
        reconciliation: event.reconcile.reconciliation,
      },
      facts: { date, universe: event.universe },
    });
    await settlePointer(ports.store, strategy, `monitors/by-date/${date}`, { monitor: ref });
    await advancePointer(ports.store, strategy, 'monitors/latest', { monitor: ref, date });
    for (const alert of monitor.alerts) await ports.alerts.raise(alert);
    ports.metrics.emit('monitor', riskMetrics(monitor));
    return { monitor: ref, alerts: monitor.alerts.map((alert) => `${alert.condition}: ${alert.message}`) };
  },
});

async function observe(event: MonitorInput, { settings, store }: MonitorPorts): Promise<Monitor> {
  const { strategy, date, universe } = event;
  const champion = event.promotion.promote.champion;
  const [{ panel, instruments }, { tensor, spec }, { model }, decision] = await Promise.all([
    loadDataset(store, strategy, event.ingest.dataset),
    loadFeatures(store, strategy, event.features.features),
    loadModel(store, strategy, champion),
    loadDecision(store, strategy, event.decide.decision),
  ]);
  const { book, previous } = await liveBook(store, strategy, decision);
  const risk = riskFigures(book, decision, new Map(instruments.map(({ symbol, group }) => [symbol, group])));
  const rules = settings.config.alerts;
  const drift = featureDrift(tensor, date, model.trial, rules.driftPValue);
  const quality = dataQuality(event, panel, tensor, previous);
  return {
    schema: 1,
    date,
    universe,
    decision: event.decide.decision.hash,
    champion: champion.hash,
    book,
    risk,
    drift,
    quality,
    alerts: alertsOf({
      date,
      decision: event.decide.decision.hash,
      rules,
      risk,
      drift,
      quality,
      unknownFeatures: unknownFeatures(panel, tensor, spec, date),
      differences: event.settle.status === 'notInitialised' ? [] : event.reconcile.differences,
    }),
  };
}

function dataQuality(
  event: MonitorInput,
  panel: MarketPanel,
  tensor: FeatureTensor,
  previous: Monitor | null,
): DataQuality {
  const { rows, symbols, quarantined } = event.ingest;
  const t = panel.dates.indexOf(event.date);
  const row = t * panel.symbols.length;
  const withoutBar = panel.symbols.filter((_, a) => panel.listed[row + a] === 1 && panel.tradable[row + a] === 0);
  const at = tensor.dates.indexOf(event.date) * tensor.symbols.length;
  const withoutFeature = tensor.symbols.filter((symbol, a) => {
    const first = (at + a) * tensor.columns.length;
    const unknown = tensor.columns.some((_, f) => !Number.isFinite(tensor.values[first + f]));
    const place = panel.symbols.indexOf(symbol);
    return unknown && place >= 0 && panel.tradable[row + place] === 1;
  });
  return {
    rows,
    symbols,
    quarantined,
    newlyQuarantined: Math.max(0, quarantined - (previous?.quality.quarantined ?? 0)),
    withoutBar,
    withoutFeature,
  };
}
