import { z } from 'zod';
import { putArtifact } from '../../adapters/object-store/port.ts';
import { writeTable } from '../../adapters/parquet/parquet.ts';
import { type BacktestResult, modelPolicy, runBacktest } from '../../domain/backtest/backtest.ts';
import { type TearSheet, tearSheetOf, tearSheetSchema } from '../../domain/backtest/tear-sheet.ts';
import { refused } from '../../domain/errors.ts';
import { riskGroupsHistory } from '../../domain/features/groups.ts';
import { canonicalJson } from '../../domain/lineage/canonical.ts';
import { type ArtifactRef, artifactRefSchema } from '../../domain/lineage/manifest.ts';
import { loadDataset } from '../artifacts/dataset.ts';
import { loadFeatures } from '../artifacts/features.ts';
import { firstUsableSession } from '../artifacts/history.ts';
import { loadModel } from '../artifacts/model.ts';
import { runSchema } from '../contracts.ts';
import { defineStage } from '../middleware/stage.ts';
import type { Ports } from '../ports.ts';
import { tearSheetHtml, tearSheetMarkdown } from './tear-sheet.ts';

const input = runSchema.extend({
  ingest: z.object({ dataset: artifactRefSchema }),
  features: z.object({ features: artifactRefSchema }),
  promote: z.object({ champion: artifactRefSchema }),
});
type BacktestInput = z.infer<typeof input>;
type BacktestPorts = Pick<Ports, 'settings' | 'store' | 'onnxRuntime' | 'progress'>;

/** The champion over the full history: its series, and a tear sheet in JSON, Markdown and self-contained HTML. */
export const backtestStage = defineStage({
  name: 'backtest',
  input,
  needs: ['settings', 'store', 'onnxRuntime', 'progress'],
  isFinal: () => true,
  run: async (event, ports) => ({ backtest: await backtest(event, ports) }),
});

async function backtest(event: BacktestInput, ports: BacktestPorts): Promise<ArtifactRef> {
  const { store, settings, progress } = ports;
  const { strategy, universe } = event;
  const { champion } = event.promote;
  const { dataset } = event.ingest;
  progress({ step: 0, total: 2, unit: 'backtest', message: 'loading the champion and its market' });
  const result = await championBacktest(event, ports);
  progress({ step: 1, total: 2, unit: 'backtest', message: `${result.dates.length} sessions` });
  const { sourceLine, caveats } = settings.universe;
  const sheet = tearSheetSchema.parse(tearSheetOf(result, { universe, sourceLine, caveats }));
  const text = (value: string): Uint8Array => new TextEncoder().encode(value);
  const ref = await putArtifact(store, strategy, {
    kind: 'backtests',
    files: {
      'series.parquet': seriesTable(result),
      'tear-sheet.json': text(canonicalJson(sheet)),
      'tear-sheet.md': text(tearSheetMarkdown(sheet)),
      'tear-sheet.html': text(tearSheetHtml(sheet, result)),
    },
    inputs: { model: champion, dataset, features: event.features.features },
    facts: factsOf(sheet),
  });
  progress({
    step: 2,
    total: 2,
    unit: 'backtest',
    message: `Sharpe ${sheet.figures.sharpe?.toFixed(2) ?? 'undefined'}`,
  });
  return ref;
}

const factsOf = ({ name, universe, from, to, sessions }: TearSheet) => ({ name, universe, from, to, sessions });

async function championBacktest(event: BacktestInput, { store, onnxRuntime }: BacktestPorts): Promise<BacktestResult> {
  const { strategy } = event;
  const [{ panel }, features, { model, policy }] = await Promise.all([
    loadDataset(store, strategy, event.ingest.dataset),
    loadFeatures(store, strategy, event.features.features),
    loadModel(store, strategy, event.promote.champion),
  ]);
  if (model.featureSpecHash !== features.specHash) {
    throw refused('BACKTEST_FEATURE_SPEC', `The model ${model.name} was trained on another feature spec than today's`, {
      facts: { modelFeatureSpec: model.featureSpecHash, todaysFeatureSpec: features.specHash },
      remedy: 'Train and promote a model on the new spec (drl run training).',
    });
  }
  const groups = riskGroupsHistory(panel.symbols, features);
  const loaded = await onnxRuntime.load(policy);
  try {
    const target = modelPolicy(model.name, loaded, features.tensor, model.normaliser);
    const from = firstUsableSession(features.tensor, panel);
    return await runBacktest(
      { panel, groups, limits: model.limits, costs: model.costs },
      target,
      from,
      panel.dates.length - 1,
    );
  } finally {
    await loaded.close();
  }
}

function seriesTable(result: BacktestResult): Uint8Array {
  const double = (data: Float64Array) => ({ type: 'DOUBLE' as const, data });
  const assets = result.symbols.length;
  const held = (a: number) => Float64Array.from(result.dates, (_, k) => result.weights[k * assets + a]);
  return writeTable({
    date: { type: 'STRING', data: result.dates },
    nav: double(result.nav),
    return: double(result.returns),
    turnover: double(result.turnover),
    cost: double(result.costs),
    exposure: double(result.exposure),
    drawdown: double(result.drawdown),
    ...Object.fromEntries(result.symbols.map((symbol, a) => [`weight.${symbol}`, double(held(a))])),
  });
}
