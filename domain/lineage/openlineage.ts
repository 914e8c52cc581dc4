import { z } from 'zod';
import type { ArtifactRef, Manifest } from './manifest.ts';

/** OpenLineage 2-0-2: https://openlineage.io/spec/2-0-2/OpenLineage.json (the parts that are written here). */
const SPEC = 'https://openlineage.io/spec/2-0-2/OpenLineage.json';
const PRODUCER = 'urn:drl-portfolio';

const facet = z.looseObject({ _producer: z.url(), _schemaURL: z.url() });
const facets = z.record(z.string(), facet);
const datasetSchema = z.strictObject({ namespace: z.string().min(1), name: z.string().min(1), facets });

/** The JSON shape that the specification asks of a run event. */
export const runEventSchema = z.strictObject({
  eventType: z.enum(['START', 'RUNNING', 'COMPLETE', 'ABORT', 'FAIL', 'OTHER']),
  eventTime: z.iso.datetime({ offset: true }),
  producer: z.url(),
  schemaURL: z.url(),
  run: z.strictObject({ runId: z.uuid(), facets }),
  job: z.strictObject({ namespace: z.string().min(1), name: z.string().min(1), facets }),
  inputs: z.array(datasetSchema),
  outputs: z.array(datasetSchema),
});
export type RunEvent = z.infer<typeof runEventSchema>;

/** Columns of an artifact's table, when it has one. */
export interface LineageColumn {
  name: string;
  type: string;
}

/**
 * The run that left an artifact, as its two events (the specification asks of every run a START and one that ends it): the stage that wrote it,
 * what it was made from, and when it was complete its version and its columns. All of it follows from the manifest, so that the events of any
 * day can be made again: the run's id is the artifact's hash in the form of a UUID (version 8). A run that failed has left nothing, and has none.
 */
export function runEventsOf(
  manifest: Manifest,
  ref: ArtifactRef,
  options: { job: string; eventTime: string; columns?: readonly LineageColumn[] },
): RunEvent[] {
  const { strategy, facts } = manifest;
  const day = [facts.asOf, facts.date].find((value): value is string => typeof value === 'string');
  const complete = runEventSchema.parse({
    eventType: 'COMPLETE',
    eventTime: options.eventTime,
    producer: PRODUCER,
    schemaURL: `${SPEC}#/$defs/RunEvent`,
    run: {
      runId: uuidOf(ref.hash),
      facets:
        day === undefined
          ? {}
          : { nominalTime: facetOf('NominalTimeRunFacet', { nominalStartTime: `${day}T00:00:00Z` }) },
    },
    job: { namespace: strategy, name: options.job, facets: {} },
    inputs: Object.values(manifest.inputs).map((input) => datasetOf(strategy, input)),
    outputs: [datasetOf(strategy, ref, options.columns)],
  });
  return [{ ...complete, eventType: 'START', outputs: [] }, complete];
}

function datasetOf(strategy: string, ref: ArtifactRef, columns: readonly LineageColumn[] = []) {
  return {
    namespace: strategy,
    name: ref.kind,
    facets: {
      version: facetOf('DatasetVersionDatasetFacet', { datasetVersion: ref.hash }),
      ...(columns.length > 0 && { schema: facetOf('SchemaDatasetFacet', { fields: columns }) }),
    },
  };
}

const facetOf = (name: string, content: Record<string, unknown>) => ({
  _producer: PRODUCER,
  _schemaURL: `https://openlineage.io/spec/facets/1-0-1/${name}.json#/$defs/${name}`,
  ...content,
});

/** The first 122 free bits of a hash as a UUID of version 8. */
export function uuidOf(hash: string): string {
  const hex = hash.slice(0, 32).split('');
  hex[12] = '8';
  hex[16] = ((Number.parseInt(hex[16], 16) & 0x3) | 0x8).toString(16);
  const text = hex.join('');
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join('-');
}
