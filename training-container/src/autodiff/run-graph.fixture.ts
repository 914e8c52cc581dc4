import { InferenceSession, Tensor as OrtTensor } from '../onnx-runtime.ts';

export interface Feed {
  dims: readonly number[];
  data: Float32Array;
}

export type Outputs = Record<string, Float32Array>;

/** Load ONNX bytes; each call runs them and gives copies of the outputs by name. */
export async function openGraph(onnx: Uint8Array): Promise<(feeds: Record<string, Feed>) => Promise<Outputs>> {
  const session = await InferenceSession.create(onnx, { intraOpNumThreads: 1 });
  return async (feeds) => {
    const inputs = Object.entries(feeds).map(([name, { dims, data }]) => [
      name,
      new OrtTensor('float32', data, [...dims]),
    ]);
    const outputs = await session.run(Object.fromEntries(inputs));
    const copies = Object.entries(outputs).map(([name, tensor]) => [
      name,
      Float32Array.from(tensor.data as Float32Array),
    ]);
    return Object.fromEntries(copies);
  };
}

/** Run ONNX bytes once. */
export const runGraph = async (onnx: Uint8Array, feeds: Record<string, Feed>): Promise<Outputs> =>
  (await openGraph(onnx))(feeds);
