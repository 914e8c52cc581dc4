import { createRequire } from 'node:module';
import { defineConfig } from 'hardhat/config';
import { SOLC_SETTINGS, SOLC_VERSION } from './compiler.ts';

// The compiler comes from npm: nothing is fetched.
export default defineConfig({
  paths: { sources: './src', tests: './test', cache: './cache', artifacts: './artifacts' },
  solidity: {
    version: SOLC_VERSION,
    path: createRequire(import.meta.url).resolve('solc/soljson.js'),
    settings: structuredClone(SOLC_SETTINGS),
  },
});
