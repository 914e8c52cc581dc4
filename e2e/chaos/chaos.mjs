#!/usr/bin/env node
import { ROOT, runUnderNode24 } from '../../local/bin/node24.mjs';

// `npm run chaos -- <suite> [--times n] [--seed s] [--minutes m] [--json]`
process.exit(
  await runUnderNode24(['--disable-warning=ExperimentalWarning', `${ROOT}e2e/chaos/main.ts`, ...process.argv.slice(2)]),
);
