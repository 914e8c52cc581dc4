import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** NumPy's names of the element types. */
const DTYPES = { Float32Array: '<f4', Float64Array: '<f8', Uint8Array: '|u1', Int32Array: '<i4' } as const;

export interface NamedArray {
  readonly data: Float32Array | Float64Array | Uint8Array | Int32Array;
  readonly shape: readonly number[];
}

/** Arrays as raw bytes, `<name>.bin`, row-major, and a manifest with their types, shapes and `facts`: what `read_arrays` of arrays.py reads. */
export function writeArrays(folder: string, facts: unknown, arrays: Readonly<Record<string, NamedArray>>): void {
  const entries = Object.entries(arrays).map(([name, { data, shape }]) => {
    if (shape.reduce((product, dim) => product * dim, 1) !== data.length)
      throw new RangeError(`${name}: ${data.length} values do not fill [${shape.join(', ')}]`);
    writeFileSync(join(folder, `${name}.bin`), new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    return [name, { dtype: DTYPES[data.constructor.name as keyof typeof DTYPES], shape }];
  });
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify({ facts, arrays: Object.fromEntries(entries) }));
}
