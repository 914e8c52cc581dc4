import { basename, join } from 'node:path';
import type { UniverseConfig } from '../../config/schema.ts';
import { FilesystemObjectStore } from '../object-store/filesystem.ts';
import type { ObjectStore } from '../object-store/port.ts';
import { createEcbFileProvider } from './ecb-file.ts';
import { createEcbHttpProvider } from './ecb-http.ts';
import { createFolderProvider, createImportProvider, parseImportPath } from './folder.ts';
import type { MarketDataProvider } from './port.ts';

export interface MarketDataPlaces {
  /** Folder of the project: paths of a universe are relative to it. */
  root: string;
  /** Folder of the installation's state; imports are in `store` under it unless `store` is given. */
  home: string;
  store?: ObjectStore;
}

/** The provider that a universe names. */
export function createMarketData(provider: UniverseConfig['provider'], places: MarketDataPlaces): MarketDataProvider {
  switch (provider.kind) {
    case 'ecb-file':
      return createEcbFileProvider({ root: places.root, path: provider.path, reference: provider.reference });
    case 'ecb-http':
      return createEcbHttpProvider({ root: places.root, ...provider });
    case 'equity-sim':
      return {
        fetch: async (date) => (await import('./equity-sim.ts')).createEquitySimProvider(provider).fetch(date),
      };
    case 'folder': {
      const imported = parseImportPath(provider.path);
      if (!imported) return createFolderProvider(join(places.root, provider.path), basename(provider.path));
      const store = places.store ?? new FilesystemObjectStore(join(places.home, 'store'));
      return createImportProvider(store, imported.strategy, imported.hash);
    }
  }
}
