import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { universeSchema } from '../../config/schema.ts';
import { FilesystemObjectStore } from '../object-store/filesystem.ts';
import { putArtifact } from '../object-store/port.ts';
import { readTable } from '../parquet/parquet.ts';
import { createMarketData } from './create.ts';
import { createEcbFileProvider } from './ecb-file.ts';
import { createEcbHttpProvider } from './ecb-http.ts';
import { createEquitySimProvider } from './equity-sim.ts';
import { createFolderProvider, createImportProvider, importPath, parseImportPath } from './folder.ts';
import { marketDataContract } from './market-data.contract.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const REFERENCE = 'data/fx_currencies.csv';
const CSV = 'Date,USD,JPY,\n2026-10-30,1.1172,175.68,\n';
const XML = '<Cube><Cube time="2026-10-30"><Cube currency="USD" rate="1.1172"/></Cube></Cube>';

let folder: string;
let server: Server;
let base: string;
let respond: RequestListener;
let requests: string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drl-market-data-'));
  server = createServer((request, response) => {
    requests.push(request.url ?? '');
    respond(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

const serve = (listener: RequestListener): void => {
  requests = [];
  respond = listener;
};
const feed = (options: { timeoutMs?: number; attempts?: number; maxBytes?: number } = {}) =>
  createEcbHttpProvider({
    root,
    historyUrl: `${base}/stats/eurofxref-hist.csv`,
    recentUrl: `${base}/stats/eurofxref-hist-90d.xml`,
    reference: REFERENCE,
    timeoutMs: 2_000,
    backoffMs: 1,
    ...options,
  });
const good: RequestListener = (request, response) => {
  response.end(request.url?.endsWith('.xml') ? XML : CSV);
};

describe('the bundled file', () => {
  marketDataContract(async () => ({
    provider: createEcbFileProvider({ root, path: 'data/ecb_fx_reference_rates.csv.gz', reference: REFERENCE }),
    date: '2026-10-30',
  }));

  test('that is missing is named', async () => {
    await expect(
      createEcbFileProvider({ root, path: 'data/none.csv', reference: REFERENCE }).fetch('2026-10-30'),
    ).rejects.toMatchObject({
      code: 'DATA_FILE_MISSING',
      kind: 'badInput',
      facts: { path: 'data/none.csv', problem: 'ENOENT' },
    });
  });
});

describe('the live feed', () => {
  marketDataContract(async () => {
    serve(good);
    return { provider: feed(), date: '2026-10-30' };
  });

  test('is the history, the newest days and the reference table', async () => {
    serve(good);
    const files = await feed().fetch('2026-10-30');
    expect(files.map(({ name, origin }) => [name, origin.replace(base, '')])).toEqual([
      ['eurofxref-hist.csv', '/stats/eurofxref-hist.csv'],
      ['eurofxref-hist-90d.xml', '/stats/eurofxref-hist-90d.xml'],
      ['fx_currencies.csv', REFERENCE],
    ]);
    expect(new TextDecoder().decode(files[0].bytes)).toBe(CSV);
  });

  test('that fails for a while is asked again', async () => {
    let failures = 0;
    serve((request, response) => {
      if (request.url?.endsWith('.csv') && failures++ < 2) response.writeHead(503).end('busy');
      else good(request, response);
    });
    await expect(feed().fetch('2026-10-30')).resolves.toHaveLength(3);
    expect(requests.filter((url) => url.endsWith('.csv'))).toHaveLength(3);
  });

  test('that breaks off in the middle is asked again, and gives up with the cause', async () => {
    serve((_, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('Date,');
      setTimeout(() => response.destroy(), 5);
    });
    await expect(feed({ attempts: 2 }).fetch('2026-10-30')).rejects.toMatchObject({
      code: 'FEED_UNREACHABLE',
      kind: 'failed',
      facts: { attempts: 2 },
    });
  });

  test('that does not answer in time is given up', async () => {
    serve(() => undefined);
    await expect(feed({ timeoutMs: 50, attempts: 2 }).fetch('2026-10-30')).rejects.toMatchObject({
      code: 'FEED_UNREACHABLE',
    });
  });

  test('that says 404 is not asked again', async () => {
    serve((_, response) => {
      response.writeHead(404).end();
    });
    await expect(feed().fetch('2026-10-30')).rejects.toMatchObject({ code: 'FEED_STATUS', facts: { status: 404 } });
    expect(requests.filter((url) => url.endsWith('.csv'))).toHaveLength(1);
  });

  test('that sends too much is cut off', async () => {
    serve((_, response) => {
      response.end('x'.repeat(10_000));
    });
    await expect(feed({ maxBytes: 1_000 }).fetch('2026-10-30')).rejects.toMatchObject({
      code: 'FEED_TOO_LARGE',
      kind: 'badInput',
    });
  });

  test('that sends nothing is an error', async () => {
    serve((_, response) => {
      response.end();
    });
    await expect(feed({ attempts: 1 }).fetch('2026-10-30')).rejects.toMatchObject({ code: 'FEED_EMPTY' });
  });

  test('at a port where nobody listens is unreachable', async () => {
    const provider = createEcbHttpProvider({
      root,
      historyUrl: 'http://127.0.0.1:1/a.csv',
      recentUrl: 'http://127.0.0.1:1/b.xml',
      reference: REFERENCE,
      timeoutMs: 500,
      attempts: 1,
    });
    await expect(provider.fetch('2026-10-30')).rejects.toMatchObject({
      code: 'FEED_UNREACHABLE',
      remedy: expect.stringContaining('nothing was written'),
    });
  });
});

describe('a folder', () => {
  marketDataContract(async () => {
    await writeFile(join(folder, 'b.csv'), CSV);
    await writeFile(join(folder, 'a.csv.gz'), CSV);
    await writeFile(join(folder, 'notes.txt'), 'no data');
    await writeFile(join(folder, '.hidden.csv'), 'no data');
    return { provider: createFolderProvider(folder, 'bars'), date: '2026-10-30' };
  });

  test('is its data files by name', async () => {
    const files = await createFolderProvider(folder, 'bars').fetch('2026-10-30');
    expect(files.map(({ origin }) => origin)).toEqual(['bars/a.csv.gz', 'bars/b.csv']);
  });

  test('that is missing is named', async () => {
    await expect(createFolderProvider(join(folder, 'none'), 'none').fetch('2026-10-30')).rejects.toMatchObject({
      code: 'FOLDER_MISSING',
      kind: 'badInput',
    });
  });
});

describe('an imported folder', () => {
  const make = async () => {
    const store = new FilesystemObjectStore(join(folder, 'store'));
    const file = await putArtifact(store, 'user', {
      kind: 'raw',
      files: { 'bars.csv': new TextEncoder().encode(CSV) },
      facts: { origin: 'mine/bars.csv' },
    });
    const index = await putArtifact(store, 'user', {
      kind: 'raw',
      files: { 'import.json': new TextEncoder().encode('{}') },
      inputs: { file_0000: file },
    });
    return { store, file, index };
  };

  marketDataContract(async () => {
    const { store, index } = await make();
    return { provider: createImportProvider(store, 'user', index.hash), date: '2026-10-30' };
  });

  test('is refused when a byte of it was changed', async () => {
    const { store, file, index } = await make();
    const key = `user/raw/${file.hash}/bars.csv`;
    await store.put(key, new TextEncoder().encode(CSV.replace('1.1172', '1.1173')));
    await expect(createImportProvider(store, 'user', index.hash).fetch('2026-10-30')).rejects.toMatchObject({
      code: 'OBJECT_HASH_MISMATCH',
      kind: 'refused',
    });
    await store.put(key, new TextEncoder().encode(CSV));
  });

  test('is found by its path in the universe', async () => {
    const { index } = await make();
    const path = importPath('user', index.hash);
    expect(parseImportPath(path)).toEqual({ strategy: 'user', hash: index.hash });
    const provider = createMarketData({ kind: 'folder', path }, { root, home: folder });
    expect((await provider.fetch('2026-10-30')).map(({ name, origin }) => [name, origin])).toEqual([
      ['bars.csv', 'mine/bars.csv'],
    ]);
  });

  test.each(['data/bars', 'user/raw/abc', 'raw/x', ''])('%j is a folder, not an import', (path) => {
    expect(parseImportPath(path)).toBeNull();
  });
});

describe('the simulated universe', () => {
  const options = { seed: 3, assets: 12, sessions: 300, start: '2020-01-02' };
  marketDataContract(async () => ({ provider: createEquitySimProvider(options), date: '2020-12-01' }));

  test('is the same from a new provider, and another with another seed', async () => {
    const bars = async (seed: number) => (await createEquitySimProvider({ ...options, seed }).fetch(''))[0].bytes;
    const first = await bars(3);
    expect(Buffer.from(first).equals(Buffer.from(await bars(3)))).toBe(true);
    expect(Buffer.from(first).equals(Buffer.from(await bars(4)))).toBe(false);
  });

  test('has a sub-market with a known optimum', async () => {
    const provider = createMarketData(
      { kind: 'equity-sim', ...options, assets: 4, market: 'known-optimum' },
      { root, home: folder },
    );
    const table = await readTable((await provider.fetch(''))[0].bytes, ['symbol']);
    expect(new Set(table.symbol as string[])).toEqual(new Set(['KNOWN01', 'KNOWN02', 'KNOWN03', 'KNOWN04']));
  });
});

describe('bundled universes', () => {
  test.each(['equity-us-live', 'fx-ecb-carry'])('%s is a valid configuration', (id) => {
    const universe = universeSchema.parse(
      JSON.parse(readFileSync(join(root, 'config', 'universes', `${id}.json`), 'utf8')),
    );
    expect([universe.id, universe.provider.kind]).toEqual([id, 'several']);
  });

  test.each(['fx-ecb', 'fx-ecb-all', 'equity-sim', 'promotion-sim'])(
    '%s is a valid configuration whose provider gives files',
    async (id) => {
      const universe = universeSchema.parse(
        JSON.parse(readFileSync(join(root, 'config', 'universes', `${id}.json`), 'utf8')),
      );
      expect(universe.id).toBe(id);
      const { provider } = universe;
      const small = provider.kind === 'equity-sim' ? { ...provider, sessions: 60 } : provider;
      expect((await createMarketData(small, { root, home: folder }).fetch('2026-10-30')).length).toBeGreaterThan(1);
    },
  );
});
