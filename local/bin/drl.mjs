#!/usr/bin/env node
import { ROOT, runUnderNode24 } from './node24.mjs';

const quiet = ['--disable-warning=ExperimentalWarning'];
process.exit(await runUnderNode24([...quiet, `${ROOT}local/main.ts`, ...process.argv.slice(2)]));
