import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ProductError } from '../domain/errors.ts';
import { listUniverses, loadSettings } from './load.ts';
import { STAGES } from './schema.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
let home: string;

const failure = (run: () => unknown): ProductError => {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(ProductError);
    return error as ProductError;
  }
  throw new Error('nothing was refused');
};
const file = (name: string, content: unknown): string => {
  const path = join(home, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
};

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'drl-config-'));
  mkdirSync(join(home, 'universes'));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe('loadSettings', () => {
  test('reads the bundled configuration: every stage has a place to compute', () => {
    const settings = loadSettings({ root });
    expect(settings.universe.id).toBe(settings.config.universe);
    expect(settings.profile.id).toBe(settings.config.profile);
    expect(Object.keys(settings.compute).sort()).toEqual([...STAGES].sort());
  });

  test('every bundled universe and profile is usable', () => {
    for (const universe of listUniverses({ root })) expect(loadSettings({ root, universe }).universe.id).toBe(universe);
    for (const profile of ['quick', 'full']) expect(loadSettings({ root, profile }).profile.id).toBe(profile);
  });

  test('the baseline that policies tilt is chosen in a file, and an unknown one is refused', () => {
    const anchor = { baseline: 'equalWeight', volatilityDays: 63, targetVolatility: 0.1 };
    expect(loadSettings({ root, configFile: file('anchor.json', { anchor }) }).universe.anchor).toEqual(anchor);
    const configFile = file('best.json', { anchor: { ...anchor, baseline: 'best' } });
    expect(failure(() => loadSettings({ root, configFile }))).toMatchObject({
      code: 'CONFIG_VALUE',
      facts: { field: 'anchor.baseline', value: 'best' },
    });
  });

  test('a file is laid over the bundled one, the command line over both; undefined means not said', () => {
    const configFile = file('mine.json', {
      strategy: 'mine',
      api: { port: 9000 },
      limits: { maxWeight: 0.2 },
      training: { hidden: 32 },
      embeddings: { algorithm: 'graphsage' },
      graph: { neighbourhoodHops: 2 },
    });
    const { config, universe, profile } = loadSettings({
      root,
      configFile,
      overrides: { strategy: 'other', universe: undefined, api: { port: undefined } },
    });
    expect(config.strategy).toBe('other');
    expect(config.api.port).toBe(9000);
    expect(config.api.issuer).toBe('drl-portfolio');
    expect(universe.limits.maxWeight).toBe(0.2);
    expect(profile.training.hidden).toBe(32);
    expect(profile.embeddings).toMatchObject({ algorithm: 'graphsage', dimensions: 128 });
    expect(profile.graph).toMatchObject({ neighbourhoodHops: 2, correlationDays: 252 });
  });

  test('a universe of the home is found by its id', () => {
    const bundled = loadSettings({ root }).universe;
    file('universes/user.json', { ...bundled, id: 'user', provider: { kind: 'folder', path: 'imports/user' } });
    expect(loadSettings({ root, home, universe: 'user' }).universe.provider).toEqual({
      kind: 'folder',
      path: 'imports/user',
    });
    expect(listUniverses({ root, home })).toContain('user');
  });
});

describe('refusals name file, field and remedy, and exit as bad input', () => {
  const cases: [string, () => unknown, string, Record<string, unknown>][] = [
    [
      'an unknown key',
      () => loadSettings({ root, configFile: file('a.json', { chain: { rpcurl: 'x' } }) }),
      'CONFIG_UNKNOWN_KEY',
      { field: 'chain.rpcurl' },
    ],
    [
      'an unknown key at the top',
      () => loadSettings({ root, configFile: file('b.json', { stratgy: 'x' }) }),
      'CONFIG_UNKNOWN_KEY',
      { field: 'stratgy' },
    ],
    [
      'an unknown limit',
      () => loadSettings({ root, configFile: file('c.json', { limits: { maxWieght: 0.1 } }) }),
      'CONFIG_UNKNOWN_KEY',
      { field: 'limits.maxWieght' },
    ],
    [
      'an unknown hyper-parameter',
      () => loadSettings({ root, configFile: file('h.json', { training: { learningRte: 0.1 } }) }),
      'CONFIG_UNKNOWN_KEY',
      { field: 'training.learningRte', known: expect.arrayContaining(['learningRate', 'clipCoef']) },
    ],
    [
      'a hyper-parameter of another learner',
      () => loadSettings({ root, configFile: file('i.json', { training: { algorithm: 'direct', clipCoef: 0.1 } }) }),
      'CONFIG_UNKNOWN_KEY',
      { field: 'training.clipCoef', known: expect.not.arrayContaining(['clipCoef']) },
    ],
    [
      'a value of the wrong type',
      () => loadSettings({ root, configFile: file('d.json', { api: { port: 'http' } }) }),
      'CONFIG_VALUE',
      { field: 'api.port', value: 'http' },
    ],
    [
      'a cap of nothing',
      () => loadSettings({ root, configFile: file('e.json', { limits: { maxGross: 0 } }) }),
      'CONFIG_LIMITS',
      { field: 'limits.maxGross', value: 0 },
    ],
    [
      'a drawdown budget above the hard limit',
      () =>
        loadSettings({ root, configFile: file('f.json', { limits: { drawdown: { budget: 0.3, hardLimit: 0.2 } } }) }),
      'CONFIG_VALUE',
      { field: 'limits.drawdown.budget' },
    ],
    [
      'text that is not JSON',
      () => loadSettings({ root, configFile: file('g.json', '{ "strategy": ') }),
      'CONFIG_JSON',
      {},
    ],
    [
      'a missing file',
      () => loadSettings({ root, configFile: join(home, 'none.json') }),
      'CONFIG_FILE',
      { problem: 'ENOENT' },
    ],
  ];
  test.each(cases)('%s', (_name, run, code, facts) => {
    const error = failure(run);
    expect(error.code).toBe(code);
    expect(error.kind).toBe('badInput');
    expect(error.facts).toMatchObject(facts);
    expect(String(error.facts.file)).toContain(home);
    expect(error.remedy).toBeTruthy();
  });

  test('a key that is nearly a known one is answered with that one', () => {
    const remedyOf = (name: string, value: unknown): string | undefined =>
      failure(() => loadSettings({ root, configFile: file(name, value) })).remedy;
    expect(remedyOf('j.json', { training: { learningRte: 0.1 } })).toContain('Did you mean learningRate?');
    expect(remedyOf('k.json', { limits: { maxWieght: 0.1 } })).toContain('Did you mean maxWeight?');
    expect(remedyOf('l.json', { training: { momentum: 0.9 } })).not.toContain('Did you mean');
  });

  test('an unknown universe or profile lists the known ones', () => {
    expect(failure(() => loadSettings({ root, universe: 'nope' })).facts).toMatchObject({
      universe: 'nope',
      known: listUniverses({ root }),
    });
    expect(failure(() => loadSettings({ root, profile: 'nope' })).facts).toMatchObject({ known: ['full', 'quick'] });
  });

  test('a value from the command line is blamed on the command line', () => {
    expect(failure(() => loadSettings({ root, overrides: { strategy: 'No Spaces' } })).facts).toMatchObject({
      file: 'command line or environment',
      field: 'strategy',
    });
  });

  test('a member that no file can have, such as one in small letters, is refused: it would be left out without a word', () => {
    file('universes/small.json', { ...loadSettings({ root }).universe, id: 'small', members: ['EUR', 'gbp'] });
    expect(failure(() => loadSettings({ root, home, universe: 'small' }))).toMatchObject({
      code: 'CONFIG_VALUE',
      facts: { file: 'universes/small.json', field: 'members.1', value: 'gbp' },
    });
  });

  test('a universe whose id is not its file name', () => {
    file('universes/renamed.json', loadSettings({ root }).universe);
    expect(failure(() => loadSettings({ root, home, universe: 'renamed' })).facts).toMatchObject({
      file: 'universes/renamed.json',
      field: 'id',
    });
  });
});
