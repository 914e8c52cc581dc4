import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Sources of ambient time and randomness, and the doors to the outside that an import rule cannot see. */
const AMBIENT: [string, RegExp][] = [
  ['Date.now', /\bDate\s*\.\s*now\b/],
  ['new Date() without a value', /\bnew\s+Date\b\s*(\(\s*\)|(?![\s(]))/],
  ['Date as a function', /(?<!new\s)(?<![\w.])Date\s*\(/],
  ['Math.random', /\bMath\s*(\.\s*random\b|\[)/],
  ['performance', /\bperformance\s*\./],
  ['crypto randomness', /\b(randomUUID|randomBytes|randomInt|getRandomValues|webcrypto)\b/],
  ['process', /(?<![\w.'"])process\s*[.[]/],
  ['globalThis', /\bglobalThis\b/],
  ['timers', /\b(setTimeout|setInterval|setImmediate)\s*\(/],
  ['fetch', /(?<![\w.])fetch\s*\(/],
  [
    'locale-dependent order or text',
    /\.(localeCompare|toLocaleString|toLocaleDateString|toLocaleUpperCase|toLocaleLowerCase)\s*\(/,
  ],
];

/** Source without comments and without the text of strings, so that prose may name what code may not use. */
const codeOf = (source: string): string =>
  source
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/(^|[^:'"`\\])\/\/.*$/gm, '$1')
    .replaceAll(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, "''");

const ambientIn = (source: string): string[] => {
  const code = codeOf(source);
  return AMBIENT.flatMap(([name, pattern]) => (pattern.test(code) ? [name] : []));
};

test('domain/ has no ambient clock, no ambient randomness and no door to the outside', () => {
  const files = readdirSync(join(root, 'domain'), { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !/\.(test|bench)\.ts$/.test(file),
  );
  expect(files.length).toBeGreaterThan(10);
  const found = files.flatMap((file) =>
    ambientIn(readFileSync(join(root, 'domain', file), 'utf8')).map((name) => `domain/${file}: ${name}`),
  );
  expect(found).toEqual([]);
});

describe('the check sees', () => {
  test.each([
    ['Date.now()', 'Date.now'],
    ['const t = new Date();', 'new Date() without a value'],
    ['const t = new Date;', 'new Date() without a value'],
    ['const s = Date();', 'Date as a function'],
    ['Math.random()', 'Math.random'],
    ["Math['random']()", 'Math.random'],
    ['performance.now()', 'performance'],
    ['randomUUID()', 'crypto randomness'],
    ['process.env.X', 'process'],
    ['setTimeout(f, 1)', 'timers'],
    ['await fetch(url)', 'fetch'],
    ['names.sort((a, b) => a.localeCompare(b))', 'locale-dependent order or text'],
  ])('%s', (code, name) => {
    expect(ambientIn(code)).toContain(name);
  });

  test.each([
    "new Date('2024-01-01')",
    'new Date(Date.UTC(2024, 0, 1))',
    '// Date.now is forbidden here',
    "throw new Error('no Math.random')",
    '/* fetch( */ provider.fetch(date)',
    'random.next()',
  ])('but not: %s', (code) => {
    expect(ambientIn(code)).toEqual([]);
  });
});
