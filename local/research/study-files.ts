import { accessSync, constants, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { badInput } from '../../domain/errors.ts';

/**
 * The folder of a study, made and found writable: asked before hours of training, not after.
 * @throws ProductError RESEARCH_OUT (bad input).
 */
export const openStudyFolder = (folder: string): void =>
  written(folder, () => {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
  });

/**
 * A study's files, by ending: `<folder>/<name>.<ending>`.
 * @throws ProductError RESEARCH_OUT (bad input) when they cannot be written.
 */
export const writeStudy = (folder: string, name: string, files: Readonly<Record<string, string>>): void =>
  written(folder, () => {
    mkdirSync(folder, { recursive: true });
    for (const [ending, text] of Object.entries(files)) writeFileSync(join(folder, `${name}.${ending}`), text);
  });

function written(folder: string, write: () => void): void {
  try {
    write();
  } catch (cause) {
    throw badInput('RESEARCH_OUT', 'The files of the study cannot be written', {
      cause,
      facts: { option: '--out', folder, problem: (cause as NodeJS.ErrnoException).code },
      remedy: 'Name a folder that can be written. What was trained is kept: the same command ends at once.',
    });
  }
}
