import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { research } from '../commands/research.ts';
import type { Installation } from '../installation.ts';
import { type AblationOptions, ablationStudy } from './ablation.ts';
import { learnerStudy } from './learners.ts';

/** Nothing of a day can be read of it: what is refused was refused before a stage ran. */
const untouched = { settings: { profile: { seeds: 1, training: { algorithm: 'ppo' } } } } as Installation;

test.each([
  [undefined, { value: null }],
  ['grph', { value: 'grph', nearest: 'graph' }],
])('--without %s is refused before a stage is run', async (without, facts) => {
  const study = ablationStudy(untouched, '2024-01-31', { home: '', ...(without && { without }) });
  await expect(study).rejects.toMatchObject({ code: 'USAGE_WITHOUT', facts: { option: '--without', ...facts } });
});

test.each<[Partial<AblationOptions>, string]>([
  [{ algorithms: 'astrology' }, 'USAGE_ALGORITHM'],
  [{ set: ['learningRate=1'] }, 'USAGE_SET'],
  [{ windows: 'x' }, 'USAGE_NUMBERS'],
  [{ seeds: '0' }, 'USAGE_COUNT'],
])('%j is refused by every study before a stage is run', async (said, code) => {
  const options = { home: '', without: 'graph', ...said };
  await expect(ablationStudy(untouched, '2024-01-31', options)).rejects.toMatchObject({ code });
  await expect(learnerStudy(untouched, '2024-01-31', options)).rejects.toMatchObject({ code });
});

test.each([
  ['baselines', { out: 'studies' }, '--out'],
  ['costs', { warmStart: true }, '--warm-start'],
  ['learners', { without: 'graph' }, '--without'],
])('%s does not pass over an option that it does not take: %j', async (study, said, option) => {
  await expect(research(study, { home: '', ...said })).rejects.toMatchObject({
    code: 'USAGE_STUDY_OPTION',
    facts: { study, option },
  });
});

test('--out that is no folder is refused before a home is opened', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'drl-study-'));
  const out = join(folder, 'a-file');
  writeFileSync(out, '');
  await expect(research('learners', { home: join(folder, 'home'), out })).rejects.toMatchObject({
    code: 'RESEARCH_OUT',
    facts: { option: '--out', folder: out },
  });
  rmSync(folder, { recursive: true });
});
