import { expect, test } from '@jest/globals';
import { failureOf } from './corruptions-check-fixture.ts';
import { CORRUPTIONS } from './corruptions-fixture.ts';

test.each(Object.keys(CORRUPTIONS))(
  '1,000 times: %s',
  (name) => {
    const failures = Array.from({ length: 1000 }, (_, seed) => failureOf(CORRUPTIONS[name], 1000 + seed)).filter(
      Boolean,
    );
    expect(failures).toEqual([]);
  },
  120_000,
);
