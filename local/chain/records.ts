import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Deployment } from '../../adapters/chain/evm.ts';
import type { Asset } from './assets.ts';

/** Where the ledger of a strategy and universe is, and for which list of assets it was made. */
export interface DeploymentRecord {
  deployment: Deployment;
  assets: Asset[];
  /** Hash of the universe's source: while it stays, so does the list of assets. */
  source: string;
}

/** One file a chain, strategy and universe, under the chain folder of the home. */
export const recordFile = (chainFolder: string, chainId: number, strategy: string, universe: string): string =>
  join(chainFolder, 'deployments', String(chainId), `${strategy}@${universe}.json`);

export function readRecord(file: string): DeploymentRecord | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as DeploymentRecord;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

export function writeRecord(file: string, record: DeploymentRecord): void {
  mkdirSync(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, `${JSON.stringify(record, null, 2)}\n`);
  renameSync(temporary, file);
}
