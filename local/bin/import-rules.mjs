// Checks .dependency-cruiser.cjs. dependency-cruiser reads TypeScript through the compiler's JavaScript API, which TypeScript 7 no longer
// has; so it is given a copy of the sources with the types stripped by Node itself. Imports of types are kept as imports in the copy:
// the rules hold for them too. Cycles are looked for in a second copy, without them: a cycle of types alone costs nothing.
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cruise } from 'dependency-cruiser';

const root = fileURLToPath(new URL('../../', import.meta.url));
const FOLDERS = [
  'adapters',
  'bench',
  'cdk',
  'config',
  'contracts',
  'dashboard',
  'domain',
  'e2e',
  'functions',
  'graph',
  'local',
  'training-container',
];
const SKIPPED = /(^|\/)(node_modules|cdk\.out)\/|^contracts\/(artifacts|cache)\/|^dashboard\/public\//;
const rules = (await import(join(root, '.dependency-cruiser.cjs'))).default;

const asJs = (path) => path.replace(/\.ts$/, '.js');
const asTs = (path) => path.replace(/\.js$/, '.ts');
const SPECIFIER = /(\bfrom\s*|\bimport\s*\(?\s*)(['"])(\.[^'"\n]*)\.ts\2/g;
const TYPE_STATEMENT = /^(\s*)(import|export)\s+type\s+(?=[{*\w])(?=[^;=]*?\bfrom\b)/gm;

function mirror(keepTypeImports) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'drl-imports-')));
  cpSync(join(root, 'package.json'), join(folder, 'package.json'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
  for (const top of FOLDERS) {
    for (const entry of list(join(root, top))) {
      const path = join(entry.parentPath, entry.name).slice(root.length).replaceAll('\\', '/');
      if (!entry.isFile() || SKIPPED.test(path) || !/\.(ts|mjs|cjs|js|json)$/.test(path) || path.endsWith('.d.ts'))
        continue;
      const target = join(folder, asJs(path));
      mkdirSync(dirname(target), { recursive: true });
      const source = readFileSync(join(root, path), 'utf8');
      try {
        writeFileSync(target, path.endsWith('.ts') ? javascriptOf(source, keepTypeImports) : source);
      } catch (error) {
        console.error(`${path}: ${error.message}`);
        process.exit(1);
      }
    }
  }
  return folder;
}

const list = (path) => {
  try {
    return readdirSync(path, { recursive: true, withFileTypes: true });
  } catch {
    return []; // a folder that is not there yet has no rules to break
  }
};

const javascriptOf = (source, keepTypeImports) =>
  stripTypeScriptTypes(keepTypeImports ? source.replace(TYPE_STATEMENT, '$1$2 ') : source, { mode: 'strip' }).replace(
    SPECIFIER,
    '$1$2$3.js$2',
  );

async function violations(keepTypeImports, wanted) {
  const folder = mirror(keepTypeImports);
  const here = process.cwd();
  try {
    process.chdir(folder);
    const forbidden = rules.forbidden.filter(wanted).map(withJs);
    const present = FOLDERS.filter((top) => list(join(folder, top)).length > 0);
    const options = { ...rules.options, ruleSet: { forbidden }, validate: true, baseDir: folder, outputType: 'json' };
    const { output } = await cruise(present, options, {
      ...rules.options.enhancedResolveOptions,
      extensions: ['.js', '.mjs', '.json'],
    });
    const { summary } = JSON.parse(output);
    return { modules: summary.totalCruised, found: summary.violations };
  } finally {
    process.chdir(here);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The rules speak of .ts files; in the copy these are .js. */
const withJs = (rule) => JSON.parse(JSON.stringify(rule).replaceAll('\\\\.ts', '\\\\.js'));

const cyclic = (rule) => rule.name === 'no-cycles';
const boundaries = await violations(true, (rule) => !cyclic(rule));
const cycles = await violations(false, cyclic);
const found = [...boundaries.found, ...cycles.found];
const comment = (name) => rules.forbidden.find((rule) => rule.name === name)?.comment ?? '';
for (const { rule, from, to, cycle } of found) {
  const way = cycle ? cycle.map((step) => asTs(step.name)).join(' -> ') : asTs(to);
  console.error(`${asTs(from)} -> ${way}\n  ${rule.name}: ${comment(rule.name)}`);
}
console.log(
  found.length === 0
    ? `${boundaries.modules} modules and packages keep the import rules`
    : `${found.length} imports break the rules`,
);
process.exit(found.length === 0 ? 0 : 1);
