import type { Policy } from '../../domain/policy/policy.ts';

export interface PolicyRuntime {
  readonly name: 'exact' | 'onnx';
  /** Load an ONNX policy after the operator allow-list and size checks. */
  load(onnx: Uint8Array): Promise<Policy & { close(): Promise<void> }>;
}
