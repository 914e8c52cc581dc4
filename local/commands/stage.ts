import type { Stage } from '../../config/schema.ts';
import { openInstallation } from '../installation.ts';
import { runStageOf } from '../stage.ts';
import { type CommonOptions, parseDate, printJson } from './args.ts';

/** Run one stage of one day by itself. */
export async function stage(name: Stage, options: CommonOptions & { date?: string }): Promise<number> {
  const installation = await openInstallation(options, name);
  try {
    const date = options.date === undefined ? await installation.newestDate() : parseDate(options.date, '--date');
    const result = await runStageOf(installation, name, date);
    if (options.json) printJson({ date, ...result });
    else console.log(JSON.stringify(result.output, null, 2));
    return 0;
  } finally {
    await installation.close();
  }
}
