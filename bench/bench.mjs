#!/usr/bin/env node
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ROOT, runUnderNode24 } from '../local/bin/node24.mjs';

// `npm run bench -- <name> [--json]`: runs bench/<name>.bench.ts. Benchmarks print figures; they are never tests.
const here = fileURLToPath(new URL('./', import.meta.url));
const names = readdirSync(here)
  .filter((file) => file.endsWith('.bench.ts'))
  .map((file) => file.slice(0, -'.bench.ts'.length))
  .sort();
const [name, ...rest] = process.argv.slice(2);
if (!names.includes(name)) {
  console.error(`usage: npm run bench -- <name> [--json]\nnames: ${names.join(', ')}`);
  process.exit(2);
}
process.exit(await runUnderNode24(['--disable-warning=ExperimentalWarning', `${ROOT}bench/${name}.bench.ts`, ...rest]));
