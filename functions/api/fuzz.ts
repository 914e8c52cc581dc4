import { expect } from '@jest/globals';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import fc from 'fast-check';
import type { HttpHandler } from '../middleware/http.ts';
import { apiEvent } from './event-fixture.ts';
import { ROUTES } from './routes.ts';
import { problem, weightsResponse } from './schemas.ts';

/** Numbers that have broken parsers before, as they would stand in a JSON text. */
const RAW_NUMBERS = [
  'NaN',
  'Infinity',
  '-Infinity',
  '1e39',
  '-1e308',
  '1e999',
  '00',
  '0x10',
  '-0',
  '.5',
  '1.',
  '9007199254740993',
  '1e-400',
];

const cell = fc.oneof(
  fc.double({ min: -6, max: 6, noNaN: true }),
  fc.constantFrom(0, 1, -1, 0.5),
  fc.double(),
  fc.anything({ maxDepth: 1 }),
);

/** The valid body with one thing wrong, any JSON, almost-JSON, or any text at all. */
function bodies(state: number[][]): fc.Arbitrary<string> {
  const text = JSON.stringify({ state, timestamp: '2026-01-06' });
  const changed = fc.tuple(fc.nat(state.length), fc.nat(state[0].length), cell).map(([a, f, value]) =>
    JSON.stringify({
      state: state.map((row, i) => (i === a ? row.map((x, j) => (j === f ? value : x)) : row)),
      timestamp: '2026-01-06',
    }),
  );
  const cut = fc.nat(text.length).map((at) => text.slice(0, at));
  const spliced = fc
    .tuple(fc.nat(text.length), fc.constantFrom(...RAW_NUMBERS, '"', '{', ']', ',', '\u0000', '\\u0000'))
    .map(([at, part]) => text.slice(0, at) + part + text.slice(at));
  const shaped = fc
    .array(fc.array(cell, { maxLength: 32 }), { maxLength: 8 })
    .map((rows) => JSON.stringify({ state: rows, timestamp: '2026-01-06' }));
  const dated = fc
    .oneof(fc.string(), fc.constantFrom('2026-01-05', '2026-01-02', '2026-02-30', '../..'))
    .map((date) => JSON.stringify({ date }));
  return fc.oneof(
    fc.constant(text),
    changed,
    changed,
    cut,
    spliced,
    shaped,
    dated,
    fc.json(),
    fc.string({ unit: 'binary' }),
  );
}

function events(state: number[][], token: string): fc.Arbitrary<APIGatewayProxyEventV2> {
  const paths = fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(...ROUTES.map((route) => route.path)) },
    { weight: 2, arbitrary: fc.constantFrom('f'.repeat(64), '%00', '..', '').map((hash) => `/v1/models/${hash}`) },
    { weight: 1, arbitrary: fc.webPath() },
  );
  const header = fc.oneof(
    { weight: 8, arbitrary: fc.constant(`Bearer ${token}`) },
    { weight: 2, arbitrary: fc.string() },
    { weight: 1, arbitrary: fc.string().map((text) => `Bearer ${text}`) },
  );
  const type = fc.oneof(
    { weight: 8, arbitrary: fc.constant('application/json') },
    { weight: 1, arbitrary: fc.string() },
  );
  return fc
    .record({
      method: fc.constantFrom('GET', 'POST', 'POST', 'POST', 'PUT', 'DELETE', 'OPTIONS'),
      path: fc.oneof({ weight: 3, arbitrary: fc.constant('/v1/weights') }, { weight: 2, arbitrary: paths }),
      authorization: header,
      type,
      body: bodies(state),
      base64: fc.boolean(),
      query: fc.dictionary(fc.constantFrom('limit', 'page', '__proto__'), fc.string(), { maxKeys: 2 }),
    })
    .map(({ method, path, authorization, type: contentType, body, base64, query }) =>
      apiEvent({
        method,
        path,
        headers: { authorization, 'content-type': contentType },
        query,
        body: base64 && body.length % 2 === 0 ? Buffer.from(body).toString('base64') : body,
        base64,
      }),
    );
}

const LEAK = /node_modules|\.ts:\d|\bat \w+ \(|\/(home|root|work|tmp|usr)\//;

/** Send `runs` generated requests: never a 5xx, always JSON, problem+json on every error, only sane weights, nothing of the inside. */
export async function fuzzApi(
  handler: HttpHandler,
  state: number[][],
  token: string,
  runs: number,
  seed: number,
): Promise<Record<number, number>> {
  const statuses: Record<number, number> = {};
  await fc.assert(
    fc.asyncProperty(events(state, token), async (event) => {
      const { statusCode = 0, headers = {}, body = '' } = await handler(event);
      statuses[statusCode] = (statuses[statusCode] ?? 0) + 1;
      expect(statusCode).toBeLessThan(500);
      const answer: unknown = JSON.parse(body);
      if (statusCode !== 200) {
        expect(headers['content-type']).toBe('application/problem+json; charset=utf-8');
        expect(problem.parse(answer).status).toBe(statusCode);
        expect(body).not.toMatch(LEAK);
      } else if (event.rawPath === '/v1/weights') {
        const { weights } = weightsResponse.parse(answer);
        expect(Math.abs(Object.values(weights).reduce((sum, weight) => sum + weight, 0) - 1)).toBeLessThan(1e-6);
      }
    }),
    { numRuns: runs, seed },
  );
  return statuses;
}
