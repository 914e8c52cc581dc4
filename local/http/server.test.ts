import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { FIXTURE_SYMBOLS, FIXTURE_TILT, FIXTURE_WIDTH } from '../../functions/api/fixture.ts';
import { ROUTES } from '../../functions/api/routes.ts';
import * as schemas from '../../functions/api/schemas.ts';
import { serveHttp } from './server.ts';
import { openTestFront, type TestFront } from './test-front.ts';

let api: TestFront;
let all: string;

beforeAll(async () => {
  api = await openTestFront();
  all = await api.token('weights:read decisions:read models:read');
});
afterAll(() => api.close());

const get = (path: string, token: string | null = all, init: RequestInit = {}): Promise<Response> =>
  fetch(api.front.url + path, {
    ...init,
    headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...(init.headers as Record<string, string>) },
  });
const post = (body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  get('/v1/weights', all, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  });

async function problemOf(
  response: Response,
): Promise<{ status: number; code: string; field?: string; detail: string }> {
  expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
  const problem = schemas.problem.parse(await response.json());
  expect(problem.status).toBe(response.status);
  return problem as Awaited<ReturnType<typeof problemOf>>;
}

const sum = (weights: Record<string, number>): number =>
  Object.values(weights).reduce((total, weight) => total + weight, 0);

describe('weights by state', () => {
  test('answers with weights of the champion that sum to 1 and keep the limits', async () => {
    const response = await post({ state: api.state, timestamp: '2026-01-06' });
    expect(response.status).toBe(200);
    const body = schemas.weightsResponse.parse(await response.json());
    expect(body.modelHash).toBe(api.model.hash);
    expect(body.decision).toBe('not settled');
    expect(Object.keys(body.weights).sort()).toEqual([...FIXTURE_SYMBOLS, 'CASH'].sort());
    expect(Math.abs(sum(body.weights) - 1)).toBeLessThan(1e-6);
    for (const [symbol, weight] of Object.entries(body.weights))
      if (symbol !== 'CASH') expect(weight).toBeLessThanOrEqual(api.settings.universe.limits.maxWeight + 1e-9);
  });

  test('keeps a limit of the universe that is tighter than the one that the model was judged with', async () => {
    const { limits } = api.settings.universe;
    const { maxWeight } = limits;
    const most = async (): Promise<number> => {
      const body = schemas.weightsResponse.parse(
        await (await post({ state: api.state, timestamp: '2026-01-06' })).json(),
      );
      return Math.max(...FIXTURE_SYMBOLS.map((symbol) => body.weights[symbol]));
    };
    const free = await most();
    try {
      limits.maxWeight = maxWeight * 0.9; // drawdown scales the cap as it scales the book
      expect(await most()).toBeCloseTo(free * 0.9, 6);
      limits.maxWeight = 1;
      expect(await most()).toBe(free);
    } finally {
      limits.maxWeight = maxWeight;
    }
  });

  test('is the policy: softmax of anchor logit and tilt, times the exposure, when no limit binds', async () => {
    const state = api.state.map((row) => row.map((value, f) => (f < FIXTURE_WIDTH - 6 ? 0 : value)));
    state.forEach((row, a) => {
      row[0] = a * 0.2 - 0.5;
      row[FIXTURE_WIDTH - 5] = 0;
      row[FIXTURE_WIDTH - 3] = 0;
      row[FIXTURE_WIDTH - 2] = -0.5;
    });
    const body = schemas.weightsResponse.parse(await (await post({ state, timestamp: '2026-01-06T21:00:00Z' })).json());
    const logits = state.map((row) => Math.exp(FIXTURE_TILT * row[0]));
    const total = logits.reduce((a, b) => a + b, 0);
    FIXTURE_SYMBOLS.forEach((symbol, a) => {
      expect(body.weights[symbol]).toBeCloseTo((Math.exp(-0.5) * logits[a]) / total, 6);
    });
    expect(body.limitsHit).toEqual([]);
  });

  test('names the decision when the state is the one that was decided on', async () => {
    const body = schemas.weightsResponse.parse(
      await (await post({ state: api.state, timestamp: '2026-01-05' })).json(),
    );
    expect(body.decision).toBe(api.decisions[1].ref.hash);
    expect(body.settlement).toMatchObject({ status: 'finalized', epoch: 2 });
  });

  const ragged = () => api.state.map((row, a) => (a === 2 ? row.slice(1) : row));
  const changed = (asset: number, column: number, value: unknown) =>
    api.state.map((row, a) => row.map((x, f) => (a === asset && f === column ? value : x)));
  const held = FIXTURE_WIDTH - 6;
  test.each<[string, () => unknown, number, string, string]>([
    ['too few assets', () => api.state.slice(1), 422, 'STATE_SHAPE', 'state'],
    ['too few columns', () => api.state.map((row) => row.slice(1)), 422, 'STATE_SHAPE', 'state'],
    ['ragged', ragged, 422, 'SCHEMA', 'state[2]'],
    ['no rows', () => [], 422, 'SCHEMA', 'state'],
    ['not a matrix', () => 'x', 422, 'SCHEMA', 'state'],
    ['a string in a cell', () => changed(1, 3, '0.5'), 422, 'SCHEMA', 'state[1][3]'],
    ['null in a cell', () => changed(1, 3, null), 422, 'SCHEMA', 'state[1][3]'],
    ['1e39 in a cell', () => changed(0, 0, 1e39), 422, 'SCHEMA', 'state[0][0]'],
    ['beyond the clip', () => changed(0, 2, 7), 422, 'STATE_VALUE', 'state[0][2]'],
    ['a negative holding', () => changed(3, held, -0.1), 422, 'STATE_VALUE', `state[3][${held}]`],
    ['holdings that do not sum to 1', () => changed(3, held, 0.9), 422, 'STATE_VALUE', `state[0][${held}]`],
    ['two drawdowns', () => changed(3, held + 1, 0.5), 422, 'STATE_VALUE', `state[3][${held + 1}]`],
    ['half tradable', () => changed(3, held + 5, 0.5), 422, 'STATE_VALUE', `state[3][${held + 5}]`],
  ])('refuses a state with %s', async (_, state, status, code, field) => {
    expect(await problemOf(await post({ state: state(), timestamp: '2026-01-06' }))).toMatchObject({
      status,
      code,
      field,
    });
  });

  test('an asset that cannot be traded keeps its weight', async () => {
    const state = changed(4, held + 5, 0) as number[][];
    const body = schemas.weightsResponse.parse(await (await post({ state, timestamp: '2026-01-06' })).json());
    expect(body.weights.JPY).toBeCloseTo(state[4][held], 6);
  });
});

describe('weights by date', () => {
  test('the decision of that date', async () => {
    const body = schemas.weightsResponse.parse(await (await post({ date: '2026-01-05' })).json());
    expect(body.weights).toMatchObject({ EUR: 0.23, CASH: 0.14 });
    expect(Math.abs(sum(body.weights) - 1)).toBeLessThan(1e-6);
    expect(body).toMatchObject({
      decision: api.decisions[1].ref.hash,
      modelHash: api.model.hash,
      settlement: { status: 'finalized' },
    });
  });

  test('a decision without a transaction says so', async () => {
    expect((await (await post({ date: '2026-01-02' })).json()) as object).toMatchObject({ settlement: 'not settled' });
  });

  test('a date without a decision is 404, a date that is none 422', async () => {
    expect(await problemOf(await post({ date: '2025-12-25' }))).toMatchObject({
      status: 404,
      code: 'NO_DECISION',
      field: 'date',
    });
    expect(await problemOf(await post({ date: '2025-13-45' }))).toMatchObject({ status: 422, field: 'date' });
    expect(await problemOf(await post({ date: '../../secret' }))).toMatchObject({ status: 422, field: 'date' });
  });
});

describe('bodies', () => {
  test.each<[string, string, Record<string, string>, number, string]>([
    ['no JSON', '{"state": [[NaN]]}', {}, 400, 'JSON_SYNTAX'],
    ['Infinity', '{"state": [[Infinity]]}', {}, 400, 'JSON_SYNTAX'],
    ['an empty body', '', {}, 400, 'JSON_SYNTAX'],
    ['a key twice', '{"date": "2026-01-02", "da\\u0074e": "2026-01-05"}', {}, 400, 'JSON_DUPLICATE_KEY'],
    ['deep nesting', `${'['.repeat(50_000)}${']'.repeat(50_000)}`, {}, 400, 'JSON_DEPTH'],
    ['an unknown key', '{"date": "2026-01-02", "leverage": 9}', {}, 422, 'SCHEMA'],
    ['a prototype', '{"date": "2026-01-02", "__proto__": {"a": 1}}', {}, 422, 'SCHEMA'],
    ['a list', '[]', {}, 422, 'SCHEMA'],
    ['null', 'null', {}, 422, 'SCHEMA'],
    ['text', 'date=2026-01-02', { 'content-type': 'application/x-www-form-urlencoded' }, 415, 'MEDIA_TYPE'],
    ['another charset', '{}', { 'content-type': 'application/json; charset=utf-16' }, 415, 'MEDIA_TYPE'],
    ['compression', '{}', { 'content-encoding': 'gzip' }, 415, 'CONTENT_ENCODING'],
    ['too many bytes', `{"date": "${'9'.repeat(300 * 1024)}"}`, {}, 413, 'BODY_TOO_LARGE'],
  ])('%s', async (_, body, headers, status, code) => {
    expect(await problemOf(await post(body, headers))).toMatchObject({ status, code });
  });

  test('bytes that are not UTF-8', async () => {
    const response = await get('/v1/weights', all, {
      method: 'POST',
      body: Uint8Array.of(0x22, 0xff, 0xfe, 0x22),
      headers: { 'content-type': 'application/json' },
    });
    expect(await problemOf(response)).toMatchObject({ status: 400, code: 'BODY_ENCODING' });
  });
});

describe('tokens', () => {
  const path = (route: (typeof ROUTES)[number]): string => route.path.replace('{hash}', '0'.repeat(64));
  const call = (route: (typeof ROUTES)[number], token: string | null): Promise<Response> =>
    get(
      path(route),
      token,
      route.method === 'POST'
        ? { method: 'POST', body: '{"date": "2026-01-02"}', headers: { 'content-type': 'application/json' } }
        : {},
    );
  const guarded = ROUTES.filter((route) => route.scope !== null);

  test.each(guarded.map((route) => [`${route.method} ${route.path}`, route] as const))(
    '%s refuses no, malformed, expired, foreign and wrong-scope tokens',
    async (_, route) => {
      const other = ['weights:read', 'decisions:read', 'models:read']
        .filter((scope) => scope !== route.scope)
        .join(' ');
      const own = route.scope as string;
      const refused: [string | null, number, string][] = [
        [null, 401, 'TOKEN_MISSING'],
        ['not.a.token', 401, 'TOKEN_INVALID'],
        [`${(await api.token(own)).slice(0, -3)}abc`, 401, 'TOKEN_INVALID'],
        [await api.token(own, { now: () => Date.now() - 7_200_000 }), 401, 'TOKEN_EXPIRED'],
        [await api.token(own, { secret: new Uint8Array(32) }), 401, 'TOKEN_INVALID'],
        [await api.token(own, { issuer: 'someone-else' }), 401, 'TOKEN_CLAIMS'],
        [await api.token(own, { audience: 'elsewhere' }), 401, 'TOKEN_CLAIMS'],
        [
          `${Buffer.from('{"alg":"none"}').toString('base64url')}.${(await api.token(own)).split('.')[1]}.`,
          401,
          'TOKEN_INVALID',
        ],
        [await api.token(other), 403, 'SCOPE_MISSING'],
      ];
      for (const [token, status, code] of refused) {
        const response = await call(route, token);
        expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/);
        expect(await problemOf(response)).toMatchObject({ status, code });
      }
      expect([200, 400, 404]).toContain((await call(route, await api.token(own))).status);
    },
  );

  test('routes without a scope answer without a token', async () => {
    for (const route of ROUTES.filter((one) => one.scope === null)) expect((await call(route, null)).status).toBe(200);
  });

  test('a remembered token stops when it expires', async () => {
    const token = await api.token('decisions:read', { ttlSeconds: 600 });
    try {
      expect((await get('/v1/decisions', token)).status).toBe(200);
      api.clock.aheadMs = 300_000;
      expect((await get('/v1/decisions', token)).status).toBe(200);
      api.clock.aheadMs = 600_000;
      expect((await get('/v1/decisions', token)).status).toBe(401);
    } finally {
      api.clock.aheadMs = 0;
    }
  });
});

describe('reading', () => {
  test('decisions, newest first, with a limit', async () => {
    const { decisions } = schemas.decisionsResponse.parse(await (await get('/v1/decisions?limit=1')).json());
    expect(decisions).toEqual([
      { date: '2026-01-05', decision: api.decisions[1].ref.hash, modelHash: api.model.hash, universe: 'fx-ecb' },
    ]);
    expect(await problemOf(await get('/v1/decisions?limit=0'))).toMatchObject({
      status: 400,
      field: 'limit',
      remedy: expect.any(String),
    });
    expect(await problemOf(await get('/v1/decisions?page=2'))).toMatchObject({ status: 400, field: 'page' });
  });

  test('one decision, one model', async () => {
    const decision = schemas.decisionResponse.parse(
      await (await get(`/v1/decisions/${api.decisions[0].ref.hash}`)).json(),
    );
    expect(decision).toMatchObject({ settlement: 'not settled', decision: { date: '2026-01-02' } });
    const model = schemas.modelResponse.parse(await (await get(`/v1/models/${api.model.hash}`)).json());
    expect(model).toMatchObject({ champion: true, symbols: FIXTURE_SYMBOLS });
    expect(model.features).toHaveLength(FIXTURE_WIDTH);
    expect(schemas.modelsResponse.parse(await (await get('/v1/models')).json()).models).toHaveLength(1);
  });

  test('unknown and malformed hashes', async () => {
    expect(await problemOf(await get(`/v1/models/${'f'.repeat(64)}`))).toMatchObject({
      status: 404,
      code: 'NO_SUCH_ARTIFACT',
    });
    expect(await problemOf(await get('/v1/decisions/..%2f..%2fpointers'))).toMatchObject({
      status: 400,
      code: 'HASH',
      field: 'hash',
    });
  });

  test('prices only where the licence lets them be redistributed', async () => {
    const path = (hash: string, symbol = 'EUR') => `/v1/datasets/${hash}/bars?symbol=${symbol}&from=2026-01-05`;
    const open = schemas.barsResponse.parse(await (await get(path(api.dataset.hash))).json());
    expect(open).toMatchObject({
      symbol: 'EUR',
      bars: [{ date: '2026-01-05', close: 1.08 }],
      sourceLine: 'Source: test',
    });
    expect(await problemOf(await get(path(api.closedDataset.hash)))).toMatchObject({
      status: 403,
      code: 'REDISTRIBUTION',
    });
    expect(await problemOf(await get(path(api.dataset.hash, 'XXX')))).toMatchObject({ status: 404, field: 'symbol' });
    expect(await problemOf(await get(path('a'.repeat(64))))).toMatchObject({ status: 404, field: 'hash' });
  });

  test('health is open', async () => {
    expect(schemas.healthResponse.parse(await (await get('/v1/health', null)).json())).toMatchObject({
      champion: api.model.hash,
      latestDecision: { date: '2026-01-05' },
    });
  });

  test('risk before the first monitored session is 404', async () => {
    expect(await problemOf(await get('/v1/risk'))).toMatchObject({ status: 404, code: 'NOT_MONITORED' });
  });

  test('unknown paths are 404, known paths under another method 405 with Allow', async () => {
    expect(await problemOf(await get('/v1/nothing'))).toMatchObject({ status: 404, code: 'NO_SUCH_PATH' });
    const response = await get('/v1/weights');
    expect(response.headers.get('allow')).toBe('POST');
    expect(await problemOf(response)).toMatchObject({ status: 405 });
  });
});

describe('pages', () => {
  test.each([
    ['/docs', 'text/html; charset=utf-8'],
    ['/docs/swagger-ui-bundle.js', 'text/javascript; charset=utf-8'],
    ['/docs/swagger-ui.css', 'text/css; charset=utf-8'],
    ['/', 'text/html; charset=utf-8'],
    ['/dashboard/dashboard.js', 'text/javascript; charset=utf-8'],
    ['/dashboard/dashboard.css', 'text/css; charset=utf-8'],
    ['/report', 'text/html; charset=utf-8'],
  ])('%s', async (path, type) => {
    const response = await get(path, null);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(type);
    expect(response.headers.get('content-security-policy')).toContain("default-src 'self'");
    expect((await response.text()).length).toBeGreaterThan(20);
  });

  test('nothing outside the table is served', async () => {
    for (const path of ['/dashboard/../package.json', '/docs/..%2f..%2fpackage.json', '/package.json', '/constructor'])
      expect((await get(path, null)).status).toBe(404);
  });

  test('a session only for the page that the front serves', async () => {
    const session = (headers: Record<string, string>, method = 'POST') => get('/session', null, { method, headers });
    const good = (await (await session({ 'x-dashboard': '1' })).json()) as { token: string };
    expect((await get('/v1/decisions', good.token)).status).toBe(200);
    expect((await session({})).status).toBe(403);
    expect((await session({ 'x-dashboard': '1', 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await session({ 'x-dashboard': '1' }, 'GET')).status).toBe(403);
  });

  test('a foreign host name is refused (DNS rebinding)', async () => {
    const { port } = new URL(api.front.url);
    const status = await new Promise<number | undefined>((resolve, reject) => {
      httpRequest({ port, host: '127.0.0.1', path: '/v1/health', headers: { host: 'evil.example' } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });
    expect(status).toBe(403);
  });
});

test('a busy port is named, with the remedy', async () => {
  const port = Number(new URL(api.front.url).port);
  const again = serveHttp({ port, host: '127.0.0.1', handler: async () => ({ statusCode: 200 }) });
  await expect(again).rejects.toMatchObject({
    code: 'PORT_BUSY',
    kind: 'badInput',
    facts: { port },
    remedy: expect.stringContaining('--port') as unknown,
  });
});

test('a flipped byte in the model is never served', async () => {
  const broken = await openTestFront();
  try {
    const key = `${broken.strategy}/models/${broken.model.hash}/policy.onnx`;
    const policy = (await broken.store.get(key))?.bytes as Uint8Array;
    policy[policy.length >> 1] ^= 1;
    await broken.store.put(key, policy);
    const response = await fetch(`${broken.front.url}/v1/weights`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await broken.token('weights:read')}`, 'content-type': 'application/json' },
      body: JSON.stringify({ state: broken.state, timestamp: '2026-01-06' }),
    });
    expect(await problemOf(response)).toMatchObject({ status: 503, code: 'INTEGRITY' });
  } finally {
    await broken.close();
  }
});
