import { expect, test } from '@jest/globals';
import { readGenerated, sourceHash } from '../build.ts';
import { SOLC_SETTINGS, SOLC_VERSION } from '../compiler.ts';
import { COMPILER, SOURCE_HASH } from '../generated/portfolio.ts';

test('the committed interface and bytecode are of these sources, compiler and options', () => {
  expect({ hash: SOURCE_HASH, remedy: 'npm run contracts:build' }).toEqual({
    hash: sourceHash(),
    remedy: 'npm run contracts:build',
  });
  expect(COMPILER.version.startsWith(`${SOLC_VERSION}+`)).toBe(true);
  expect(COMPILER.settings).toEqual(SOLC_SETTINGS);
  expect(readGenerated()).toContain(SOURCE_HASH);
});
