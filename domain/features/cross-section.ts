import type { Column, MarketView } from './market-view.ts';

/**
 * Rank of each asset among those whose value is known at t, scaled to [-1/2, 1/2]; ties share their mean rank; alone: 0.
 * The order of one session is where the sorting of the next begins: it hardly changes overnight.
 */
export function crossSectionalRank(view: MarketView, source: Column): Column {
  const { sessions, assets, first } = view;
  const column = view.column();
  const order = Int32Array.from({ length: assets }, (_, a) => a);
  const values = new Float64Array(assets);
  const rankAt = (t: number): void => {
    let known = 0;
    for (let a = 0; a < assets; a++) {
      const x = source[a * sessions + t];
      if (!Number.isNaN(x)) known++;
      values[a] = Number.isNaN(x) ? Infinity : x;
    }
    sortNearlySorted(order, values);
    for (let i = 0; i < known; ) {
      let end = i + 1;
      while (end < known && values[order[end]] === values[order[i]]) end++;
      const rank = known === 1 ? 0 : (i + end - 1) / 2 / (known - 1) - 0.5;
      for (; i < end; i++) column[order[i] * sessions + t] = rank;
    }
  };
  for (let t = first; t < sessions; t++) rankAt(t);
  return column;
}

/** Insertion sort of `order` by `values`. */
function sortNearlySorted(order: Int32Array, values: Float64Array): void {
  for (let i = 1; i < order.length; i++) {
    const one = order[i];
    const value = values[one];
    let j = i - 1;
    while (j >= 0 && values[order[j]] > value) {
      order[j + 1] = order[j];
      j--;
    }
    order[j + 1] = one;
  }
}
