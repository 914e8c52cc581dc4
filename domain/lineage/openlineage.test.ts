import { describe, expect, test } from '@jest/globals';
import { sha256 } from './canonical.ts';
import type { Manifest } from './manifest.ts';
import { runEventSchema, runEventsOf, uuidOf } from './openlineage.ts';

const hash = sha256('dataset');
const manifest: Manifest = {
  schema: 1,
  kind: 'datasets',
  strategy: 'main',
  files: {},
  inputs: { raw_0: { kind: 'raw', hash: sha256('raw') } },
  facts: { asOf: '2024-01-31' },
};
const ref = { kind: 'datasets' as const, hash };
const options = { job: 'ingest', eventTime: '2024-02-01T10:00:00.000Z', columns: [{ name: 'date', type: 'DATE' }] };

describe('an OpenLineage event', () => {
  test('says which run of which job made what version of what, from what, for which day', () => {
    const [, event] = runEventsOf(manifest, ref, options);
    expect(event).toMatchObject({
      eventType: 'COMPLETE',
      job: { namespace: 'main', name: 'ingest' },
      run: { facets: { nominalTime: { nominalStartTime: '2024-01-31T00:00:00Z' } } },
      inputs: [{ namespace: 'main', name: 'raw', facets: { version: { datasetVersion: sha256('raw') } } }],
      outputs: [
        { name: 'datasets', facets: { version: { datasetVersion: hash }, schema: { fields: [{ name: 'date' }] } } },
      ],
    });
    expect(runEventSchema.parse(JSON.parse(JSON.stringify(event)))).toEqual(event);
  });

  test('of a run follows on one that says it started, with the same inputs and nothing to show yet', () => {
    const [start, complete] = runEventsOf(manifest, ref, options);
    expect(start).toEqual({ ...complete, eventType: 'START', outputs: [] });
    expect(runEventSchema.parse(start)).toEqual(start);
  });

  test('has the same run for the same artifact, and a UUID of the variant and version that it claims', () => {
    expect(runEventsOf(manifest, ref, options)).toEqual(runEventsOf(manifest, ref, options));
    expect(uuidOf(hash)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(uuidOf(sha256('other'))).not.toBe(uuidOf(hash));
  });

  test('without a time, or with a dataset without a name, is none', () => {
    expect(() => runEventsOf(manifest, ref, { ...options, eventTime: 'yesterday' })).toThrow();
    const [, event] = runEventsOf(manifest, ref, options);
    expect(runEventSchema.safeParse({ ...event, outputs: [{ ...event.outputs[0], name: '' }] }).success).toBe(false);
  });
});
