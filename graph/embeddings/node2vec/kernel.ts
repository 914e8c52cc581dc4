import { type Code, doWhile, FunctionCode, f32, f32x4, i32, i32x4, type Local, wasmModule } from './wasm.ts';

/**
 * One step of skip-gram: `inputs` holds the addresses of `count` >= 1 rows (the contexts of a centre), `outputs` those of the centre's row and
 * of its noise rows; `scores` has room for count x outputs float32, rounded up to four. All addresses are bytes of the shared memory.
 */
export type Step = (inputs: number, count: number, outputs: number, scores: number, rate: number) => void;

/** Rows are padded with zeros to whole vectors; zeros stay zeros. */
export const paddedTo4 = (dimensions: number): number => Math.ceil(dimensions / 4) * 4;

const VECTOR = 16;

/** sigma(x) is exactly 0 or 1 in float32 beyond this many powers of two. */
export const CLAMP = 40;
export const LOG2_E = Math.fround(Math.LOG2E);
/** Taylor coefficients (ln 2)^n / n! of 2^r, |r| <= 1/2, lowest first: relative error below 2e-7. */
export const POWER_OF_TWO = [1];
for (let n = 1; n <= 6; n++) POWER_OF_TWO.push(Math.fround((POWER_OF_TWO[n - 1] * Math.LN2) / n));

/**
 * The module that does a step for rows of `dimensions` (a multiple of 4) and `outputs` = 1 + negatives output rows. With x_i the inputs, o_j the
 * outputs and y_0 = 1, y_j = 0: g_ij = rate (y_j - sigma(x_i . o_j)), x_i += sum_j g_ij o_j, o_j += sum_i g_ij x_i: one centre with all its
 * contexts is three small matrix products (Ji et al. 2016), in vectors of four float32. The order of every sum is fixed.
 */
export function stepModule(dimensions: number, outputs: number): Uint8Array<ArrayBuffer> {
  const code = new FunctionCode(['i32', 'i32', 'i32', 'i32', 'f32']);
  const [inputs, count, outputList, scores, rate] = [0, 1, 2, 3, 4].map((index) => code.parameter(index));
  const rows = Array.from({ length: outputs }, () => code.local('i32'));
  const end = code.local('i32');
  const body = [
    ...rows.flatMap((row, j) => row.set(i32.load(outputList.get, 4 * j))),
    ...end.set(i32.add(inputs.get, times4(count))),
    ...scoreRows(code, { inputs, end, rows, scores }, dimensions),
    ...errorsOf(code, { inputs, end, scores, rate }, outputs),
    ...updateRows(code, { inputs, end, rows, scores }, dimensions),
  ];
  return wasmModule(code, body);
}

interface Lists {
  readonly inputs: Local;
  /** Address behind the last of the inputs. */
  readonly end: Local;
  readonly rows: readonly Local[];
  readonly scores: Local;
}

const times4 = (value: Local): Code => i32.add(i32.add(value.get, value.get), i32.add(value.get, value.get));
const advance = (pointer: Local, bytes: number): Code => pointer.set(i32.add(pointer.get, i32.const(bytes)));

/** scores[i, j] = x_i . o_j: lane sums over the dimensions, then (l0 + l2) + (l1 + l3). */
function scoreRows(code: FunctionCode, { inputs, end, rows, scores }: Lists, dimensions: number): Code {
  const [at, score, row] = [code.local('i32'), code.local('i32'), code.local('i32')];
  const x = code.local('v128');
  const sums = rows.map(() => code.local('v128'));
  const chunks = Array.from({ length: dimensions / 4 }, (_, c) => [
    ...x.set(f32x4.load(row.get, VECTOR * c)),
    ...sums.flatMap((sum, j) => {
      const product = f32x4.mul(x.get, f32x4.load(rows[j].get, VECTOR * c));
      return sum.set(c === 0 ? product : f32x4.add(sum.get, product));
    }),
  ]).flat();
  const totals = sums.flatMap((sum, j) => [
    ...sum.set(f32x4.add(sum.get, f32x4.swapHalves(sum.get))),
    ...f32.store(score.get, f32.add(f32x4.lane(sum.get, 0), f32x4.lane(sum.get, 1)), 4 * j),
  ]);
  const next = [...advance(at, 4), ...advance(score, 4 * rows.length)];
  return [
    ...at.set(inputs.get),
    ...score.set(scores.get),
    ...doWhile([...row.set(i32.load(at.get)), ...chunks, ...totals, ...next], i32.lessThan(at.get, end.get)),
  ];
}

/** scores become rate (y - sigma(score)): first -rate sigma for all, four at a time, then rate is added for each input's true output. */
function errorsOf(
  code: FunctionCode,
  { inputs, end, scores, rate }: Omit<Lists, 'rows'> & { rate: Local },
  outputs: number,
): Code {
  const [at, score, last] = [code.local('i32'), code.local('i32'), code.local('i32')];
  const [t, k, r] = [code.local('v128'), code.local('v128'), code.local('v128')];
  const clamped = f32x4.max(f32x4.const(-CLAMP), f32x4.min(f32x4.const(CLAMP), t.get));
  const power = POWER_OF_TWO.slice(0, -1).reduceRight<Code>(
    (sum, coefficient) => f32x4.add(f32x4.mul(sum, r.get), f32x4.const(coefficient)),
    f32x4.const(POWER_OF_TWO[POWER_OF_TWO.length - 1]),
  );
  const exponent = i32x4.shiftLeft(i32x4.add(i32x4.truncate(k.get), i32x4.splat(i32.const(127))), i32.const(23));
  const sigma = f32x4.div(f32x4.const(1), f32x4.add(f32x4.const(1), f32x4.mul(power, exponent)));
  const four = [
    ...t.set(f32x4.mul(f32x4.load(score.get), f32x4.const(-LOG2_E))),
    ...t.set(clamped),
    ...k.set(f32x4.floor(f32x4.add(t.get, f32x4.const(0.5)))),
    ...r.set(f32x4.sub(t.get, k.get)),
    ...f32x4.store(score.get, f32x4.mul(f32x4.sub(f32x4.const(0), f32x4.splat(rate.get)), sigma)),
    ...advance(score, VECTOR),
  ];
  const truePair = [
    ...f32.store(score.get, f32.add(f32.load(score.get), rate.get)),
    ...advance(score, 4 * outputs),
    ...advance(at, 4),
  ];
  return [
    ...score.set(scores.get),
    ...at.set(inputs.get),
    // scores + 4 outputs x count: the inputs' list is 4 count bytes long
    ...last.set(i32.add(scores.get, i32.mul(i32.sub(end.get, inputs.get), i32.const(outputs)))),
    ...doWhile(four, i32.lessThan(score.get, last.get)),
    ...score.set(scores.get),
    ...doWhile(truePair, i32.lessThan(at.get, end.get)),
  ];
}

/** x_i += sum_j g_ij o_j and o_j += sum_i g_ij x_i, four dimensions at a time, from the rows as they were when each is read. */
function updateRows(code: FunctionCode, { inputs, end, rows, scores }: Lists, dimensions: number): Code {
  const [offset, at, score, row] = Array.from({ length: 4 }, () => code.local('i32'));
  const [x, moved, g] = Array.from({ length: 3 }, () => code.local('v128'));
  const old = rows.map(() => code.local('v128'));
  const change = rows.map(() => code.local('v128'));
  const input = [
    ...row.set(i32.add(i32.load(at.get), offset.get)),
    ...x.set(f32x4.load(row.get)),
    ...moved.set(x.get),
    ...rows.flatMap((_, j) => [
      ...g.set(f32x4.loadSplat(score.get, 4 * j)),
      ...moved.set(f32x4.add(moved.get, f32x4.mul(g.get, old[j].get))),
      ...change[j].set(f32x4.add(change[j].get, f32x4.mul(g.get, x.get))),
    ]),
    ...f32x4.store(row.get, moved.get),
    ...advance(at, 4),
    ...advance(score, 4 * rows.length),
  ];
  const chunk = [
    ...rows.flatMap((address, j) => [...old[j].set(f32x4.load(address.get)), ...change[j].set(f32x4.const(0))]),
    ...at.set(inputs.get),
    ...score.set(scores.get),
    ...doWhile(input, i32.lessThan(at.get, end.get)),
    // Read once more: a row may be in the list twice.
    ...rows.flatMap((address, j) => [
      ...f32x4.store(address.get, f32x4.add(f32x4.load(address.get), change[j].get)),
      ...advance(address, VECTOR),
    ]),
    ...advance(offset, VECTOR),
  ];
  return [...offset.set(i32.const(0)), ...doWhile(chunk, i32.lessThan(offset.get, i32.const(4 * dimensions)))];
}
