import { deflateRawSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ProductError } from '../../domain/errors.ts';
import { decodeText } from './decode.ts';
import { zipOf } from './zip-fixture.ts';

const TEXT = 'Date,USD,\n2026-10-30,1.1172,\n'.repeat(50);
const bytes = new TextEncoder().encode(TEXT);

describe('text of a file', () => {
  test('is itself, or what gzip or zip hold', () => {
    expect(decodeText(bytes, 'a.csv')).toBe(TEXT);
    expect(decodeText(gzipSync(bytes), 'a.csv')).toBe(TEXT);
    expect(decodeText(zipOf('a.csv', bytes, deflateRawSync(bytes)), 'a.zip')).toBe(TEXT);
    expect(decodeText(zipOf('a.csv', bytes, null), 'a.zip')).toBe(TEXT);
  });

  test('of a truncated gzip is an error that says so', () => {
    const whole = gzipSync(bytes);
    for (const length of [3, 12, whole.length - 20, whole.length - 1]) {
      expect(() => decodeText(whole.subarray(0, length), 'bars.csv.gz')).toThrow(
        expect.objectContaining({
          code: 'GZIP_TRUNCATED',
          kind: 'badInput',
          facts: expect.objectContaining({ file: 'bars.csv.gz' }),
        }),
      );
    }
  });

  test.each<[string, Uint8Array, string]>([
    ['empty', new Uint8Array(), 'CSV_EMPTY'],
    ['not gzip under the name of one', bytes, 'GZIP_CORRUPT'],
    ['not UTF-8', Uint8Array.of(0x41, 0xff, 0xfe), 'FILE_NOT_TEXT'],
  ])('that is %s is an error', (_, content, code) => {
    const name = code === 'GZIP_CORRUPT' ? 'a.csv.gz' : 'a.csv';
    expect(() => decodeText(content, name)).toThrow(expect.objectContaining({ code, kind: 'badInput' }));
  });

  test('of a damaged zip is an error', () => {
    const whole = zipOf('a.csv', bytes, deflateRawSync(bytes));
    expect(() => decodeText(whole.subarray(0, whole.length - 5), 'a.zip')).toThrow(
      expect.objectContaining({ code: 'ZIP_UNREADABLE' }),
    );
  });

  test('only product errors escape, whatever the bytes', () => {
    const archives = [gzipSync(bytes), zipOf('a.csv', bytes, deflateRawSync(bytes)), zipOf('a.csv', bytes, null)];
    fc.assert(
      fc.property(
        fc.constantFrom(...archives),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        fc.nat(),
        (archive, at, flip, cut) => {
          const bad = Uint8Array.from(archive.subarray(0, archive.length - (cut % 30)));
          bad[at % bad.length] ^= flip;
          try {
            expect(typeof decodeText(bad, 'a')).toBe('string');
          } catch (error) {
            expect(error).toBeInstanceOf(ProductError);
          }
        },
      ),
      { numRuns: 500, seed: 2 },
    );
  });
});
