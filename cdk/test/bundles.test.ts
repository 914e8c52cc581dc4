import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { build, type Metafile, stop } from 'esbuild';
import { loadSettings } from '../../config/load.ts';
import { STAGES } from '../../config/schema.ts';
import { BUNDLING, NEVER_BUNDLED } from '../lib/constructs/node-function.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const { compute } = loadSettings({ root });
const FOLDERS = [...STAGES.filter((stage) => compute[stage].on === 'lambda'), 'api'];
/** Lambda unpacks 250 MB; what must be read at a cold start is our own limit, in bytes and not minified. */
const MOST_BYTES = 6_000_000;

const outputs = new Map<string, Metafile['outputs'][string]>();

beforeAll(async () => {
  const { metafile } = await build({
    entryPoints: Object.fromEntries(FOLDERS.map((folder) => [folder, `functions/${folder}/handler.ts`])),
    absWorkingDir: root,
    outdir: 'bundles',
    write: false,
    bundle: true,
    metafile: true,
    platform: 'node',
    format: BUNDLING.format,
    target: BUNDLING.target,
    mainFields: [...BUNDLING.mainFields],
    // What must not be in a bundle is not declared external here: it would show.
    external: ['onnxruntime-node', 'pg-native'],
    loader: { '.node': 'empty' },
    logLevel: 'error',
  });
  for (const output of Object.values(metafile.outputs))
    if (output.entryPoint) outputs.set(output.entryPoint.split('/')[1]!, output);
});
// The bundler is a process of its own, which would outlive the test.
afterAll(() => stop());

describe.each(FOLDERS)('the bundle of %s', (folder) => {
  const inputs = () => Object.keys(outputs.get(folder)!.inputs);

  test('holds no engine of one machine, and nothing of local/', () => {
    for (const name of NEVER_BUNDLED)
      expect(inputs().filter((path) => path.includes(`node_modules/${name}/`))).toEqual([]);
    expect(inputs().filter((path) => /^(local|cdk|e2e|dashboard|training-container\/src\/main)\b/.test(path))).toEqual(
      [],
    );
    expect(
      inputs().filter((path) =>
        /^adapters\/(ledger\/pglite|graph-store\/ladybug|chain\/anvil|signer\/local-key)/.test(path),
      ),
    ).toEqual([]);
  });

  test('holds no test and stays small', () => {
    expect(inputs().filter((path) => /\.(test|contract)\.ts$|-server\.ts$/.test(path))).toEqual([]);
    expect(outputs.get(folder)!.bytes).toBeLessThan(MOST_BYTES);
  });

  test('asks for ONNX Runtime only where it is shipped', () => {
    const asks = outputs.get(folder)!.imports.some((item) => item.path === 'onnxruntime-node');
    expect(asks).toBe(folder === 'api');
  });
});

test('a handler carries only the services that it uses', () => {
  const uses = (folder: string, name: string) =>
    Object.keys(outputs.get(folder)!.inputs).some((path) => path.includes(`node_modules/${name}/`));
  expect([uses('settle', '@aws-sdk/client-kms'), uses('settle', 'ethers'), uses('settle', 'pg')]).toEqual([
    true,
    true,
    true,
  ]);
  for (const folder of ['ingest', 'features', 'decide', 'api']) {
    expect([folder, uses(folder, '@aws-sdk/client-kms'), uses(folder, 'ethers')]).toEqual([folder, false, false]);
  }
  expect([uses('features', 'pg'), uses('decide', 'pg')]).toEqual([false, true]);
});
