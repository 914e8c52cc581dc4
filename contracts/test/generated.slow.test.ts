import { expect, test } from '@jest/globals';
import { compile, readGenerated } from '../build.ts';

test('compiling again gives the committed bytes', () => {
  expect(compile() === readGenerated()).toBe(true);
});
