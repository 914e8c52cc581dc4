import { TestEnvironment } from 'jest-environment-node';

// Native addons (ONNX Runtime) check `instanceof` against the host's typed arrays; Jest's sandbox has its own copies.
export default class HostTypedArrays extends TestEnvironment {
  async setup() {
    await super.setup();
    const names = [
      'ArrayBuffer',
      'SharedArrayBuffer',
      'Uint8Array',
      'Int8Array',
      'Uint16Array',
      'Int16Array',
      'Int32Array',
      'Uint32Array',
      'Float32Array',
      'Float64Array',
      'BigInt64Array',
      'BigUint64Array',
      'DataView',
    ];
    for (const name of names) this.global[name] = globalThis[name];
  }
}
