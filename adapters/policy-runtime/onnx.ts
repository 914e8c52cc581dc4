import '../../config/no-telemetry.ts';
import * as ort from 'onnxruntime-node';
import { checkObservation, checkPolicySignature } from '../../domain/policy/exact/exact.ts';
import { decodeModel } from '../../domain/policy/onnx/codec.ts';
import { POLICY_INPUT, POLICY_OUTPUT } from '../../domain/policy/policy.ts';
import type { PolicyRuntime } from './port.ts';

/** ONNX Runtime: serves, backtests and trains. One thread: a policy is small, and the threads belong to the caller. */
export const onnxRuntime: PolicyRuntime = {
  name: 'onnx',
  async load(onnx) {
    const graph = decodeModel(onnx); // the operator allow-list and the size limits, before the native parser sees a byte
    checkPolicySignature(graph);
    const session = await ort.InferenceSession.create(onnx, {
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      logSeverityLevel: 3,
    });
    return {
      async act(observations, batch, assets, features) {
        checkObservation(graph, observations, batch, assets, features);
        const input = new ort.Tensor('float32', observations, [batch, assets, features]);
        const { [POLICY_OUTPUT]: output } = await session.run({ [POLICY_INPUT]: input });
        return output.data as Float32Array;
      },
      close: () => session.release(),
    };
  },
};
