import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { FilesystemObjectStore } from '../../adapters/object-store/filesystem.ts';
import { importFolder } from './import.ts';

const SHARED = fileURLToPath(new URL('../../../shared/data', import.meta.url));
const present = existsSync(join(SHARED, 'us_prices_adj.csv.gz'));

(present ? describe : describe.skip)('a large folder beside the project', () => {
  test('imports 117 symbols and leaves the other files out, each with a reason', async () => {
    const home = await mkdtemp(join(tmpdir(), 'drl-import-'));
    const store = new FilesystemObjectStore(join(home, 'store'));
    try {
      const report = await importFolder({
        folder: SHARED,
        universe: 'user',
        calendar: 'XNYS',
        store,
        strategy: 'user',
        home,
      });
      expect(report).toMatchObject({ symbols: 117, quarantined: 16, firstDay: '2000-01-03', newestDay: '2023-12-29' });
      expect(report.files).toEqual([{ file: 'us_prices_adj.csv.gz', rows: 652_549, symbols: 117 }]);
      expect(report.skipped.map(({ file }) => file)).toEqual(
        expect.arrayContaining(['us_indices.csv.gz', 'us_prices_raw_actions.csv.gz', 'vix_daily.csv.gz']),
      );
    } finally {
      await rm(home, { recursive: true });
    }
  });
});
