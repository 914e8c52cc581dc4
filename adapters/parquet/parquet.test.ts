import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { ProductError } from '../../domain/errors.ts';
import { readTable, tableColumns, writeTable } from './parquet.ts';

const columns = {
  symbol: { type: 'STRING' as const, data: ['EUR', 'JPY', 'EUR'] },
  close: { type: 'DOUBLE' as const, data: Float64Array.of(1.1, Number.NaN, 0.007) },
  weight: { type: 'FLOAT' as const, data: Float32Array.of(0.1, 0.2, 0.3) },
  line: { type: 'INT32' as const, data: Int32Array.of(1, -2, 3) },
  open: { type: 'BOOLEAN' as const, data: [true, false, true] },
};

describe('parquet tables', () => {
  test('come back as they went in, numbers as typed arrays', async () => {
    const table = await readTable(writeTable(columns));
    expect(table.symbol).toEqual(columns.symbol.data);
    expect(table.close).toBeInstanceOf(Float64Array);
    expect(Array.from(table.close as Float64Array)).toEqual([1.1, Number.NaN, 0.007]);
    expect(table.weight).toEqual(columns.weight.data);
    expect(table.line).toEqual(columns.line.data);
    expect(table.open).toEqual([true, false, true]);
  });

  test('have the same bytes for the same columns', () => {
    expect(Buffer.from(writeTable(columns)).equals(Buffer.from(writeTable(columns)))).toBe(true);
  });

  test('may have no row', async () => {
    const bytes = writeTable({
      reason: { type: 'STRING', data: [] },
      line: { type: 'INT32', data: new Int32Array(0) },
    });
    const table = await readTable(bytes);
    expect(tableColumns(bytes)).toEqual(['reason', 'line']);
    expect(table.reason.length).toBe(0);
    expect(table.line).toBeInstanceOf(Int32Array);
  });

  test('span several row groups', async () => {
    const n = 300_001;
    const data = Float64Array.from({ length: n }, (_, i) => i / 7);
    const table = await readTable(writeTable({ x: { type: 'DOUBLE', data } }));
    expect(Buffer.from((table.x as Float64Array).buffer).equals(Buffer.from(data.buffer))).toBe(true);
  });

  test('can be read by column; a column that is not there is named', async () => {
    expect(Object.keys(await readTable(writeTable(columns), ['close']))).toEqual(['close']);
    await expect(readTable(writeTable(columns), ['volume'])).rejects.toMatchObject({
      code: 'PARQUET_COLUMN',
      facts: { column: 'volume' },
    });
  });

  test('of timestamps that name no zone, as pandas writes them, have none when they are read', async () => {
    const read = async (isAdjustedToUTC: boolean) => {
      const logical_type = { type: 'TIMESTAMP' as const, isAdjustedToUTC, unit: 'MICROS' as const };
      const data = [new Date('2024-01-02T09:30:00.000Z'), new Date('2024-01-02T09:31:00.000Z')];
      const schema = [
        { name: 'root', num_children: 1 },
        { name: 't', type: 'INT64' as const, repetition_type: 'REQUIRED' as const, logical_type },
      ];
      const micros = data.map((each) => BigInt(each.getTime()) * 1000n);
      return (
        await readTable(new Uint8Array(parquetWriteBuffer({ columnData: [{ name: 't', data: micros }], schema })))
      ).t;
    };
    expect(await read(false)).toEqual(['2024-01-02T09:30:00.000', '2024-01-02T09:31:00.000']);
    expect(await read(true)).toEqual(['2024-01-02T09:30:00.000Z', '2024-01-02T09:31:00.000Z']);
  });

  test('of timestamps are days when all are at midnight, else instants, all of them', async () => {
    const times = ['2024-01-02T00:00:00.000Z', '2024-01-02T01:00:00.000Z'];
    const read = async (given: string[]) => {
      const data = given.map((time) => new Date(time));
      const file = parquetWriteBuffer({ columnData: [{ name: 't', data, type: 'TIMESTAMP' }] });
      return (await readTable(new Uint8Array(file))).t;
    };
    expect(await read(times.slice(0, 1))).toEqual(['2024-01-02']);
    expect(await read(times)).toEqual(times);
  });

  test('of ragged columns are refused', () => {
    expect(() => writeTable({ a: { type: 'INT32', data: [1] }, b: { type: 'INT32', data: [1, 2] } })).toThrow(
      ProductError,
    );
  });

  test('damaged bytes end in a product error, or in a table', async () => {
    const good = writeTable(columns);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(good.length - 1),
        fc.integer({ min: 1, max: 255 }),
        fc.nat(good.length),
        async (at, flip, cut) => {
          const bad = good.slice(0, Math.max(1, cut));
          if (at < bad.length) bad[at] ^= flip;
          const outcome = await readTable(bad).catch((error: unknown) => error);
          expect(outcome instanceof ProductError || typeof (outcome as { symbol?: unknown }) === 'object').toBe(true);
          if (outcome instanceof Error) expect(outcome).toBeInstanceOf(ProductError);
        },
      ),
      { numRuns: 300, seed: 1 },
    );
  });
});
