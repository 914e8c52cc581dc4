import { mkdtemp } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { ProductError } from '../../domain/errors.ts';
import { fredValues, parseFredPage } from '../../domain/market/fred.ts';
import { type ProviderConfig, providerSchema } from '../../domain/market/provider-config.ts';
import { createAlpacaProvider, lastClosedDay } from './alpaca.ts';
import { createMarketData, type MarketDataPlaces } from './create.ts';
import { createFredProvider } from './fred.ts';
import { type Clock, createHttpClient, retryAfterMs } from './http-client.ts';
import { marketDataContract } from './market-data.contract.ts';
import { folderPages } from './pages.ts';
import { type Mischief, startVendorServer, VENDOR_KEYS, type VendorServer } from './vendor-server.ts';

/** Wednesday 3 January 2024, 17:00 in New York: that day's session is over. */
const NOW = Date.parse('2024-01-03T22:00:00Z');
let vendors: VendorServer;
let waits: number[];
let clock: Clock;

beforeAll(async () => {
  vendors = await startVendorServer('2024-01-03');
});
afterAll(() => vendors.close());
beforeEach(() => {
  vendors.mischief = () => null;
  vendors.requests.length = 0;
  waits = [];
  let now = NOW;
  clock = {
    now: () => now,
    sleep: async (ms) => {
      waits.push(ms);
      now += ms;
    },
  };
});

const settings = (kind: string, timeoutMs = 5_000): ProviderConfig =>
  providerSchema.parse({
    kind,
    baseUrl: vendors.base,
    timeoutMs,
    minIntervalMs: 0,
    ...(kind === 'alpaca' && { symbols: ['AAA', 'BBB'], start: '2023-11-15' }),
    ...(kind === 'sec' && { companies: { BBB: 2, AAA: 1 } }),
    ...(kind === 'fred' && {
      start: '2023-01-01',
      series: [
        { id: 'UNRATE', frequency: 'monthly' },
        { id: 'CPIAUCSL', frequency: 'monthly', known: 'vintages' },
      ],
    }),
    ...(kind === 'bis' && { areas: ['US', 'XM'], start: '2023-01-01' }),
  });
const provider = (kind: string, places: Partial<MarketDataPlaces> = {}, timeoutMs?: number) =>
  createMarketData(settings(kind, timeoutMs), {
    root: '',
    home: '',
    keys: async () => VENDOR_KEYS,
    clock,
    random: () => 0.5,
    ...places,
  });
const KINDS = ['alpaca', 'sec', 'fred', 'bis'];
const failureOf = async (run: Promise<unknown>): Promise<ProductError> => {
  const error = await run.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ProductError);
  return error as ProductError;
};
/** The first request is answered wrongly `times` times. */
const once = (mischief: Mischief, times = 1): void => {
  vendors.mischief = (_, n) => (n < times ? mischief : null);
};

describe.each(KINDS)('%s', (kind) => {
  marketDataContract(async () => ({ provider: provider(kind), date: '2024-01-03' }));

  test.each<[Mischief, number[]]>([
    ['error500', [250]],
    ['retryAfterSeconds', [2_250]],
    ['retryAfterDate', [30_250]],
    ['slow', [250]],
    ['truncated', [250]],
    ['html', [250]],
    ['empty', [250]],
  ])('that answers %s once is asked again, after the wait that is due', async (mischief, expected) => {
    const asked = provider(kind, {}, mischief === 'slow' ? 400 : undefined);
    const good = await asked.fetch('2024-01-03');
    vendors.requests.length = 0;
    waits = [];
    once(mischief);
    expect(await asked.fetch('2024-01-03')).toEqual(good);
    expect(waits).toEqual(expected);
    expect(vendors.requests[1]).toBe(vendors.requests[0]);
  });

  test.each<[Mischief, string]>([
    ['error500', 'FEED_STATUS'],
    ['slow', 'FEED_UNREACHABLE'],
    ['truncated', 'FEED_UNREACHABLE'],
    ['html', 'FEED_FORMAT'],
    ['empty', 'FEED_EMPTY'],
    ['retryAfterSeconds', 'FEED_QUOTA'],
    ['outOfQuota', 'FEED_QUOTA'],
    ['changedColumns', kind === 'bis' ? 'CSV_MISSING_COLUMN' : 'VENDOR_FORMAT'],
    ['missingColumns', kind === 'bis' ? 'CSV_MISSING_COLUMN' : 'VENDOR_FORMAT'],
    ['future', 'FEED_DATES'],
  ])('that answers %s for good is an error of its own, which shows no key', async (mischief, code) => {
    once(mischief, 1_000);
    const error = await failureOf(provider(kind, {}, mischief === 'slow' ? 30 : undefined).fetch('2024-01-03'));
    expect(error).toMatchObject({ code, facts: { provider: kind, url: expect.stringContaining(vendors.base) } });
    expect(error.remedy).toBeTruthy();
    const shown = `${inspect(error, { depth: 9 })}${error.describe()}${error.stack}${JSON.stringify(error)}`;
    for (const key of Object.values(VENDOR_KEYS)) {
      for (const form of [key, encodeURIComponent(key), new URLSearchParams({ key }).toString().slice(4)])
        expect(shown).not.toContain(form);
    }
    expect(waits.reduce((sum, wait) => sum + wait, 0)).toBeLessThan(60_000);
  });

  test('shows no key in the origin of a file', async () => {
    for (const { origin } of await provider(kind).fetch('2024-01-03')) {
      for (const key of Object.values(VENDOR_KEYS)) expect(decodeURIComponent(origin)).not.toContain(key);
    }
  });
});

test('the BIS leaves out an area that was asked for', async () => {
  once('missingArea');
  expect(await failureOf(provider('bis').fetch('2024-01-03'))).toMatchObject({
    code: 'FEED_EMPTY',
    facts: { field: 'areas', value: 'US' },
  });
});

test.each([
  ['alpaca', 'ALPACA_KEY_ID'],
  ['sec', 'SEC_CONTACT'],
  ['fred', 'FRED_API_KEY'],
])('%s without its key names %s and asks nobody', async (kind, key) => {
  const error = await failureOf(provider(kind, { keys: async () => ({}) }).fetch('2024-01-03'));
  expect(error).toMatchObject({ code: 'PROVIDER_KEY_MISSING', kind: 'badInput', facts: { provider: kind, key } });
  expect(error.remedy).toContain(key);
  expect(vendors.requests).toEqual([]);
});

test('a wrong key is refused, named as such, and not tried again', async () => {
  const keys = async () => ({ ALPACA_KEY_ID: 'x', ALPACA_SECRET_KEY: 'very secret' });
  const error = await failureOf(provider('alpaca', { keys }).fetch('2024-01-03'));
  expect(error).toMatchObject({ code: 'FEED_KEY', kind: 'badInput', facts: { status: 403 } });
  expect(vendors.requests).toHaveLength(1);
});

test.each<[Mischief, string, string]>([
  ['badSymbol', 'FEED_STATUS', 'invalid symbol: BRK-B (asked by ***)'],
  ['tooFast', 'FEED_KEY', 'SEC.gov | Request Rate Threshold Exceeded'],
])('what a vendor says of its refusal is passed on: %s', async (mischief, code, said) => {
  once(mischief);
  const error = await failureOf(provider('alpaca').fetch('2024-01-03'));
  expect(error).toMatchObject({ code, kind: 'badInput', facts: { said } });
  expect(vendors.requests).toHaveLength(1);
});

test('a quota that says when it is new again is waited for', async () => {
  once('quotaReset');
  await provider('alpaca').fetch('2024-01-03');
  expect(waits).toEqual([7_250]);
});

test('a key is masked however a URL writes it', () => {
  const key = "a b'(c)~&d";
  const { shown } = createHttpClient({ provider: 'x', timeoutMs: 1, secrets: [key] });
  for (const form of [key, encodeURIComponent(key), new URLSearchParams({ key }).toString().slice(4)])
    expect(shown(`https://x?key=${form}&y=1`)).toBe('https://x?key=***&y=1');
});

test('a key goes to no other host', async () => {
  once('redirect');
  expect(await failureOf(provider('alpaca').fetch('2024-01-03'))).toMatchObject({ code: 'FEED_STATUS' });
});

describe('alpaca', () => {
  test('gives every page of raw bars, then of actions', async () => {
    const files = await provider('alpaca').fetch('2024-01-03');
    expect(files.map(({ name }) => name)).toEqual([
      'alpaca-bars-1Day-0001.json',
      'alpaca-bars-1Day-0002.json',
      'alpaca-bars-1Day-0003.json',
      'alpaca-actions-0001.json',
      'alpaca-actions-0002.json',
      'alpaca-actions-0003.json',
    ]);
    const bars = vendors.requests.filter((path) => path.startsWith('/v2/'));
    expect(bars[0]).toContain('adjustment=raw');
    expect(bars[1]).toContain('page_token=');
  });

  test('is asked for what changed its symbol by the newest one, once, and for its actions by both', async () => {
    vendors.renamed = { from: 'AAA', to: 'BBB', date: '2023-12-15' };
    await provider('alpaca').fetch('2023-12-01');
    vendors.renamed = null;
    const symbols = vendors.requests.map((path) => new URL(path, vendors.base).searchParams);
    expect(symbols.filter((query) => query.has('timeframe')).map((query) => query.get('symbols'))).toContain('BBB');
    expect(symbols.findLast((query) => query.has('types'))?.get('symbols')).toBe('AAA,BBB');
    expect(symbols.every((query) => query.get('symbols') !== 'AAA')).toBe(true);
  });

  test('that leads in a circle is refused, and the page that does so is not kept', async () => {
    const pages = folderPages(await mkdtemp(join(tmpdir(), 'drl-pages-')));
    const asked = createAlpacaProvider({
      ...(settings('alpaca') as Extract<ProviderConfig, { kind: 'alpaca' }>),
      keyId: VENDOR_KEYS.ALPACA_KEY_ID,
      secretKey: VENDOR_KEYS.ALPACA_SECRET_KEY,
      pages,
      clock,
    });
    vendors.mischief = (path) => (path.includes('page_token') ? 'circle' : null);
    expect(await failureOf(asked.fetch('2024-01-03'))).toMatchObject({ code: 'FEED_DATES' });
    vendors.mischief = () => null;
    expect(await asked.fetch('2024-01-03')).toHaveLength(6);
    await pages.clear();
  });

  test.each<[Mischief, string]>([
    ['stranger', 'a bar of ZZZ, which was not asked for'],
    ['utcDays', 'a daily bar begins on 2023-11-19 in New York and on 2023-11-20 by UTC'],
  ])('with %s is refused: nobody can say whose bar of what day it is', async (mischief, problem) => {
    once(mischief, 1_000);
    const dates = mischief === 'utcDays' ? { start: '2023-11-18' } : {};
    const asked = createMarketData({ ...settings('alpaca'), ...dates } as ProviderConfig, {
      root: '',
      home: '',
      keys: async () => VENDOR_KEYS,
      clock,
    });
    const error = await failureOf(asked.fetch('2024-01-03'));
    expect(error).toMatchObject({ code: 'FEED_DATES', kind: 'badInput' });
    expect(error.message).toContain(problem);
  });

  test('is asked for closed sessions only', async () => {
    clock = { now: () => Date.parse('2024-01-03T20:00:00Z'), sleep: async () => undefined };
    const files = await provider('alpaca').fetch('9999-12-31');
    expect(vendors.requests.find((path) => path.startsWith('/v2/'))).toContain(
      encodeURIComponent('2024-01-02T23:59:59Z'),
    );
    expect(Buffer.concat(files.map(({ bytes }) => bytes)).toString()).not.toContain('2024-01-03');
  });

  test.each([
    ['2024-01-03T21:14:00Z', '2024-01-02'],
    ['2024-01-03T21:15:00Z', '2024-01-03'],
    ['2023-11-24T18:15:00Z', '2023-11-24'],
    ['2024-01-04T03:00:00Z', '2024-01-03'],
  ])('at %s the newest whole day is %s', (iso, day) => {
    expect(lastClosedDay(Date.parse(iso) / 60_000)).toBe(day);
  });
});

test('fred says 400 to a key that it does not know: the remedy names the key', async () => {
  const { baseUrl, start, series } = settings('fred') as Extract<ProviderConfig, { kind: 'fred' }>;
  const fred = createFredProvider({ baseUrl, start, series, key: 'unknown', timeoutMs: 1_000 });
  const error = await failureOf(fred.fetch('2024-01-03'));
  expect(error).toMatchObject({ code: 'FEED_STATUS', kind: 'badInput', facts: { status: 400 } });
  expect(error.facts.said).toContain('api_key is not registered');
  expect(error.remedy).toContain('Check the key');
});

test('fred is read page by page', async () => {
  const { baseUrl, start, series } = settings('fred') as Extract<ProviderConfig, { kind: 'fred' }>;
  const small = createFredProvider({
    baseUrl,
    start,
    series,
    timeoutMs: 500,
    key: VENDOR_KEYS.FRED_API_KEY,
    pageRows: 3,
    clock,
  });
  expect((await small.fetch('2024-01-03')).map(({ name }) => name)).toEqual([
    'fred-UNRATE-0001.json',
    'fred-UNRATE-0002.json',
    'fred-CPIAUCSL-0001.json',
    'fred-CPIAUCSL-0002.json',
  ]);
});

test('fred is asked in windows of as many vintages as it allows, and they are joined', async () => {
  const { baseUrl, start, series } = settings('fred') as Extract<ProviderConfig, { kind: 'fred' }>;
  const valuesBy = async (windowVintages: number) => {
    const [, vintages] = series;
    const options = { baseUrl, start, series: [vintages], timeoutMs: 500, key: VENDOR_KEYS.FRED_API_KEY, clock };
    const files = await createFredProvider({ ...options, windowVintages }).fetch('2024-01-03');
    const pages = files.map(({ bytes, name }) => parseFredPage(new TextDecoder().decode(bytes), name));
    return { windows: files.length, values: fredValues(pages, vintages) };
  };
  const whole = await valuesBy(2_000);
  const split = await valuesBy(2);
  expect(whole).toMatchObject({ windows: 1, values: { value: Float64Array.of(3.4, 3.5, 3.5, 3.7) } });
  expect(split).toEqual({ windows: 3, values: whole.values });
});

test('requests keep their distance', async () => {
  const client = createHttpClient({ provider: 'x', timeoutMs: 500, minIntervalMs: 200, clock });
  for (let i = 0; i < 3; i++) await client.get(`${vendors.base}/data/dataflow/BIS/WS_CBPOL/1.0/D.US`, 'text');
  expect(waits).toEqual([200, 200]);
});

test('waits grow twofold, and are drawn anew each time', async () => {
  once('error500', 1_000);
  const draws = [0.1, 0.9, 0.5];
  const client = createHttpClient({
    provider: 'x',
    timeoutMs: 500,
    backoffMs: 100,
    clock,
    random: () => draws.shift() ?? 0,
  });
  expect(await failureOf(client.get(vendors.base, 'any'))).toMatchObject({ code: 'FEED_STATUS' });
  expect(waits).toEqual([10, 180, 200]);
});

test('a part of a page, which nobody asked for, is no page', async () => {
  const server = createServer((_, response) => response.writeHead(206).end('symbol,date\nAAA,20'));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  const client = createHttpClient({ provider: 'x', timeoutMs: 500, clock });
  const error = await failureOf(client.get(`http://127.0.0.1:${port}/`, 'text'));
  server.close();
  expect(error).toMatchObject({ code: 'FEED_STATUS', facts: { status: 206 } });
  expect(waits).toHaveLength(3);
});

test.each([
  ['120', 120_000],
  ['Wed, 03 Jan 2024 22:00:30 GMT', 30_000],
  ['Wed, 03 Jan 2024 21:00:00 GMT', 0],
  ['soon', null],
  [null, null],
])('Retry-After %s', (header, ms) => {
  expect(retryAfterMs(header, NOW)).toBe(ms);
});
