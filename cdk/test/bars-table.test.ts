import { describe, expect, test } from '@jest/globals';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { readTable } from '../../adapters/parquet/parquet.ts';
import type { BarTable } from '../../domain/market/bar.ts';
import { BAR_SCHEMA } from '../../domain/market/bar-schema.ts';
import { barFiles } from '../../functions/artifacts/dataset.ts';
import { partitionYear } from '../../functions/artifacts/partitions.ts';
import { BarsTable, GLUE_TYPES } from '../lib/constructs/bars-table.ts';

interface Input {
  PartitionKeys: { Name: string; Type: string }[];
  Parameters: Record<string, string>;
  StorageDescriptor: { Columns: { Name: string; Type: string }[] };
}

const stack = new Stack(new App(), 'S', { env: { account: '111111111111', region: 'eu-central-1' } });
const bucket = Bucket.fromBucketName(stack, 'B', 'artifacts');
new BarsTable(stack, 'T', { bucket, stage: 'dev', account: stack.account });
const [table] = Object.values(Template.fromStack(stack).findResources('AWS::Glue::Table'));
const input = table.Properties.TableInput as Input;

const one = Float64Array.of(1);
const bars: BarTable = {
  symbol: ['A'],
  date: ['2020-01-02'],
  open: one,
  high: one,
  low: one,
  close: one,
  volume: one,
  dividend: one,
  split: one,
};

describe('the table of bars in the catalogue', () => {
  test('has the columns that the writer writes, in its order, with its types', async () => {
    const [file] = Object.values(barFiles(bars));
    expect(input.StorageDescriptor.Columns.map((column) => column.Name)).toEqual(Object.keys(await readTable(file)));
    expect(input.StorageDescriptor.Columns.map((column) => column.Type)).toEqual(
      Object.values(BAR_SCHEMA).map((type) => GLUE_TYPES[type]),
    );
  });

  test('finds the file that the writer writes: the projected location is its folder', () => {
    const [name] = Object.keys(barFiles(bars));
    const values: Record<string, string> = { strategy: 'main', dataset: 'abc', year: partitionYear('bars', name)! };
    const location = input.Parameters['storage.location.template'].replace(
      /\$\{(\w+)\}/g,
      (_, key: string) => values[key],
    );
    expect(`${location}part.parquet`).toBe(`s3://artifacts/main/datasets/abc/${name}`);
    expect(input.PartitionKeys.map((key) => key.Name)).toEqual(Object.keys(values));
    for (const key of Object.keys(values)) expect(input.Parameters).toHaveProperty([`projection.${key}.type`]);
    expect(input.Parameters['projection.enabled']).toBe('true');
  });

  test('leaves the partition column to the path', () => {
    const columns = input.StorageDescriptor.Columns.map((column) => column.Name);
    for (const key of input.PartitionKeys) expect(columns).not.toContain(key.Name);
  });
});
