import { CfnDatabase, CfnTable } from 'aws-cdk-lib/aws-glue';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { ALL_FEATURE_COLUMNS, FEATURES_TABLE } from '../../../domain/features/feature-schema.ts';
import type { ArtifactKind } from '../../../domain/lineage/manifest.ts';
import { BAR_SCHEMA, BARS_TABLE, PARTITION_COLUMN } from '../../../domain/market/bar-schema.ts';

/** What Athena calls the types that the writer uses. */
export const GLUE_TYPES = { STRING: 'string', DATE: 'date', FLOAT: 'float', DOUBLE: 'double' } as const;

/** A table that is stored inside every artifact of a kind. */
interface StoredTable {
  name: string;
  kind: ArtifactKind;
  /** The partition key that is the artifact's hash. */
  key: string;
  columns: Readonly<Record<string, keyof typeof GLUE_TYPES>>;
}

const BARS: StoredTable = { name: BARS_TABLE, kind: 'datasets', key: 'dataset', columns: BAR_SCHEMA };
const FEATURES: StoredTable = { name: FEATURES_TABLE, kind: 'features', key: 'artifact', columns: ALL_FEATURE_COLUMNS };

const PARQUET = 'org.apache.hadoop.hive.ql.io.parquet';
const YEARS = '1800,2100';

/**
 * The bars of every dataset and the features of every universe as two tables of the Glue catalogue, for Athena: their columns are those that the
 * writer writes, by name and in small letters as Glue has it, and null where a file lacks one. Partitions are projected, so that no crawler runs and
 * what is stored is there at once. A query names the strategy and the artifact: `SELECT * FROM bars WHERE strategy = 'main' AND dataset = '<hash>' AND year >= 2020`.
 */
export class GlueTables extends Construct {
  constructor(scope: Construct, id: string, props: { bucket: IBucket; stage: string; account: string }) {
    super(scope, id);
    const databaseName = `drl_${props.stage}`;
    const catalogId = props.account;
    const database = new CfnDatabase(this, 'Database', { catalogId, databaseInput: { name: databaseName } });
    for (const [id, stored] of Object.entries({ Bars: BARS, Features: FEATURES })) {
      const tableInput = tableOf(stored, `s3://${props.bucket.bucketName}`);
      new CfnTable(this, id, { catalogId, databaseName, tableInput }).addResourceDependency(database);
    }
  }
}

const tableOf = ({ name, kind, key, columns }: StoredTable, bucket: string): CfnTable.TableInputProperty => ({
  name,
  tableType: 'EXTERNAL_TABLE',
  partitionKeys: [
    { name: 'strategy', type: 'string' },
    { name: key, type: 'string' },
    { name: PARTITION_COLUMN, type: 'int' },
  ],
  parameters: {
    classification: 'parquet',
    'projection.enabled': 'true',
    'projection.strategy.type': 'injected',
    [`projection.${key}.type`]: 'injected',
    [`projection.${PARTITION_COLUMN}.type`]: 'integer',
    [`projection.${PARTITION_COLUMN}.range`]: YEARS,
    'storage.location.template': `${bucket}/\${strategy}/${kind}/\${${key}}/${name}/${PARTITION_COLUMN}=\${${PARTITION_COLUMN}}/`,
  },
  storageDescriptor: {
    location: `${bucket}/`,
    columns: Object.entries(columns).map(([column, type]) => ({ name: column.toLowerCase(), type: GLUE_TYPES[type] })),
    inputFormat: `${PARQUET}.MapredParquetInputFormat`,
    outputFormat: `${PARQUET}.MapredParquetOutputFormat`,
    serdeInfo: { serializationLibrary: `${PARQUET}.serde.ParquetHiveSerDe` },
  },
});
