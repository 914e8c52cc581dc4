import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { badInput } from '../../domain/errors.ts';

/**
 * A study's files, by ending: `<folder>/<name>.<ending>`.
 * @throws ProductError RESEARCH_OUT (bad input) when they cannot be written.
 */
export function writeStudy(folder: string, name: string, files: Readonly<Record<string, string>>): void {
  try {
    mkdirSync(folder, { recursive: true });
    for (const [ending, text] of Object.entries(files)) writeFileSync(join(folder, `${name}.${ending}`), text);
  } catch (cause) {
    throw badInput('RESEARCH_OUT', 'The files of the study cannot be written', {
      cause,
      facts: { option: '--out', folder, problem: (cause as NodeJS.ErrnoException).code },
      remedy: 'Name a folder that can be written. What was trained is kept: the same command ends at once.',
    });
  }
}
