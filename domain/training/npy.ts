import { badInput, type ProductError } from '../errors.ts';

/** Arrays that cross into the trainer: NumPy's .npy format 1.0, little endian, C order, so that a trainer in any language reads them. */
export type NpyData = Float32Array | Float64Array | Uint8Array | Int32Array;

export interface NpyArray {
  readonly shape: readonly number[];
  readonly data: NpyData;
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0];
const KINDS = { '<f4': Float32Array, '<f8': Float64Array, '|u1': Uint8Array, '<i4': Int32Array } as const;
type Kind = keyof typeof KINDS;

export function encodeNpy({ shape, data }: NpyArray): Uint8Array {
  const kind = (Object.keys(KINDS) as Kind[]).find((key) => data instanceof KINDS[key]) as Kind;
  const dims = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const head = `{'descr': '${kind}', 'fortran_order': False, 'shape': (${dims}), }`;
  const padded = `${head}${' '.repeat(63 - ((MAGIC.length + 2 + head.length) % 64))}\n`;
  const out = new Uint8Array(MAGIC.length + 2 + padded.length + data.byteLength);
  out.set(MAGIC);
  new DataView(out.buffer).setUint16(MAGIC.length, padded.length, true);
  out.set(new TextEncoder().encode(padded), MAGIC.length + 2);
  out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), MAGIC.length + 2 + padded.length);
  return out;
}

/** Throws `NPY_MALFORMED` on anything but a whole array of the four kinds above. */
export function decodeNpy(bytes: Uint8Array, name: string): NpyArray {
  if (bytes.length < 10 || MAGIC.some((byte, i) => bytes[i] !== byte))
    throw malformed(name, 'not a .npy file of version 1.0');
  const start = 10 + new DataView(bytes.buffer, bytes.byteOffset).getUint16(8, true);
  const head = new TextDecoder('latin1').decode(bytes.subarray(10, start));
  const found = /^\{'descr': '([^']+)', 'fortran_order': False, 'shape': \(([\d, ]*)\), \}\s*$/.exec(head);
  if (!found || !(found[1] in KINDS)) throw malformed(name, 'header not understood', head.trim().slice(0, 120));
  const shape = found[2]
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map(Number);
  const Kind = KINDS[found[1] as Kind];
  const size = shape.reduce((product, dim) => product * dim, 1);
  if (bytes.length - start !== size * Kind.BYTES_PER_ELEMENT)
    throw malformed(name, 'wrong number of bytes', { bytes: bytes.length - start, shape });
  // Uint8Array.from copies: a Buffer's slice would be a view into a pool that other files share
  return { shape, data: new Kind(Uint8Array.from(bytes.subarray(start)).buffer) };
}

const malformed = (file: string, problem: string, seen: unknown = null): ProductError =>
  badInput('NPY_MALFORMED', 'An array of the training job cannot be read', {
    facts: { file, problem, seen },
    remedy: 'Build the job again; do not edit its files.',
  });
