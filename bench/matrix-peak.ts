import { createRandom } from '../domain/simulation/random.ts';
import { GraphBuilder } from '../training-container/src/autodiff/graph-builder.ts';
import { InferenceSession, Tensor } from '../training-container/src/onnx-runtime.ts';

const SIZE = 768;
const PRODUCTS = 20;

/** GFLOP/s of ONNX Runtime's own float32 matrix multiply of 768 x 768 on some threads: what this machine can do at best. */
export async function matrixPeak(threads: number): Promise<number> {
  const g = new GraphBuilder();
  const dims = [SIZE, SIZE];
  const graph = g.encode('product', [g.output('c', g.matmul(g.input('a', dims), g.input('b', dims)))]);
  const session = await InferenceSession.create(graph, { intraOpNumThreads: threads, interOpNumThreads: 1 });
  const random = createRandom(1);
  const values = (): Tensor =>
    new Tensor(
      'float32',
      Float32Array.from({ length: SIZE * SIZE }, () => random.normal()),
      dims,
    );
  const feeds = { a: values(), b: values() };
  const fetches = { c: new Tensor('float32', new Float32Array(SIZE * SIZE), dims) };
  await session.run(feeds, fetches);
  const started = performance.now();
  for (let i = 0; i < PRODUCTS; i++) await session.run(feeds, fetches);
  const seconds = (performance.now() - started) / 1000;
  await session.release();
  return (PRODUCTS * 2 * SIZE ** 3) / seconds / 1e9;
}
