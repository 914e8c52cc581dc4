import { procrustes, type Turn, turned } from './procrustes.ts';

export interface SnapshotVectors {
  readonly asOf: string;
  readonly symbols: readonly string[];
  /** float32 [symbols, dimensions]. */
  readonly vectors: Float32Array;
}

/**
 * The turn that brings `current` as a whole so that the assets it shares with `previous` lie as near to their vectors there as any turn can
 * bring them. Axes of an embedding are arbitrary; without this they would be others every day. Lengths and angles within a snapshot stay.
 */
export function turnOnto(previous: SnapshotVectors, current: SnapshotVectors): Turn {
  const [before, now] = [rowsOf(previous), rowsOf(current)];
  const common = current.symbols.filter((symbol) => before.has(symbol));
  return procrustes(
    common.map((symbol) => now.get(symbol) as Float64Array),
    common.map((symbol) => before.get(symbol) as Float64Array),
  );
}

/** `current` turned: see {@link turnOnto}. */
export function alignTo(
  previous: SnapshotVectors,
  current: SnapshotVectors,
  turn = turnOnto(previous, current),
): SnapshotVectors {
  const now = rowsOf(current);
  const vectors = new Float32Array(current.vectors.length);
  current.symbols.forEach((symbol, a) => {
    const row = turned(turn, now.get(symbol) as Float64Array);
    vectors.set(row, a * row.length);
  });
  return { ...current, vectors };
}

/** Mean distance of the assets that two snapshots share, over the mean length of their vectors: 0 is no change, sqrt 2 is unrelated. */
export function displacement(previous: SnapshotVectors, current: SnapshotVectors): number {
  const [before, now] = [rowsOf(previous), rowsOf(current)];
  let [moved, length] = [0, 0];
  for (const [symbol, row] of now) {
    const other = before.get(symbol);
    if (!other) continue;
    moved += Math.sqrt(row.reduce((sum, x, d) => sum + (x - other[d]) ** 2, 0));
    length += Math.sqrt(other.reduce((sum, x) => sum + x * x, 0));
  }
  return length > 0 ? moved / length : 0;
}

function rowsOf({ symbols, vectors }: SnapshotVectors): Map<string, Float64Array> {
  const size = vectors.length / symbols.length;
  return new Map(symbols.map((symbol, a) => [symbol, Float64Array.from(vectors.subarray(a * size, (a + 1) * size))]));
}
