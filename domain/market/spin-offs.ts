import type { CorporateAction } from './bar.ts';
import type { ParsedBars } from './parsed-bars.ts';

/** What a spin-off is worth per unit of the parent, and the first day on which that was known. */
export interface Worth {
  value: number;
  knownDate: string;
}

/**
 * The worth of each spin-off that was known at the close of `asOf`: as stated, or its units times the first close of what was spun off, on or after the
 * ex-date. One whose units have not traded has none.
 */
export function spinOffWorth(
  actions: readonly CorporateAction[],
  batches: readonly ParsedBars[],
  asOf: string,
): Map<CorporateAction, Worth> {
  const worth = new Map<CorporateAction, Worth>();
  const waiting = new Map<string, { action: CorporateAction; ratio: number }[]>();
  for (const action of actions) {
    const { spinoff, date } = action;
    if (!spinoff) continue;
    if ('value' in spinoff) worth.set(action, { value: spinoff.value, knownDate: date });
    else waiting.set(spinoff.symbol, [...(waiting.get(spinoff.symbol) ?? []), { action, ratio: spinoff.ratio }]);
  }
  if (waiting.size === 0) return worth;
  for (const { symbol, date, close } of batches) {
    for (let row = 0; row < symbol.length; row++) {
      for (const { action, ratio } of waiting.get(symbol[row]) ?? []) {
        if (date[row] < action.date || date[row] > asOf || !(close[row] > 0)) continue;
        const known = worth.get(action);
        if (!known || date[row] < known.knownDate)
          worth.set(action, { value: ratio * close[row], knownDate: date[row] });
      }
    }
  }
  return worth;
}
