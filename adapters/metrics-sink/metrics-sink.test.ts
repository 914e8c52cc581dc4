import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { EmfMetrics, METRICS_NAMESPACE } from './emf.ts';
import { LocalMetrics } from './local.ts';

test('EMF: one line that CloudWatch reads, stage and environment the only dimensions, what is not finite left out', () => {
  const lines: string[] = [];
  const sink = new EmfMetrics({ environment: 'dev', now: () => 1_700_000_000_000, write: (line) => lines.push(line) });
  sink.emit('decide', { Duration: { value: 1.5, unit: 'Seconds' }, Sharpe: { value: Number.NaN, unit: 'None' } });
  sink.emit('decide', { Sharpe: { value: Number.POSITIVE_INFINITY, unit: 'None' } });
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    {
      _aws: {
        Timestamp: 1_700_000_000_000,
        CloudWatchMetrics: [
          {
            Namespace: METRICS_NAMESPACE,
            Dimensions: [['stage', 'environment']],
            Metrics: [{ Name: 'Duration', Unit: 'Seconds' }],
          },
        ],
      },
      stage: 'decide',
      environment: 'dev',
      Duration: 1.5,
    },
  ]);
});

test('on one machine: a line of JSON at the end of the file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'drl-metrics-'));
  try {
    const path = join(folder, 'metrics.jsonl');
    const sink = new LocalMetrics(path, () => 7);
    sink.emit('ingest', { Duration: { value: 2, unit: 'Seconds' } });
    sink.emit('graph', { Duration: { value: 3, unit: 'Seconds' } });
    expect(
      readFileSync(path, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { time: 7, stage: 'ingest', Duration: 2 },
      { time: 7, stage: 'graph', Duration: 3 },
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('the last values of a stage are kept, also without a file', () => {
  const sink = new LocalMetrics();
  expect(sink.wasUnchanged('graph')).toBe(false);
  sink.emit('graph', { Duration: { value: 3, unit: 'Seconds' }, Unchanged: { value: 1, unit: 'Count' } });
  sink.emit('graph', { Nodes: { value: 40, unit: 'Count' } });
  expect(sink.last('graph')).toEqual({ Duration: 3, Unchanged: 1, Nodes: 40 });
  expect(sink.wasUnchanged('graph')).toBe(true);
  expect(sink.wasUnchanged('ingest')).toBe(false);
});
