import { badInput } from '../../domain/errors.ts';
import { openInstallation } from '../installation.ts';
import { type AblationOptions, ablationStudy, publishAblation } from '../research/ablation.ts';
import { baselineStudy } from '../research/baselines.ts';
import { publish } from '../research/learner-report.ts';
import { learnerStudy } from '../research/learners.ts';
import { openStudyFolder } from '../research/study-files.ts';
import { parseDate } from './args.ts';

/** Basis points more a trade. */
const COST_LEVELS: Record<string, readonly number[]> = { baselines: [0], costs: [0, 5, 10, 25] };
const OF_LEARNERS = ['algorithms', 'windows', 'seeds', 'hours', 'parallel', 'set', 'warmStart', 'out'] as const;
/** The options of each study, beside those of every command. */
const OPTIONS: Record<string, readonly (keyof AblationOptions)[]> = {
  baselines: ['date'],
  costs: ['date'],
  learners: ['date', ...OF_LEARNERS],
  ablation: ['date', ...OF_LEARNERS, 'without'],
};
const STUDIES = Object.keys(OPTIONS);

const flagOf = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/**
 * Studies on a day's data: `baselines` over the full history, `costs` the same at 0, 5, 10 and 25 bps more a trade, `learners` trained and
 * judged walk-forward, `ablation` the same with and without some features.
 */
export async function research(study: string, options: AblationOptions): Promise<number> {
  if (!STUDIES.includes(study))
    throw badInput('USAGE_STUDY', 'There is no such study', {
      facts: { study, known: STUDIES },
      remedy: 'Name one of the known studies.',
    });
  const foreign = OPTIONS.ablation.find((name) => options[name] !== undefined && !OPTIONS[study].includes(name));
  if (foreign)
    throw badInput('USAGE_STUDY_OPTION', `The study ${study} takes no ${flagOf(foreign)}`, {
      facts: { study, option: flagOf(foreign), value: options[foreign], takes: OPTIONS[study].map(flagOf) },
      remedy: `Leave it out, or name a study that takes it: ${STUDIES.filter((one) => OPTIONS[one].includes(foreign)).join(' or ')}.`,
    });
  if (options.out !== undefined) openStudyFolder(options.out);
  const installation = await openInstallation(options, `research ${study}`);
  try {
    const date = options.date === undefined ? await installation.newestDate() : parseDate(options.date, '--date');
    if (study === 'learners') {
      const { document, runs } = await learnerStudy(installation, date, options);
      publish(document, runs, options);
    } else if (study === 'ablation') publishAblation(await ablationStudy(installation, date, options), options);
    else await baselineStudy(installation, date, { study, levels: COST_LEVELS[study], json: options.json === true });
    return 0;
  } finally {
    await installation.close();
  }
}
