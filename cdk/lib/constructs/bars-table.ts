import { CfnDatabase, CfnTable } from 'aws-cdk-lib/aws-glue';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { BAR_SCHEMA, BARS_TABLE, PARTITION_COLUMN } from '../../../domain/market/bar-schema.ts';

/** What Athena calls the types that the writer uses. */
export const GLUE_TYPES: Readonly<Record<(typeof BAR_SCHEMA)[keyof typeof BAR_SCHEMA], string>> = {
  STRING: 'string',
  DATE: 'date',
  DOUBLE: 'double',
};

const PARQUET = 'org.apache.hadoop.hive.ql.io.parquet';
const YEARS = '1800,2100';

/**
 * The bars of every dataset as one table of the Glue catalogue, for Athena: its columns are those that the writer writes. Partitions are
 * projected, so that no crawler runs and a new dataset is there as soon as it is stored. A query names the strategy and the dataset:
 * `SELECT * FROM bars WHERE strategy = 'main' AND dataset = '<hash>' AND year >= 2020`.
 */
export class BarsTable extends Construct {
  readonly database: CfnDatabase;
  readonly table: CfnTable;

  constructor(scope: Construct, id: string, props: { bucket: IBucket; stage: string; account: string }) {
    super(scope, id);
    const name = `drl_${props.stage}`;
    this.database = new CfnDatabase(this, 'Database', { catalogId: props.account, databaseInput: { name } });
    const bucket = `s3://${props.bucket.bucketName}`;
    this.table = new CfnTable(this, 'Bars', {
      catalogId: props.account,
      databaseName: name,
      tableInput: {
        name: BARS_TABLE,
        tableType: 'EXTERNAL_TABLE',
        partitionKeys: [
          { name: 'strategy', type: 'string' },
          { name: 'dataset', type: 'string' },
          { name: PARTITION_COLUMN, type: 'int' },
        ],
        parameters: {
          classification: 'parquet',
          'projection.enabled': 'true',
          'projection.strategy.type': 'injected',
          'projection.dataset.type': 'injected',
          [`projection.${PARTITION_COLUMN}.type`]: 'integer',
          [`projection.${PARTITION_COLUMN}.range`]: YEARS,
          'storage.location.template': `${bucket}/\${strategy}/datasets/\${dataset}/${BARS_TABLE}/${PARTITION_COLUMN}=\${${PARTITION_COLUMN}}/`,
        },
        storageDescriptor: {
          location: `${bucket}/`,
          columns: Object.entries(BAR_SCHEMA).map(([column, type]) => ({ name: column, type: GLUE_TYPES[type] })),
          inputFormat: `${PARQUET}.MapredParquetInputFormat`,
          outputFormat: `${PARQUET}.MapredParquetOutputFormat`,
          serdeInfo: { serializationLibrary: `${PARQUET}.serde.ParquetHiveSerDe` },
        },
      },
    });
    this.table.addResourceDependency(this.database);
  }
}
