import { badInput, type ProductError } from '../../errors.ts';

/** Protocol Buffers wire format (varint, fixed32, fixed64, length-delimited): the reader checks every bound, the writer is canonical. */
export const malformed = (problem: string, facts: Record<string, unknown> = {}): ProductError =>
  badInput('ONNX_MALFORMED', 'The bytes are not a well-formed ONNX model', {
    facts: { problem, ...facts },
    remedy: 'Use the policy.onnx that the train stage wrote, unchanged.',
  });

export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

export interface WireField {
  readonly number: number;
  readonly wire: number;
  /** varint: the value; fixed32: its bits; else 0. */
  readonly value: bigint;
  /** Length-delimited: the payload, a view; else empty. */
  readonly bytes: Uint8Array;
}

const EMPTY = new Uint8Array(0);
const INT64_MASK = (1n << 64n) - 1n;

/** Walk the fields of one message. Unknown wire types, overlong varints and truncated fields throw `ONNX_MALFORMED`. */
export function* readFields(bytes: Uint8Array): Generator<WireField> {
  const cursor = { at: 0 };
  while (cursor.at < bytes.length) {
    const tag = readVarint(bytes, cursor);
    const number = Number(tag >> 3n);
    const wire = Number(tag & 7n);
    if (number < 1 || number > 536870911) throw malformed('field number out of range', { offset: cursor.at });
    if (wire === WIRE.varint) yield { number, wire, value: readVarint(bytes, cursor), bytes: EMPTY };
    else if (wire === WIRE.bytes)
      yield { number, wire, value: 0n, bytes: take(bytes, cursor, Number(readVarint(bytes, cursor))) };
    else if (wire === WIRE.fixed32) yield { number, wire, value: littleEndian(take(bytes, cursor, 4)), bytes: EMPTY };
    else if (wire === WIRE.fixed64) yield { number, wire, value: littleEndian(take(bytes, cursor, 8)), bytes: EMPTY };
    else throw malformed('unknown wire type', { wire, offset: cursor.at });
  }
}

export function readVarint(bytes: Uint8Array, cursor: { at: number }): bigint {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    if (cursor.at >= bytes.length) throw malformed('truncated varint', { offset: cursor.at });
    const byte = bytes[cursor.at++];
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return value & INT64_MASK;
  }
  throw malformed('varint longer than 10 bytes', { offset: cursor.at });
}

function take(bytes: Uint8Array, cursor: { at: number }, length: number): Uint8Array {
  if (length > bytes.length - cursor.at) throw malformed('truncated field', { offset: cursor.at, length });
  cursor.at += length;
  return bytes.subarray(cursor.at - length, cursor.at);
}

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]);
  return value;
}

/** Appends fields of one message. Nested messages are written by their bytes. */
export class MessageWriter {
  #parts: Uint8Array[] = [];
  #size = 0;

  varint(field: number, value: number | bigint): this {
    return this.#push(encodeVarint(BigInt(field) << 3n)).#push(encodeVarint(BigInt(value)));
  }

  /** A list of varints in packed form; nothing when empty. */
  packed(field: number, values: readonly (number | bigint)[]): this {
    return values.length === 0
      ? this
      : this.bytes(field, concatBytes(values.map((value) => encodeVarint(BigInt(value)))));
  }

  float(field: number, value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    return this.#push(encodeVarint((BigInt(field) << 3n) | 5n)).#push(bytes);
  }

  bytes(field: number, value: Uint8Array): this {
    return this.#push(encodeVarint((BigInt(field) << 3n) | 2n))
      .#push(encodeVarint(BigInt(value.length)))
      .#push(value);
  }

  string(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  finish(): Uint8Array {
    return concatBytes(this.#parts, this.#size);
  }

  #push(bytes: Uint8Array): this {
    this.#parts.push(bytes);
    this.#size += bytes.length;
    return this;
  }
}

function encodeVarint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = value & INT64_MASK;
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest === 0n ? low : low | 0x80);
  } while (rest !== 0n);
  return Uint8Array.from(bytes);
}

function concatBytes(
  parts: readonly Uint8Array[],
  size = parts.reduce((sum, part) => sum + part.length, 0),
): Uint8Array {
  const out = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
