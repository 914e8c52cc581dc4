import { badInput } from '../errors.ts';
import type { FeatureTensor, Normaliser } from './spec.ts';

/** Scaled features are cut at this many standard deviations. */
export const NORMALISER_CLIP = 5;

/**
 * Mean and standard deviation (population) of each column over the complete rows of sessions `from`..`to`, both inclusive, and of
 * no other session. A column that does not vary there keeps a scale of 1.
 * Throws `NORMALISER_NO_ROWS` when the window has no complete row.
 */
export function fitNormaliser(tensor: FeatureTensor, from: string, to: string): Normaliser {
  const width = tensor.columns.length;
  const rows = completeRows(tensor, from, to);
  if (rows.length === 0) {
    const neverKnown = neverKnownColumns(tensor, from, to);
    throw badInput('NORMALISER_NO_ROWS', 'The training window has no session on which every feature is known', {
      facts: { from, to, sessions: tensor.dates.length, neverKnown },
      remedy:
        neverKnown.length > 0
          ? 'Name other features in the universe, or bring the figures that these need, known from an earlier day on (drl features list).'
          : 'Features look back up to 380 sessions (drl features list): import a longer history, train on a later window, or name fewer features.',
    });
  }
  const mean = new Array<number>(width).fill(0);
  const std = new Array<number>(width).fill(0);
  for (let f = 0; f < width; f++) {
    let sum = 0;
    for (const row of rows) sum += tensor.values[row + f];
    mean[f] = sum / rows.length;
    let squares = 0;
    for (const row of rows) squares += (tensor.values[row + f] - mean[f]) ** 2;
    const scale = Math.sqrt(squares / rows.length);
    std[f] = scale > 1e-9 * Math.max(1, Math.abs(mean[f])) ? scale : 1;
  }
  return { from, to, mean, std, clip: NORMALISER_CLIP };
}

/** Offsets in `values` of the complete rows of sessions `from`..`to`. */
function completeRows(tensor: FeatureTensor, from: string, to: string): number[] {
  const assets = tensor.symbols.length;
  const rows: number[] = [];
  tensor.dates.forEach((date, t) => {
    if (date < from || date > to) return;
    for (let a = 0; a < assets; a++) {
      if (isComplete(tensor, t * assets + a)) rows.push((t * assets + a) * tensor.columns.length);
    }
  });
  return rows;
}

/** Columns that no asset has on any session of `from`..`to`. */
const neverKnownColumns = ({ columns, dates, symbols, values }: FeatureTensor, from: string, to: string): string[] => {
  const assets = symbols.length;
  const [first, end] = [dates.findIndex((date) => date >= from), dates.findLastIndex((date) => date <= to) + 1];
  return columns.filter((_, f) => {
    for (let row = first * assets; row < end * assets; row++)
      if (Number.isFinite(values[row * columns.length + f])) return false;
    return true;
  });
};

/** Whether a normaliser can be fitted on sessions `from`..`to`. */
export const hasCompleteRow = (tensor: FeatureTensor, from: string, to: string): boolean =>
  completeRows(tensor, from, to).length > 0;

/** Scales nothing: for a baseline, which reads the anchor alone, where no row is complete yet. */
export const identityNormaliser = (columns: number, from: string, to: string): Normaliser => ({
  from,
  to,
  mean: new Array<number>(columns).fill(0),
  std: new Array<number>(columns).fill(1),
  clip: NORMALISER_CLIP,
});

/** Whether every feature and the anchor of row `t * A + a` are known. */
export function isComplete(tensor: FeatureTensor, row: number): boolean {
  const width = tensor.columns.length;
  for (let f = 0; f < width; f++) if (!Number.isFinite(tensor.values[row * width + f])) return false;
  return Number.isFinite(tensor.anchorLogit[row]);
}
