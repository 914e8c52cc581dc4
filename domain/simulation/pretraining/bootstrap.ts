import type { Random } from '../random.ts';
import type { Calibration } from './calibration.ts';

/** Mean length of a block in sessions: a month, in which volatility clusters and trends live. */
const MEAN_BLOCK_DAYS = 21;

/**
 * Scores [S, A] of the stationary bootstrap (Politis and Romano 1994): whole sessions of history in blocks of geometric length, wrapped
 * round. What assets share on a day stays together, and what a month holds, but not its place in history.
 */
export function bootstrapScores(
  { assets, sessions: known, scores }: Calibration,
  sessions: number,
  random: Random,
): Float64Array {
  const out = new Float64Array(sessions * assets);
  let from = 0;
  for (let t = 0; t < sessions; t++) {
    const starts = t === 0 || random.uniform() < 1 / MEAN_BLOCK_DAYS;
    from = starts ? random.integer(known) : (from + 1) % known;
    out.set(scores.subarray(from * assets, (from + 1) * assets), t * assets);
  }
  return out;
}
