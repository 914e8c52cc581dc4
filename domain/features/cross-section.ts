import type { Column, MarketView } from './market-view.ts';

/**
 * Rank of each asset among those whose value is known at t, scaled to [-1/2, 1/2]; ties share their mean rank; alone: 0.
 */
export function crossSectionalRank(view: MarketView, name: string, source: Column): Column {
  return view.remember(name, () => {
    const { sessions, assets } = view;
    const column = new Float64Array(sessions * assets).fill(Number.NaN);
    const values = new Float64Array(assets);
    for (let t = 0; t < sessions; t++) {
      let known = 0;
      for (let a = 0; a < assets; a++) {
        const x = source[t * assets + a];
        if (!Number.isNaN(x)) values[known++] = x;
      }
      const sorted = values.subarray(0, known).sort();
      for (let a = 0; a < assets; a++) {
        const x = source[t * assets + a];
        if (Number.isNaN(x)) continue;
        const below = lowerBound(sorted, x);
        const middle = (below + upperBound(sorted, x) - 1) / 2;
        column[t * assets + a] = known === 1 ? 0 : middle / (known - 1) - 0.5;
      }
    }
    return column;
  });
}

function lowerBound(sorted: Float64Array, x: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle] < x) low = middle + 1;
    else high = middle;
  }
  return low;
}

function upperBound(sorted: Float64Array, x: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle] <= x) low = middle + 1;
    else high = middle;
  }
  return low;
}
