import type { LocalMetrics } from '../adapters/metrics-sink/local.ts';
import type { Settings } from '../config/schema.ts';
import { badInput } from '../domain/errors.ts';
import type { Ports, Progress } from '../functions/ports.ts';
import { codeVersion } from './code-version.ts';
import { localGraphStore } from './graph-store.ts';
import type { Home } from './home.ts';
import { ROOT } from './settings.ts';

export interface LocalPortsOptions {
  home: Home;
  settings: Settings;
  metrics: LocalMetrics;
  progress: Progress;
}

export interface LocalPorts {
  /** The named ports, each made once, when first asked for. */
  take<K extends keyof Ports>(needs: readonly K[]): Promise<Pick<Ports, K>>;
  newestDate(): Promise<string>;
  close(): Promise<void>;
}

/** The embedded backings of every port. Engines load only when a stage needs them. */
export function localPorts({ home, settings, metrics, progress }: LocalPortsOptions): LocalPorts {
  const closers: (() => Promise<void> | void)[] = [];
  const made = new Map<keyof Ports, Promise<unknown>>();
  const take = async <K extends keyof Ports>(needs: readonly K[]): Promise<Pick<Ports, K>> => {
    // `settings`, `store` and `metrics` serve the middleware and are always there.
    const names = [...new Set<keyof Ports>([...needs, 'settings', 'store', 'metrics'])];
    const values = await Promise.all(
      names.map((name) => {
        const known = made.get(name) ?? (makers[name]() as Promise<unknown>);
        made.set(name, known);
        return known;
      }),
    );
    return Object.fromEntries(names.map((name, index) => [name, values[index]])) as unknown as Pick<Ports, K>;
  };
  const get = async <K extends keyof Ports>(name: K): Promise<Ports[K]> => (await take([name]))[name];

  const makers: { [K in keyof Ports]: () => Promise<Ports[K]> } = {
    settings: async () => settings,
    metrics: async () => metrics,
    progress: async () => progress,
    codeVersion: async () => codeVersion(ROOT),
    store: async () => new (await import('../adapters/object-store/filesystem.ts')).FilesystemObjectStore(home.store),
    ledger: async () => {
      const ledger = await (await import('../adapters/ledger/pglite.ts')).createPgliteLedger(home.ledger);
      closers.push(() => ledger.close());
      return ledger;
    },
    graph: async () => {
      const graph = await localGraphStore();
      closers.push(() => graph.close());
      return graph;
    },
    marketData: async () => {
      const { createMarketData } = await import('../adapters/market-data/create.ts');
      const { folderPages } = await import('../adapters/market-data/pages.ts');
      let page = 0;
      return createMarketData(settings.universe.provider, {
        root: ROOT,
        home: home.path,
        pages: folderPages(home.fetch),
        progress({ file, bytes, kept }) {
          page++;
          const message = `${file}, ${bytes} bytes${kept ? ', kept from a fetch that was cut off' : ''}`;
          progress({ step: page, total: page, unit: 'pages', message });
        },
      });
    },
    trainingJob: async () =>
      (await import('../adapters/training-job/subprocess.ts')).createSubprocessTrainingJob({ folder: home.jobs }),
    exactRuntime: async () => (await import('../adapters/policy-runtime/exact.ts')).exactRuntime,
    onnxRuntime: async () => (await import('../adapters/policy-runtime/onnx.ts')).onnxRuntime,
    tracker: async () =>
      new (await import('../adapters/tracking/object-store.ts')).ObjectStoreTracker(
        await get('store'),
        settings.config.strategy,
      ),
    alerts: async () => {
      const { onceAlerts } = await import('../adapters/alerts/once.ts');
      const { ConsoleAlerts } = await import('../adapters/alerts/console.ts');
      return onceAlerts(new ConsoleAlerts(), await get('store'), settings.config.strategy);
    },
    chain: async () => {
      const opened = await (await import('./chain/open.ts')).openChain({ home, settings });
      closers.push(() => opened.close());
      return opened.chain;
    },
  };

  return {
    take,
    async newestDate() {
      const { newestDay } = await (await import('./data/fetch.ts')).checkSource(
        settings.universe,
        await get('marketData'),
      );
      if (newestDay) return newestDay;
      throw badInput('DATA_EMPTY', 'The universe has no bar', {
        facts: { universe: settings.universe.id },
        remedy: 'Import bars, or name another universe.',
      });
    },
    async close() {
      for (const close of closers.reverse()) await close();
    },
  };
}
