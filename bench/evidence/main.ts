import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measureInProcesses } from './processes.ts';
import { STUDIES } from './studies.ts';
import { nameOf, runStudy, written } from './study.ts';

const folder = (path: string): string => fileURLToPath(new URL(`../../${path}/`, import.meta.url));
/** A run has one thread; more of them at once than this would starve a laptop. */
const MOST_PROCESSES = 2;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { seeds: { type: 'string' }, json: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  const study = STUDIES[positionals[0]];
  const seeds = Number(values.seeds ?? study?.seeds);
  if (!study || positionals.length !== 1 || !Number.isInteger(seeds) || seeds < 1) {
    const names = Object.keys(STUDIES).join(', ');
    process.stderr.write(`usage: npm run evidence -- <name> [--seeds N] [--json]\nnames: ${names}\n`);
    return 2;
  }
  const evidence = await runStudy(study, {
    seeds,
    cache: folder('node_modules/.cache/evidence'),
    measure: measureInProcesses(study.name, Math.min(MOST_PROCESSES, availableParallelism())),
    onProgress: (done, total, run) => process.stderr.write(`${done} of ${total}  ${nameOf(run)}\n`),
  });
  const out = folder('docs/evidence');
  const json = written(evidence);
  await mkdir(out, { recursive: true });
  await writeFile(`${out}${study.name}.json`, json);
  await writeFile(`${out}${study.name}.svg`, study.draw(evidence.figures));
  process.stdout.write(values.json ? json : `docs/evidence/${study.name}.json\ndocs/evidence/${study.name}.svg\n`);
  return 0;
}

process.exitCode = await main();
