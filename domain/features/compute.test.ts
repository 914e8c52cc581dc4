import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { sha256 } from '../lineage/canonical.ts';
import { type MarketPanel, panelUntil } from '../market/panel.ts';
import { createRandom } from '../simulation/random.ts';
import { computeFeatures } from './compute.ts';
import { DEFAULT_ANCHOR, defaultFeatureSpec } from './default-spec.ts';
import type { EmbeddingHistory } from './embedding-history.ts';
import { fixturePanel } from './fixture-panel.ts';
import type { FeatureTensor } from './spec.ts';

const SESSIONS = 420;
const ASSETS = 6;
const panel = fixturePanel({
  seed: 5,
  sessions: SESSIONS,
  assets: ASSETS,
  listedFrom: { 4: 90 },
  listedUntil: { 5: 380 },
  halts: [
    [1, 300, 3],
    [2, 330, 40],
  ],
});
const spec = defaultFeatureSpec({ hasVolume: true, embeddings: true });
const tensor = computeFeatures(panel, spec, { embeddings: embeddingsOf(panel) });

function embeddingsOf({ dates, symbols }: MarketPanel): EmbeddingHistory {
  const random = createRandom(3);
  const asOf = [dates[100], dates[220], dates[350]].filter(Boolean);
  const vectors = new Float32Array(asOf.length * symbols.length * 4).map(() => random.normal());
  return { dates: asOf, symbols, dimensions: 4, vectors };
}

const at = (of: FeatureTensor, t: number, a: number, name: string): number =>
  of.values[(t * of.symbols.length + a) * of.columns.length + of.columns.indexOf(name)];
/** Name of the first `sessions` sessions, every bit of them. */
const bits = ({ values, anchorLogit, anchorExposure, columns }: FeatureTensor, sessions: number): string =>
  [
    values.subarray(0, sessions * ASSETS * columns.length),
    anchorLogit.subarray(0, sessions * ASSETS),
    anchorExposure.subarray(0, sessions),
  ]
    .map((part) => sha256(new Uint8Array(part.buffer, part.byteOffset, part.byteLength)))
    .join();
const mean = (x: number[]): number => x.reduce((sum, value) => sum + value, 0) / x.length;
const std = (x: number[]): number => Math.sqrt(x.reduce((sum, v) => sum + (v - mean(x)) ** 2, 0) / (x.length - 1));
const clean = fixturePanel({ seed: 9, sessions: 300, assets: 3 });
const cleanTensor = computeFeatures(clean, spec, { embeddings: embeddingsOf(clean) });

/** Naive values at one row, straight from the definitions, on a market without gaps. */
function naive(t: number, a: number): Record<string, number> {
  const r = (asset: number, days: number, skip = 0): number[] =>
    Array.from({ length: days - skip }, (_, k) => clean.returns[(t - days + 1 + k) * 3 + asset]);
  const log = (asset: number, days: number, skip = 0) =>
    r(asset, days, skip).reduce((sum, x) => sum + Math.log(1 + x), 0);
  const prices = (days: number) => Array.from({ length: days }, (_, k) => clean.close[(t - days + 1 + k) * 3 + a]);
  const market = (days: number) => Array.from({ length: days }, (_, k) => mean([0, 1, 2].map((b) => r(b, days)[k])));
  const leastSquares = (days: number) => {
    const [x, m] = [r(a, days), market(days)];
    const cov = x.reduce((sum, v, k) => sum + (v - mean(x)) * (m[k] - mean(m)), 0);
    const ss = m.reduce((sum, v) => sum + (v - mean(m)) ** 2, 0);
    const beta = cov / ss;
    const residual = x.map((v, k) => v - mean(x) - beta * (m[k] - mean(m)));
    return { beta, correlation: cov / Math.sqrt(ss * x.reduce((s, v) => s + (v - mean(x)) ** 2, 0)), residual };
  };
  const s63 = std(r(a, 63));
  const logs = (days: number) => prices(days).map(Math.log);
  const momentum63 = [0, 1, 2].map((b) => log(b, 63) / (std(r(b, 63)) * Math.sqrt(63)));
  const volumes = (days: number) => mean(Array.from({ length: days }, (_, k) => clean.volume[(t - k) * 3 + a]));
  const sigmas = [0, 1, 2].map((b) => std(r(b, 63)));
  const pairs = sigmas.reduce((s, x) => s + x, 0) ** 2 - sigmas.reduce((s, x) => s + x * x, 0);
  return {
    reversal1: -log(a, 1) / s63,
    momentum5: log(a, 5) / (s63 * Math.sqrt(5)),
    momentum21: log(a, 21) / (s63 * Math.sqrt(21)),
    momentum63: momentum63[a],
    momentum126: log(a, 126, 5) / (s63 * Math.sqrt(121)),
    momentum252: log(a, 252, 21) / (s63 * Math.sqrt(231)),
    volatility21: Math.log(std(r(a, 21)) * Math.sqrt(252)),
    volatility63: Math.log(s63 * Math.sqrt(252)),
    volatilityRatio: Math.log(std(r(a, 21)) / std(r(a, 126))),
    drawdown252: clean.close[t * 3 + a] / Math.max(...prices(253)) - 1,
    trend50: (logs(1)[0] - mean(logs(50))) / (s63 * Math.sqrt(50)),
    trend200: (logs(1)[0] - mean(logs(200))) / (s63 * Math.sqrt(200)),
    zscore21: (logs(1)[0] - mean(logs(21))) / std(logs(21)),
    beta252: leastSquares(252).beta,
    correlation63: leastSquares(63).correlation,
    idiosyncraticVolatility63: Math.log(
      Math.sqrt(leastSquares(63).residual.reduce((s, x) => s + x * x, 0) / 61) * Math.sqrt(252),
    ),
    momentum63Rank: momentum63.filter((x) => x < momentum63[a]).length / 2 - 0.5,
    marketMomentum63: market(63).reduce((s, x) => s + Math.log(1 + x), 0) / (std(market(63)) * Math.sqrt(63)),
    marketVolatility21: Math.log(std(market(21)) * Math.sqrt(252)),
    averageCorrelation63: (std(market(63)) ** 2 * 9 - sigmas.reduce((s, x) => s + x * x, 0)) / pairs,
    tradedValue63: Math.log(1 + volumes(63)),
    volumeRatio: Math.log((1 + volumes(21)) / (1 + volumes(126))),
  };
}

describe('features against naive definitions', () => {
  test.each([
    [253, 0],
    [280, 1],
    [299, 2],
  ])('session %i, asset %i', (t, a) => {
    for (const [name, expected] of Object.entries(naive(t, a))) {
      const relative = Math.abs(at(cleanTensor, t, a, name) - expected) / Math.max(1e-3, Math.abs(expected));
      expect({ name, close: relative < 1e-6, expected }).toEqual({ name, close: true, expected });
    }
  });

  test("the anchor is inverse volatility, its exposure the target over today's trailing volatility", () => {
    const t = 290;
    const window = (a: number) => Array.from({ length: 63 }, (_, k) => clean.returns[(t - 62 + k) * 3 + a]);
    const inverse = [0, 1, 2].map((a) => 1 / std(window(a)));
    const weights = inverse.map((x) => x / inverse.reduce((s, y) => s + y, 0));
    const logits = [0, 1, 2].map((a) => cleanTensor.anchorLogit[t * 3 + a]);
    const total = logits.reduce((s, x) => s + Math.exp(x), 0);
    expect(mean(logits)).toBeCloseTo(0, 6);
    logits.forEach((x, a) => {
      expect(Math.exp(x) / total).toBeCloseTo(weights[a], 6);
    });
    const path = Array.from({ length: 63 }, (_, k) => weights.reduce((s, w, a) => s + w * window(a)[k], 0));
    const expected = Math.min(0, Math.log(DEFAULT_ANCHOR.targetVolatility / (std(path) * Math.sqrt(252))));
    expect(cleanTensor.anchorExposure[t]).toBeCloseTo(expected, 6);
  });
});

test('an anchor of equal weights has no tilt, and the exposure of that portfolio', () => {
  const t = 290;
  const equal = computeFeatures(
    clean,
    { ...spec, anchor: { ...DEFAULT_ANCHOR, baseline: 'equalWeight' } },
    { embeddings: embeddingsOf(clean) },
  );
  expect([0, 1, 2].map((a) => equal.anchorLogit[t * 3 + a])).toEqual([0, 0, 0]);
  const path = Array.from({ length: 63 }, (_, k) => mean([0, 1, 2].map((a) => clean.returns[(t - 62 + k) * 3 + a])));
  const expected = Math.min(0, Math.log(DEFAULT_ANCHOR.targetVolatility / (std(path) * Math.sqrt(252))));
  expect(equal.anchorExposure[t]).toBeCloseTo(expected, 6);
  // where no volatility is known yet, there is no anchor
  expect(equal.anchorLogit[10 * 3]).toBeNaN();
});

describe('causality', () => {
  test('computing until t gives the first t sessions of computing on all, bit for bit', () => {
    const embeddings = embeddingsOf(panel);
    for (const end of [64, 301, 381, 400]) {
      const part = computeFeatures(panelUntil(panel, end), spec, { embeddings });
      expect(bits(part, end)).toBe(bits(tensor, end));
    }
  });

  test('a changed future (prices, volumes, halts, embeddings) leaves the past bit-identical', () => {
    const embeddings = embeddingsOf(panel);
    const change = fc.record({
      from: fc.integer({ min: 255, max: 410 }),
      scale: fc.double({ min: 0.5, max: 3, noNaN: true }),
    });
    fc.assert(
      fc.property(change, fc.nat(6), ({ from, scale }, halted) => {
        const later = (values: Float64Array, map: (x: number) => number) =>
          values.map((x, i) => (i >= from * ASSETS ? map(x) : x));
        const other = computeFeatures(
          {
            ...panel,
            returns: later(panel.returns, (r) => r * scale + 0.001),
            close: later(panel.close, (x) => x * scale),
            volume: later(panel.volume, (x) => x / scale),
            tradable: panel.tradable.map((x, i) => (i >= from * ASSETS && i % 7 === halted ? 0 : x)),
          },
          spec,
          {
            embeddings: {
              ...embeddings,
              vectors: embeddings.vectors.map((x, i) =>
                embeddings.dates[Math.floor(i / (ASSETS * 4))] >= panel.dates[from] ? x + scale : x,
              ),
            },
          },
        );
        expect(bits(other, from)).toBe(bits(tensor, from));
        expect(bits(other, SESSIONS)).not.toBe(bits(tensor, SESSIONS));
      }),
      { numRuns: 6 },
    );
  });
});

describe('what is not known stays NaN', () => {
  const known = (t: number, a: number, name: string) => !Number.isNaN(at(tensor, t, a, name));

  test('before the look-back is full', () => {
    expect(known(62, 0, 'volatility63')).toBe(false);
    expect(known(63, 0, 'volatility63')).toBe(true);
    expect(known(251, 0, 'momentum252')).toBe(false);
    expect(known(252, 0, 'momentum252')).toBe(true);
  });

  test('a late listing counts from its own first bar; after delisting nothing is known', () => {
    expect(known(90 + 62, 4, 'volatility63')).toBe(false);
    expect(known(90 + 63, 4, 'volatility63')).toBe(true);
    expect(known(379, 5, 'momentum252')).toBe(true);
    expect(known(380, 5, 'reversal1')).toBe(false);
  });

  test('on a halted session; after a short halt at once again, its returns counted once', () => {
    expect(known(301, 1, 'reversal1')).toBe(false);
    expect(known(303, 1, 'momentum252')).toBe(true);
  });

  test('a long halt starts the history anew', () => {
    expect(known(370, 2, 'volatility21')).toBe(false);
    expect(known(391, 2, 'volatility21')).toBe(true);
    expect(known(391, 2, 'volatility63')).toBe(false);
  });

  test('peers are not known before the first embeddings', () => {
    expect(known(99, 0, 'peerMomentum63')).toBe(false);
    expect(known(100, 0, 'peerMomentum63')).toBe(true);
  });
});

describe('bad bars stop the line', () => {
  const broken = (field: 'returns' | 'close' | 'volume', value: number) => {
    const values = panel[field].slice();
    values[200 * ASSETS + 3] = value;
    return () => computeFeatures({ ...panel, [field]: values }, spec, { embeddings: embeddingsOf(panel) });
  };
  test.each([
    ['returns', Number.NaN, 'return'],
    ['returns', -1, 'return'],
    ['close', Number.NaN, 'close'],
    ['close', -4, 'close'],
    ['volume', Number.POSITIVE_INFINITY, 'volume'],
    ['volume', -1, 'volume'],
  ] as const)('%s of %d', (field, value, named) => {
    expect(broken(field, value)).toThrow(
      expect.objectContaining({
        code: 'FEATURES_NOT_FINITE',
        facts: expect.objectContaining({ asset: 'S03', day: panel.dates[200], field: named }),
      }),
    );
  });

  test('a spec with an unknown column, missing embeddings, and an empty panel are refused', () => {
    const columns = [...spec.columns, { name: 'tomorrow', description: '', lookbackDays: 0 }];
    expect(() => computeFeatures(panel, { ...spec, columns }, { embeddings: embeddingsOf(panel) })).toThrow(
      expect.objectContaining({ code: 'FEATURES_UNKNOWN_COLUMN' }),
    );
    expect(() => computeFeatures(panel, spec)).toThrow(expect.objectContaining({ code: 'FEATURES_NEED_EMBEDDINGS' }));
    expect(() => computeFeatures(panelUntil(panel, 0), spec)).toThrow(
      expect.objectContaining({ code: 'FEATURES_EMPTY_PANEL' }),
    );
  });
});

test('an asset whose price is pegged has finite features and a finite anchor', () => {
  const pegged = fixturePanel({ seed: 2, sessions: 300, assets: 3 });
  for (let t = 0; t < 300; t++) {
    pegged.close[t * 3 + 1] = 1;
    pegged.returns[t * 3 + 1] = 0;
  }
  const features = computeFeatures(pegged, spec, { embeddings: embeddingsOf(pegged) });
  for (const name of spec.columns.map((column) => column.name)) {
    expect([name, Number.isFinite(at(features, 299, 1, name))]).toEqual([name, true]);
  }
  expect(Number.isFinite(features.anchorLogit[299 * 3 + 1])).toBe(true);
});

test('every default spec has at least 12 columns, and volume and peers only where the data have them', () => {
  const bare = defaultFeatureSpec({ hasVolume: false, embeddings: false }).columns.map(({ name }) => name);
  expect(bare.length).toBeGreaterThanOrEqual(19);
  expect(bare).not.toContain('peerMomentum63');
  expect(bare).not.toContain('tradedValue63');
  expect(spec.columns.map(({ name }) => name)).toEqual(
    expect.arrayContaining([...bare, 'peerSpread63', 'tradedValue63Rank']),
  );
});
