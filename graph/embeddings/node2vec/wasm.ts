/**
 * Just enough of the WebAssembly binary format (core specification 2.0, section 5) to write a function on vectors of four float32 as expressions:
 * every helper takes the code of its operands and returns the code that leaves the result on the stack.
 */
export type Code = readonly number[];

/** Unsigned LEB128. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest & 127) | 128);
  }
}

/** Signed LEB128 of a 32-bit integer. */
function signed(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value | 0; ; rest >>= 7) {
    const last = (rest >> 6 === 0 && rest >= 0) || (rest >> 6 === -1 && rest < 0);
    if (last) return [...bytes, rest & 127];
    bytes.push((rest & 127) | 128);
  }
}

const operator =
  (...opcode: number[]) =>
  (...operands: Code[]): Code => [...operands.flat(), ...opcode];
const vectorOperator = (opcode: number) => operator(0xfd, ...unsigned(opcode));
const access =
  (...opcode: number[]) =>
  (address: Code, offset = 0): Code => [...address, ...opcode, 0, ...unsigned(offset)];
const store =
  (...opcode: number[]) =>
  (address: Code, value: Code, offset = 0): Code => [...address, ...value, ...opcode, 0, ...unsigned(offset)];

const floatBytes = (value: number): number[] => [...new Uint8Array(Float32Array.of(value).buffer)];

export const i32 = {
  const: (value: number): Code => [0x41, ...signed(value)],
  load: access(0x28),
  add: operator(0x6a),
  sub: operator(0x6b),
  mul: operator(0x6c),
  lessThan: operator(0x49),
};
export const f32 = { load: access(0x2a), store: store(0x38), add: operator(0x92) };
export const f32x4 = {
  const: (value: number): Code => [0xfd, 0x0c, ...Array.from({ length: 4 }, () => floatBytes(value)).flat()],
  load: access(0xfd, 0x00),
  loadSplat: access(0xfd, 0x09),
  store: store(0xfd, 0x0b),
  splat: vectorOperator(0x13),
  lane: (vector: Code, lane: number): Code => [...vector, 0xfd, 0x1f, lane],
  floor: vectorOperator(0x68),
  add: vectorOperator(0xe4),
  sub: vectorOperator(0xe5),
  mul: vectorOperator(0xe6),
  div: vectorOperator(0xe7),
  min: vectorOperator(0xe8),
  max: vectorOperator(0xe9),
  /** Lanes 2, 3, 0, 1. */
  swapHalves: (vector: Code): Code => [
    ...[...vector, ...vector, 0xfd, 0x0d],
    ...[8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7],
  ],
};
export const i32x4 = {
  splat: vectorOperator(0x11),
  add: vectorOperator(0xae),
  shiftLeft: vectorOperator(0xab),
  truncate: vectorOperator(0xf8),
};

const TYPES = { i32: 0x7f, f32: 0x7d, v128: 0x7b };
export type Type = keyof typeof TYPES;

export interface Local {
  readonly get: Code;
  set(value: Code): Code;
}

/** A function under construction: parameters come first, locals as they are asked for. */
export class FunctionCode {
  readonly parameters: readonly Type[];
  readonly #types: Type[];

  constructor(parameters: readonly Type[]) {
    this.parameters = parameters;
    this.#types = [...parameters];
  }

  parameter(index: number): Local {
    return { get: [0x20, ...unsigned(index)], set: (value) => [...value, 0x21, ...unsigned(index)] };
  }

  local(type: Type): Local {
    this.#types.push(type);
    return this.parameter(this.#types.length - 1);
  }

  /** The locals' declaration and `body`, as the code section holds them. */
  encode(body: Code): number[] {
    const locals = this.#types.slice(this.parameters.length).flatMap((type) => [1, TYPES[type]]);
    const code = [...unsigned(this.#types.length - this.parameters.length), ...locals, ...body, 0x0b];
    return [...unsigned(code.length), ...code];
  }
}

/** Run `body` while `condition` holds after it: at least once. */
export const doWhile = (body: Code, condition: Code): Code => [0x03, 0x40, ...body, ...condition, 0x0d, 0x00, 0x0b];

/** A module with one function without results, exported as `run`, that works on the shared memory `env.memory`. */
export function wasmModule(code: FunctionCode, body: Code): Uint8Array<ArrayBuffer> {
  const section = (id: number, content: number[]): number[] => [id, ...unsigned(content.length), ...content];
  const name = (text: string): number[] => [text.length, ...new TextEncoder().encode(text)];
  const types = code.parameters.map((type) => TYPES[type]);
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, ...unsigned(types.length), ...types, 0]),
    ...section(2, [1, ...name('env'), ...name('memory'), 0x02, 0x03, 0, ...unsigned(MAXIMUM_PAGES)]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...name('run'), 0x00, 0]),
    ...section(10, [1, ...code.encode(body)]),
  ]);
}

/** Pages of 64 KiB that a memory may have: all that 32-bit addresses reach. */
export const MAXIMUM_PAGES = 65536;

export interface SharedMemory {
  readonly buffer: SharedArrayBuffer;
}
/** A compiled module; it can be run on any memory. */
export type Compiled = object;

/** The part of the engine's interface that is used here, which the types of Node leave out. */
const engine = (
  globalThis as unknown as {
    WebAssembly: {
      Memory: new (limits: { initial: number; maximum: number; shared: true }) => SharedMemory;
      Module: new (bytes: Uint8Array<ArrayBuffer>) => Compiled;
      Instance: new (
        module: Compiled,
        imports: { env: { memory: SharedMemory } },
      ) => { exports: { run: (...parameters: number[]) => void } };
    };
  }
).WebAssembly;

export const sharedMemory = (pages: number): SharedMemory =>
  new engine.Memory({ initial: pages, maximum: MAXIMUM_PAGES, shared: true });

export const compiled = (bytes: Uint8Array<ArrayBuffer>): Compiled => new engine.Module(bytes);

/** The function of a module, at work on `memory`. */
export const runOn = (module: Compiled, memory: SharedMemory): ((...parameters: number[]) => void) =>
  new engine.Instance(module, { env: { memory } }).exports.run;
