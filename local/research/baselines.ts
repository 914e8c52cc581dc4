import { type MarketData, runBacktest } from '../../domain/backtest/backtest.ts';
import { figuresOf } from '../../domain/backtest/figures.ts';
import { badInput } from '../../domain/errors.ts';
import type { Figures } from '../../domain/lineage/gate-report.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import { baselinePolicies } from '../../domain/policy/baselines.ts';
import { loadDataset } from '../../functions/artifacts/dataset.ts';
import { printJson } from '../commands/args.ts';
import type { Installation } from '../installation.ts';
import { readState } from '../run-state.ts';
import { table } from '../table.ts';
import { percent } from './format.ts';

/** Sessions before the first position, so that every look-back is full. */
const WARM_UP = 253;

interface Row extends Figures {
  policy: string;
  extraCostBps: number;
}

/** The baselines over a day's full history, at each of some levels of extra cost a trade (basis points). */
export async function baselineStudy(
  installation: Installation,
  date: string,
  { study, levels, json }: { study: string; levels: readonly number[]; json: boolean },
): Promise<void> {
  const dataset = (readState(installation, date).ingest as { dataset: ArtifactRef } | undefined)?.dataset;
  if (!dataset)
    throw badInput('DAY_NOT_RUN', 'A study stands on the dataset of its day, which has not been made in this home', {
      facts: { date },
      remedy: `Run "drl ingest --date ${date}" first.`,
    });
  const { store } = await installation.ports(['store']);
  const { universe, config } = installation.settings;
  const { panel } = await loadDataset(store, config.strategy, dataset);
  const data: MarketData = { panel, groups: null, limits: universe.limits, costs: universe.costs };
  const rows: Row[] = [];
  const policies = baselinePolicies();
  for (const [index, policy] of policies.entries()) {
    for (const extraCostBps of levels) {
      const run = await runBacktest(data, policy, WARM_UP, panel.dates.length - 1, { extraCostBps, project: false });
      rows.push({ policy: policy.name, extraCostBps, ...figuresOf(run) });
    }
    installation.progress.step({ step: index + 1, total: policies.length, unit: 'baselines' });
  }
  const [from, to] = [panel.dates[WARM_UP], panel.dates.at(-1)];
  if (json) printJson({ study, universe: universe.id, from, to, rows });
  else print(rows, `${universe.id}, ${from} to ${to}, without limits, after costs\n${universe.sourceLine}`);
}

function print(rows: readonly Row[], title: string): void {
  console.log(`${title}\n`);
  console.log(
    table(
      ['policy', 'extra cost bps', 'Sharpe', 'return/yr', 'volatility', 'max drawdown', 'turnover/yr'],
      rows.map((row) => [
        row.policy,
        String(row.extraCostBps),
        row.sharpe?.toFixed(2) ?? '-',
        percent(row.annualReturn),
        percent(row.volatility),
        percent(row.maxDrawdown),
        percent(row.turnover),
      ]),
    ),
  );
}
