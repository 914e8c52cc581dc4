import type { CorporateAction } from './bar.ts';
import type { ParsedBars } from './parsed-bars.ts';
import type { SymbolNames } from './symbol-names.ts';

/** What a spin-off is worth per unit of the parent, and the first day on which that was known. */
export interface Worth {
  value: number;
  knownDate: string;
}

/**
 * The worth of each spin-off that was known at the close of `asOf`: as stated, or its units times the first good close of what was spun off, on or after the
 * ex-date, by whatever symbol it has had since. One whose units have not traded has none.
 */
export function spinOffWorth(
  actions: readonly CorporateAction[],
  batches: readonly ParsedBars[],
  asOf: string,
  names: SymbolNames | null,
  isGood: (batch: ParsedBars, row: number) => boolean,
): Map<CorporateAction, Worth> {
  const worth = new Map<CorporateAction, Worth>();
  const waiting = new Map<string, { action: CorporateAction; ratio: number }[]>();
  for (const action of actions) {
    const { spinoff, date } = action;
    if (!spinoff) continue;
    if ('value' in spinoff) worth.set(action, { value: spinoff.value, knownDate: date });
    else {
      const child = names?.nameAtOpen(spinoff.symbol, date) ?? spinoff.symbol;
      waiting.set(child, [...(waiting.get(child) ?? []), { action, ratio: spinoff.ratio }]);
    }
  }
  if (waiting.size === 0) return worth;
  for (const batch of batches) {
    const { symbol, date, close } = batch;
    for (let row = 0; row < symbol.length; row++) {
      for (const { action, ratio } of waiting.get(names?.nameOf(symbol[row], date[row]) ?? symbol[row]) ?? []) {
        if (date[row] < action.date || date[row] > asOf || !isGood(batch, row)) continue;
        const known = worth.get(action);
        if (!known || date[row] < known.knownDate)
          worth.set(action, { value: ratio * close[row], knownDate: date[row] });
      }
    }
  }
  return worth;
}
