#!/usr/bin/env node
import { ROOT, runUnderNode24 } from '../../local/bin/node24.mjs';

// `npm run evidence -- <name> [--seeds N] [--json]`: the studies behind the figures under docs/evidence/.
const main = `${ROOT}bench/evidence/main.ts`;
process.exit(await runUnderNode24(['--disable-warning=ExperimentalWarning', main, ...process.argv.slice(2)]));
