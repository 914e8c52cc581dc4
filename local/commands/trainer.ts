import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { badInput } from '../../domain/errors.ts';
import { ALGORITHMS, type Algorithm } from '../../domain/training/settings.ts';
import { checkConformance, GROUPS, type Group } from '../conformance/conformance.ts';
import { Trainer } from '../conformance/trainer.ts';
import { table } from '../table.ts';
import { type CommonOptions, count, printJson } from './args.ts';

interface TrainerOptions extends CommonOptions {
  only?: string;
  algorithms?: string;
  patience?: string;
}

/** Longest time of one run, where nothing else is said. */
const PATIENCE_S = '300';
const OURS = [
  process.execPath,
  '--disable-warning=ExperimentalWarning',
  fileURLToPath(new URL('../../training-container/src/main.ts', import.meta.url)),
];

/** `drl trainer check -- <command>`: exit 0 when the trainer keeps the folder contract, 3 when it breaks it. */
export async function trainer(action: string, command: readonly string[], options: TrainerOptions): Promise<number> {
  if (action !== 'check')
    throw badInput('USAGE', 'A trainer can be checked', { facts: { action }, remedy: 'drl trainer check' });
  const groups = chosen('--only', options.only, GROUPS) as Group[];
  const algorithms = chosen('--algorithms', options.algorithms, ALGORITHMS) as Algorithm[];
  const subject = new Trainer(
    command.length > 0 ? fromCallersFolder(command) : OURS,
    count(options.patience ?? PATIENCE_S, '--patience') * 1000,
  );
  const results = await checkConformance(subject, {
    groups,
    algorithms,
    onResult: ({ group, check, ok }) => process.stderr.write(`${ok ? '  ok  ' : 'BROKEN'}  ${group}: ${check}\n`),
  });
  const broken = results.filter(({ ok }) => !ok);
  if (options.json) printJson({ command: subject.command, ok: broken.length === 0, checks: results });
  else {
    console.log(
      table(
        ['group', 'check', 'result', 'what was seen'],
        results.map(({ group, check, ok, detail }) => [group, check, ok ? 'ok' : 'BROKEN', detail]),
        4,
      ),
    );
    console.log(
      broken.length === 0
        ? `\nthe trainer keeps the folder contract: ${results.length} checks`
        : `\nthe trainer breaks the folder contract: ${broken.length} of ${results.length} checks (training-container/README.md)`,
    );
  }
  return broken.length === 0 ? 0 : 3;
}

/**
 * The command with the words that are files of the caller's folder made absolute, since the trainer works in another one. As in a shell, a program
 * without a slash is looked up on the PATH.
 */
function fromCallersFolder(command: readonly string[]): string[] {
  const folder = process.env.INIT_CWD ?? process.cwd();
  return command.map((word, i) => {
    const path = resolve(folder, word);
    const named = i > 0 || /[\\/]/.test(word);
    return named && statSync(path, { throwIfNoEntry: false })?.isFile() ? path : word;
  });
}

function chosen(option: string, list: string | undefined, all: readonly string[]): string[] {
  if (list === undefined) return [...all];
  const names = list.split(',');
  const unknown = names.find((name) => !all.includes(name));
  if (unknown === undefined) return names;
  throw badInput('USAGE', `${option} does not know ${unknown}`, {
    facts: { option, value: unknown },
    remedy: `Choose from ${all.join(', ')}.`,
  });
}
