import { expect, test } from '@jest/globals';
import { failureOf } from './corruptions-check-fixture.ts';
import { CORRUPTIONS } from './corruptions-fixture.ts';

const TIMES = process.env.DRL_SAMPLE === '1' ? 50 : 1000;

test.each(Object.keys(CORRUPTIONS))(
  `${TIMES} times: %s`,
  (name) => {
    const failures = Array.from({ length: TIMES }, (_, seed) => failureOf(CORRUPTIONS[name], 1000 + seed)).filter(
      Boolean,
    );
    expect(failures).toEqual([]);
  },
  600_000,
);
