import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';

export interface Feed {
  dims: readonly number[];
  data: Float32Array;
}

/** Run ONNX bytes once; outputs by name. */
export async function runGraph(onnx: Uint8Array, feeds: Record<string, Feed>): Promise<Record<string, Float32Array>> {
  const session = await InferenceSession.create(onnx, { intraOpNumThreads: 1 });
  const inputs = Object.fromEntries(
    Object.entries(feeds).map(([name, { dims, data }]) => [name, new OrtTensor('float32', data, [...dims])]),
  );
  const outputs = await session.run(inputs);
  const copied = Object.fromEntries(
    Object.entries(outputs).map(([name, tensor]) => [name, Float32Array.from(tensor.data as Float32Array)]),
  );
  await session.release();
  return copied;
}
