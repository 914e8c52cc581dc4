#!/usr/bin/env node
import { ROOT, runUnderNode24 } from './node24.mjs';

const [suite = 'quick', ...rest] = process.argv.slice(2);
process.exit(
  await runUnderNode24(
    [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      `${ROOT}node_modules/jest/bin/jest.js`,
      ...rest,
    ],
    { DRL_TEST_SUITE: suite },
  ),
);
