import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { FilesystemObjectStore } from '../adapters/object-store/filesystem.ts';
import { sessionsBetween } from '../domain/market/calendar.ts';
import { createRandom } from '../domain/simulation/random.ts';
import { SCOPES } from '../functions/api/auth.ts';
import { ROUTES } from '../functions/api/routes.ts';
import type { DailyDocument } from '../local/daily.ts';
import { serveInstallation } from '../local/http/serve.ts';
import { openInstallation } from '../local/installation.ts';
import { type ImportedHome, importedHome } from './imported-home.ts';

const SYMBOLS = ['AAA', 'BBB', 'CCC', 'DDD', 'EEE'];
const DATES = sessionsBetween('XNYS', '2022-01-03', '2023-08-31');

let home: ImportedHome;
const prices = new Set<string>();
const days: DailyDocument[] = [];

/** Prices of six digits between 5,000 and 10,000: no other figure of a report or an answer looks like one. */
function bars(): string {
  const random = createRandom(7);
  const rows = SYMBOLS.flatMap((symbol, s) => {
    let close = 6000 + 700 * s;
    return DATES.map((date) => {
      const open = close * (1 + 0.002 * (random.uniform() - 0.5));
      close *= 1 + 0.0004 + 0.012 * (random.uniform() - 0.5);
      const range = [open, Math.max(open, close) * 1.001, Math.min(open, close) * 0.999, close];
      const text = range.map((price) => price.toFixed(2));
      for (const price of text) prices.add(significant(price));
      return [symbol, date, ...text, Math.round(1e6 * (0.8 + 0.4 * random.uniform()))].join(',');
    });
  });
  return ['symbol,date,open,high,low,close,volume', ...rows].join('\n');
}

const significant = (text: string): string => Number(text).toPrecision(6);

/** The prices in a text: numbers with a fraction that are one of them to six digits, with thousands separators or without. */
const pricesIn = (text: string): string[] =>
  [...text.matchAll(/\d[\d,]*\.\d+/g)]
    .map(([number]) => number.replaceAll(',', ''))
    .filter((number) => Number(number) > 5000 && prices.has(significant(number)));

/** One request a route: a route that is new here fails the test until somebody says how it is asked. */
function requestsOf({ datasetHash, decision, champion, date }: DailyDocument): Record<string, [string, object?]> {
  return {
    'POST /v1/weights': ['/v1/weights', { date }],
    'GET /v1/decisions': ['/v1/decisions'],
    'GET /v1/decisions/{hash}': [`/v1/decisions/${decision?.hash}`],
    'GET /v1/models': ['/v1/models'],
    'GET /v1/models/{hash}': [`/v1/models/${champion?.modelHash}`],
    'GET /v1/risk': ['/v1/risk'],
    'GET /v1/datasets/{hash}/bars': [`/v1/datasets/${datasetHash}/bars?symbol=AAA&from=2023-08-01`],
    'GET /v1/health': ['/v1/health'],
    'GET /openapi.json': ['/openapi.json'],
  };
}

/** Answers of every route and page about a day, by what was asked. */
async function answers(day: DailyDocument): Promise<Map<string, { status: number; text: string }>> {
  const installation = await openInstallation({ home: home.path }, 'serve');
  const front = await serveInstallation(installation, 0);
  try {
    const { token } = JSON.parse(home.drl('token', '--scope', SCOPES.join(' '))) as { token: string };
    const found = new Map<string, { status: number; text: string }>();
    const ask = async (name: string, path: string, body?: object): Promise<void> => {
      const response = await fetch(`${front.url}${path}`, {
        method: body ? 'POST' : 'GET',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(body && { body: JSON.stringify(body) }),
      });
      found.set(name, { status: response.status, text: await response.text() });
    };
    const requests = requestsOf(day);
    for (const { method, path } of ROUTES) await ask(`${method} ${path}`, ...requests[`${method} ${path}`]);
    for (const page of ['/', '/report', '/training.json']) await ask(page, page);
    return found;
  } finally {
    await front.close();
    await installation.close();
  }
}

beforeAll(() => {
  home = importedHome({ 'bars.csv': bars() });
  for (const date of DATES.slice(-3, -1))
    days.push(JSON.parse(home.drl('run', 'daily', '--date', date)) as DailyDocument);
}, 180_000);
afterAll(() => home.close());

test('prices that may not be redistributed are in no answer of the API, no page, and no report', async () => {
  expect(days[0].decision?.trades).not.toHaveLength(0);
  for (const [asked, { status, text }] of await answers(days[1])) {
    expect([asked, status]).toEqual([asked, asked.endsWith('/bars') ? 403 : 200]);
    expect([asked, pricesIn(text)]).toEqual([asked, []]);
  }
  const store = new FilesystemObjectStore(join(home.path, 'store'));
  const published = ['reports', 'backtests', 'decisions', 'settlements', 'reconciliations', 'monitors', 'gate-reports'];
  for (const kind of published) {
    const texts = (await store.list(`user/${kind}/`)).filter((key) => /\.(html|md|json|csv)$/.test(key));
    expect([kind, texts.length > 0]).toEqual([kind, true]);
    for (const key of texts) {
      const text = new TextDecoder().decode((await store.get(key))?.bytes);
      expect([key, pricesIn(text)]).toEqual([key, []]);
    }
  }
  for (const day of days) expect(pricesIn(JSON.stringify(day))).toEqual([]);
}, 120_000);

test('prices that may be redistributed are in the one answer that is made for them', async () => {
  const path = join(home.path, 'universes', 'user.json');
  const universe = JSON.parse(readFileSync(path, 'utf8')) as object;
  writeFileSync(path, JSON.stringify({ ...universe, redistribution: true }));
  const open = JSON.parse(home.drl('run', 'daily', '--date', DATES.at(-1) ?? '')) as DailyDocument;
  const found = [...(await answers(open))].filter(([, { text }]) => pricesIn(text).length > 0);
  expect(found.map(([asked, { status }]) => [asked, status])).toEqual([['GET /v1/datasets/{hash}/bars', 200]]);
}, 180_000);
