import { figuresOf, returnsBetween } from '../../domain/backtest/figures.ts';
import { interquartileMean } from '../../domain/metrics/interquartile-mean.ts';
import { percentile } from '../../domain/metrics/percentile.ts';
import { createRandom } from '../../domain/simulation/random.ts';
import { type BootstrapInterval, type BootstrapOptions, resample } from '../../domain/validation/bootstrap.ts';
import { differenceInterval, seedBootstrap, sharpeInterval } from '../../domain/validation/seed-bootstrap.ts';
import { markdownTable } from '../../functions/report/markdown-table.ts';
import { printJson } from '../commands/args.ts';
import type { Installation } from '../installation.ts';
import { table } from '../table.ts';
import { trainingDay } from '../training.ts';
import { dayWithout, type LeftOut, wordsOf } from './ablation-day.ts';
import { percent, ratio } from './format.ts';
import { type LearnerOptions, learnerPlan } from './learner-plan.ts';
import type { StudiedRuns } from './learner-summary.ts';
import { trainedRuns } from './learners.ts';
import { writeStudy } from './study-files.ts';

export interface AblationOptions extends LearnerOptions {
  without?: string;
}

interface Arm {
  sharpe: { estimate: number; lower: number; upper: number } | null;
  /** Interquartile means over seeds, net. */
  annualReturn: number | null;
  turnover: number | null;
  costBps: number | null;
  seeds: { seed: number; sharpe: number | null; annualReturn: number | null }[];
}

export interface AblationDocument {
  study: 'ablation';
  universe: string;
  sourceLine: string;
  caveats: string[];
  date: string;
  from: string;
  to: string;
  sessions: number;
  windows: number[];
  seeds: number;
  leftOut: LeftOut;
  method: string;
  learners: {
    learner: string;
    with: Arm;
    without: Arm;
    /** With less without, net: annual Sharpe ratio, and annual return (mean daily return x 252). */
    difference: { sharpe: BootstrapInterval | null; annualReturn: BootstrapInterval };
    says: string;
  }[];
}

const SESSIONS_PER_YEAR = 252;

/**
 * Does it pay? Each learner trained with and without some features on the same seeds and windows, judged walk-forward on the sessions after them, net of costs;
 * the difference with a 90 % interval, whatever it is.
 */
export async function ablationStudy(
  installation: Installation,
  date: string,
  options: AblationOptions,
): Promise<AblationDocument> {
  const { universe, config, profile } = installation.settings;
  const words = wordsOf(options.without);
  const planOf = learnerPlan(installation, {
    ...options,
    algorithms: options.algorithms ?? profile.training.algorithm,
  });
  const day = await trainingDay(installation, date);
  const plan = planOf(day);
  const { day: reduced, left } = await dayWithout(installation, day, words);
  const halved = { ...plan, hours: plan.hours === null ? null : plan.hours / 2 };
  const whole = await trainedRuns(installation, day, halved);
  const ablated = await trainedRuns(installation, reduced, halved);
  const { from, to } = whole.range;
  const bootstrap = { samples: config.gates.alpha.bootstrapSamples, blockDays: config.gates.alpha.bootstrapBlockDays };
  const learners = whole.learners.map((one, i) =>
    compare(one, ablated.learners[i], { from, to, ...bootstrap, words: left.words.join(', ') }),
  );
  return {
    study: 'ablation',
    universe: universe.id,
    sourceLine: universe.sourceLine,
    caveats: universe.caveats,
    date,
    from,
    to,
    sessions: returnsBetween(whole.learners[0].seeds[0].run, from, to).length,
    windows: [...new Set(plan.learners[0].trials.map(({ window }) => window))],
    seeds: Math.min(...[...whole.learners, ...ablated.learners].map(({ seeds }) => seeds.length)),
    leftOut: left,
    method: `Walk-forward, net of costs and within limits, one book through all windows for each seed; the same seeds, windows, sessions, tradable assets and anchor with and without. Intervals cover 90 %: ${bootstrap.samples} resamples of days in stationary blocks of ${bootstrap.blockDays} sessions on average, the same days for both, and for Sharpe ratios of seeds within each.`,
    learners,
  };
}

type Studied = StudiedRuns['learners'][number];

function compare(
  whole: Studied,
  ablated: Studied,
  {
    from,
    to,
    samples,
    blockDays,
    words,
  }: { from: string; to: string; samples: number; blockDays: number; words: string },
): AblationDocument['learners'][number] {
  const seeds = Math.min(whole.seeds.length, ablated.seeds.length);
  const returns = [whole, ablated].map((arm) =>
    arm.seeds.slice(0, seeds).map(({ run }) => returnsBetween(run, from, to)),
  );
  const draws = seedBootstrap(
    [
      { name: 'with', seeds: returns[0] },
      { name: 'without', seeds: returns[1] },
    ],
    { samples, blockDays, random: createRandom(0) },
  );
  const [withIt, without] = [whole, ablated].map((arm, i): Arm => {
    const figures = arm.seeds.slice(0, seeds).map(({ seed, run }) => ({ seed, ...figuresOf(run, from, to) }));
    const middle = (of: (one: (typeof figures)[number]) => number | null) =>
      interquartileMean(figures.map(of).filter((value) => value !== null));
    return {
      sharpe: sharpeInterval(draws[i]),
      annualReturn: middle((one) => one.annualReturn),
      turnover: middle((one) => one.turnover),
      costBps: middle((one) => one.costBps),
      seeds: figures.map(({ seed, sharpe, annualReturn }) => ({ seed, sharpe, annualReturn })),
    };
  });
  const difference = {
    sharpe: differenceInterval(draws[0], draws[1]),
    annualReturn: meanDifference(meanOf(returns[0]), meanOf(returns[1]), {
      samples,
      blockDays,
      random: createRandom(0),
    }),
  };
  return { learner: whole.algorithm, with: withIt, without, difference, says: verdict(words, difference.sharpe) };
}

function verdict(words: string, found: BootstrapInterval | null): string {
  if (!found) return `${words}: no Sharpe ratio is defined, nothing can be said.`;
  if (found.lower > 0) return `${words} pays: the whole interval is above 0.`;
  if (found.upper < 0) return `${words} costs: the whole interval is below 0.`;
  return `Whether ${words} pays cannot be told from this: the interval contains 0.`;
}

/** Mean over seeds, day by day. */
const meanOf = (seeds: readonly Float64Array[]): Float64Array =>
  seeds[0].map((_, t) => seeds.reduce((sum, returns) => sum + returns[t], 0) / seeds.length);

/** Annual mean of the paired daily differences, its interval by blocks of days (Politis and Romano 1994). */
export function meanDifference(
  first: Float64Array,
  second: Float64Array,
  options: Omit<BootstrapOptions, 'confidence'>,
): BootstrapInterval {
  const daily = first.map((x, t) => x - second[t]);
  const annual = (sum: number): number => (SESSIONS_PER_YEAR * sum) / daily.length;
  const draws = Array.from({ length: options.samples }, () => {
    let sum = 0;
    resample(daily.length, options, (_, from) => {
      sum += daily[from];
    });
    return annual(sum);
  });
  return {
    difference: annual(daily.reduce((sum, x) => sum + x, 0)),
    lower: percentile(draws, 5) as number,
    upper: percentile(draws, 95) as number,
    probabilityBetter: draws.filter((draw) => draw > 0).length / draws.length,
  };
}

const HEADER = ['learner', 'features', 'Sharpe', '90 % interval', 'return/yr', 'turnover/yr', 'cost bps/yr'];

/** Print the study, and leave it as files where a folder is named. */
export function publishAblation(document: AblationDocument, { json, out }: { json?: boolean; out?: string }): void {
  const { universe, leftOut } = document;
  const leftOutLine = `left out: ${leftOut.features.join(', ') || 'no feature'}${leftOut.constraints ? '; caps that the graph names (hubs, illiquid assets, neighbourhoods, communities)' : ''}`;
  if (out !== undefined)
    writeStudy(out, `${universe}-ablation-${leftOut.words.join('-')}`, {
      json: `${JSON.stringify(document, null, 2)}\n`,
      md: `# ${heading(document)}\n\n${leftOutLine}\n\n${markdownTable({ head: HEADER, rows: rows(document), numbers: 5 })}\n\n${remarks(
        document,
      )
        .map((remark) => `- ${remark}\n`)
        .join('')}`,
    });
  if (json) printJson(document);
  else
    console.log(
      [heading(document), `${leftOutLine}\n`, table(HEADER, rows(document)), '', ...remarks(document)].join('\n'),
    );
}

const heading = ({ universe, from, to, sessions, leftOut, seeds, windows }: AblationDocument): string =>
  `With and without ${leftOut.words.join(', ')}: ${universe}, ${from} to ${to}, ${sessions} sessions, ${windows.length} windows, ${seeds} seeds`;

const interval = (x: { lower: number; upper: number } | null, say: (value: number) => string): string =>
  x ? `${say(x.lower)}..${say(x.upper)}` : '-';

const rows = ({ learners }: AblationDocument): string[][] =>
  learners.flatMap((one) =>
    (['with', 'without'] as const).map((arm) => [
      one.learner,
      arm,
      ratio(one[arm].sharpe?.estimate),
      interval(one[arm].sharpe, ratio),
      percent(one[arm].annualReturn),
      percent(one[arm].turnover),
      one[arm].costBps?.toFixed(0) ?? '-',
    ]),
  );

const remarks = ({ learners, method, caveats, sourceLine }: AblationDocument): string[] => [
  ...learners.map(
    ({ learner, difference, says }) =>
      `${learner}: Sharpe ${ratio(difference.sharpe?.difference)} (${interval(difference.sharpe, ratio)}), return/yr ${percent(difference.annualReturn.difference)} (${interval(difference.annualReturn, percent)}). ${says}`,
  ),
  method,
  ...caveats,
  sourceLine,
];
