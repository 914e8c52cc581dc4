import { basename, join } from 'node:path';
import { PROVIDER_KEYS, type ProviderConfig, type SingleProvider } from '../../domain/market/provider-config.ts';
import { FilesystemObjectStore } from '../object-store/filesystem.ts';
import type { ObjectStore } from '../object-store/port.ts';
import { createAlpacaProvider } from './alpaca.ts';
import { createBisProvider } from './bis.ts';
import { createEcbFileProvider } from './ecb-file.ts';
import { createEcbHttpProvider } from './ecb-http.ts';
import { createFolderProvider, createImportProvider, parseImportPath } from './folder.ts';
import { createFredProvider } from './fred.ts';
import type { Clock } from './http-client.ts';
import { keyMissing } from './http-errors.ts';
import type { PageProgress } from './paged.ts';
import type { PageStore } from './pages.ts';
import type { MarketDataProvider } from './port.ts';
import { createSecProvider } from './sec.ts';

export interface MarketDataPlaces {
  /** Folder of the project: paths of a universe are relative to it. */
  root: string;
  /** Folder of the installation's state; imports are in `store` under it unless `store` is given. */
  home: string;
  store?: ObjectStore;
  /** Keys of providers by the names in {@link PROVIDER_KEYS}. @default the environment */
  keys?: () => Promise<Readonly<Record<string, string | undefined>>>;
  /** Where pages of a fetch that is not finished are kept. @default nowhere */
  pages?: PageStore;
  progress?: (page: PageProgress) => void;
  clock?: Clock;
  random?: () => number;
}

/** The provider that a universe names. Keys are asked for when it fetches. */
export function createMarketData(provider: ProviderConfig, places: MarketDataPlaces): MarketDataProvider {
  return {
    async fetch(date) {
      const single = provider.kind === 'several' ? provider.providers : [provider];
      const makers = await Promise.all(single.map((one) => makeProvider(one, places)));
      const files = [];
      // One after the other: a failure leaves nothing going on, and what was fetched is kept for the next try.
      for (const each of makers) files.push(...(await each.fetch(date)));
      await places.pages?.clear();
      return files;
    },
  };
}

async function makeProvider(provider: SingleProvider, places: MarketDataPlaces): Promise<MarketDataProvider> {
  const [first = '', second = ''] = await keysOf(provider.kind, places);
  const { pages, progress, clock, random } = places;
  const fetching = { pages, progress, clock, random };
  switch (provider.kind) {
    case 'ecb-file':
      return createEcbFileProvider({ root: places.root, path: provider.path, reference: provider.reference });
    case 'ecb-http':
      return createEcbHttpProvider({ root: places.root, ...provider });
    case 'equity-sim':
      return (await import('./equity-sim.ts')).createEquitySimProvider(provider);
    case 'folder':
      return folderProvider(provider.path, places);
    case 'alpaca':
      return createAlpacaProvider({ ...provider, ...fetching, keyId: first, secretKey: second });
    case 'sec':
      return createSecProvider({ ...provider, ...fetching, contact: first });
    case 'fred':
      return createFredProvider({ ...provider, ...fetching, key: first });
    case 'bis':
      return createBisProvider({ ...provider, ...fetching });
  }
}

/** @throws ProductError PROVIDER_KEY_MISSING (bad input), naming the variable. */
async function keysOf(kind: SingleProvider['kind'], places: MarketDataPlaces): Promise<string[]> {
  const names = PROVIDER_KEYS[kind] ?? [];
  if (names.length === 0) return [];
  const keys = places.keys ? await places.keys() : process.env;
  return names.map((name) => {
    const value = keys[name]?.trim();
    if (!value) throw keyMissing(kind, name);
    return value;
  });
}

function folderProvider(path: string, { root, home, store }: MarketDataPlaces): MarketDataProvider {
  const imported = parseImportPath(path);
  if (!imported) return createFolderProvider(join(root, path), basename(path));
  const stored = store ?? new FilesystemObjectStore(join(home, 'store'));
  return createImportProvider(stored, imported.strategy, imported.hash);
}
