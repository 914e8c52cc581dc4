// Called by the bundling of a function: copies what esbuild does not see into the bundle.
//   node copy-into-bundle.mjs <project> <bundle> config [data] [onnxruntime-<arch>]
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

const [project, bundle, ...parts] = process.argv.slice(2);

/** onnxruntime-node unpacks to 288 MB, over Lambda's 250: only what one platform loads. */
function copyOnnxRuntime(arch) {
  const modules = join(bundle, 'node_modules');
  const runtime = 'onnxruntime-node';
  const binaries = join('bin', 'napi-v6', 'linux', arch);
  if (!existsSync(join(project, 'node_modules', runtime, binaries))) {
    console.error(`onnxruntime-node has no binaries for linux/${arch}: run "npm ci" again.`);
    process.exit(2);
  }
  for (const part of ['package.json', 'dist', binaries]) {
    cpSync(join(project, 'node_modules', runtime, part), join(modules, runtime, part), {
      recursive: true,
      filter: withoutMaps,
    });
  }
  for (const part of ['package.json', join('dist', 'cjs')]) {
    cpSync(join(project, 'node_modules', 'onnxruntime-common', part), join(modules, 'onnxruntime-common', part), {
      recursive: true,
      filter: withoutMaps,
    });
  }
}

const withoutMaps = (path) => !path.endsWith('.map') && !path.endsWith('.d.ts');

mkdirSync(bundle, { recursive: true });
for (const part of parts) {
  if (part.startsWith('onnxruntime-')) copyOnnxRuntime(part.slice('onnxruntime-'.length));
  else cpSync(join(project, part), join(bundle, part), { recursive: true, filter: (path) => !path.endsWith('.ts') });
}
