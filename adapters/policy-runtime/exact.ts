import { createExactPolicy } from '../../domain/policy/exact/exact.ts';
import type { PolicyRuntime } from './port.ts';

/** The interpreter with the same bits on every machine: what is settled is computed here. */
export const exactRuntime: PolicyRuntime = {
  name: 'exact',
  load: async (onnx) => createExactPolicy(onnx),
};
