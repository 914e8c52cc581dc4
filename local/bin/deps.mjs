#!/usr/bin/env node
import { ROOT, runUnderNode24 } from './node24.mjs';

process.exit(
  await runUnderNode24([
    '--disable-warning=ExperimentalWarning',
    `${ROOT}local/bin/import-rules.mjs`,
    ...process.argv.slice(2),
  ]),
);
