import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { Installation } from './installation.ts';
import { readState, writeState } from './run-state.ts';

test('the state of a day comes back; one that is cut short is refused by its file, with what to do', async () => {
  const path = await mkdtemp(join(tmpdir(), 'drl-run-state-'));
  try {
    const installation = { home: { path }, settings: { config: { strategy: 'main' } } } as unknown as Installation;
    expect(readState(installation, '2024-01-05')).toEqual({});
    writeState(installation, '2024-01-05', { ingest: { open: true } });
    expect(readState(installation, '2024-01-05')).toEqual({ ingest: { open: true } });
    const file = join(path, 'runs', 'main', '2024-01-06.state.json');
    await mkdir(join(file, '..'), { recursive: true });
    await writeFile(file, '{"ingest":');
    expect(() => readState(installation, '2024-01-06')).toThrow(
      expect.objectContaining({
        code: 'RUN_STATE_UNREADABLE',
        kind: 'refused',
        facts: expect.objectContaining({ file }),
      }),
    );
  } finally {
    await rm(path, { recursive: true });
  }
});
