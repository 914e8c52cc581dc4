import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import { FilesystemObjectStore } from './filesystem.ts';
import { objectStoreContract } from './object-store.contract.ts';

const root = mkdtempSync(join(tmpdir(), 'drl-objects-'));
let made = 0;

afterAll(() => rmSync(root, { recursive: true, force: true }));

objectStoreContract('filesystem', async () => {
  made++;
  return new FilesystemObjectStore(join(root, String(made)));
});
