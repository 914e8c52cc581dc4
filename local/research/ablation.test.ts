import { expect, test } from '@jest/globals';
import type { Installation } from '../installation.ts';
import { ablationStudy } from './ablation.ts';

test.each([
  [undefined, { value: null }],
  ['grph', { value: 'grph', nearest: 'graph' }],
])('--without %s is refused before a stage is run', async (without, facts) => {
  const untouched = { settings: {} } as Installation;
  await expect(ablationStudy(untouched, '2024-01-31', { home: '', ...(without && { without }) })).rejects.toMatchObject(
    {
      code: 'USAGE_WITHOUT',
      facts: { option: '--without', ...facts },
    },
  );
});
