import { type MarketData, runBacktest } from '../../domain/backtest/backtest.ts';
import { figuresOf } from '../../domain/backtest/figures.ts';
import { badInput } from '../../domain/errors.ts';
import type { Figures } from '../../domain/lineage/gate-report.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import { baselinePolicies } from '../../domain/policy/baselines.ts';
import { loadDataset } from '../../functions/artifacts/dataset.ts';
import { openInstallation } from '../installation.ts';
import { readState } from '../run-state.ts';
import { table } from '../table.ts';
import { type CommonOptions, parseDate, printJson } from './args.ts';

const COST_BPS = [0, 5, 10, 25];
/** Sessions before the first position, so that every look-back is full. */
const WARM_UP = 253;

interface Row extends Figures {
  policy: string;
  extraCostBps: number;
}

/** Studies on a day's dataset: `baselines` over the full history, `costs` the same at 0, 5, 10 and 25 bps more a trade. */
export async function research(study: string, options: CommonOptions & { date?: string }): Promise<number> {
  const levels = { baselines: [0], costs: COST_BPS }[study];
  if (!levels)
    throw badInput('USAGE_STUDY', 'There is no such study', {
      facts: { study, known: ['baselines', 'costs'] },
      remedy: 'Name one of the known studies.',
    });
  const installation = await openInstallation(options, `research ${study}`);
  try {
    const date = options.date === undefined ? await installation.newestDate() : parseDate(options.date, '--date');
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
        rows.push({
          policy: policy.name,
          extraCostBps,
          ...figuresOf(
            await runBacktest(data, policy, WARM_UP, panel.dates.length - 1, { extraCostBps, project: false }),
          ),
        });
      }
      installation.progress.step({ step: index + 1, total: policies.length, unit: 'baselines' });
    }
    if (options.json)
      printJson({ study, universe: universe.id, from: panel.dates[WARM_UP], to: panel.dates.at(-1), rows });
    else
      print(
        rows,
        `${universe.id}, ${panel.dates[WARM_UP]} to ${panel.dates.at(-1)}, without limits, after costs\n${universe.sourceLine}`,
      );
    return 0;
  } finally {
    await installation.close();
  }
}

function print(rows: readonly Row[], title: string): void {
  const percent = (value: number | null): string => (value === null ? '-' : `${(value * 100).toFixed(1)} %`);
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
