import type { Actions, Rows } from './gathered-rows.ts';

/** Cash per unit after the split, and units after for one before. */
interface Carried {
  dividend: number;
  split: number;
}

const NOTHING = (): void => {};

/**
 * What happened to holders on a day whose bar was set aside is not undone by that: it falls on the next bar of the symbol, and on the one after when that
 * is set aside too.
 */
export class CarriedActions {
  readonly #rows: Rows;
  readonly #actions: Actions;
  readonly #waiting = new Map<string, Carried>();

  constructor(rows: Rows, actions: Actions) {
    this.#rows = rows;
    this.#actions = actions;
  }

  /**
   * Adds what waits for a bar of the row's symbol to the row.
   * @returns how to set the row aside. `believed`: its actions are true, though its prices are not.
   */
  bring(row: number): (believed: boolean) => void {
    const { dividend, split } = this.#actions;
    const symbol = this.#rows.symbol[row];
    const own = { dividend: dividend[row], split: split[row] };
    const isOwn = own.dividend !== 0 || own.split !== 1;
    const waiting = this.#waiting.get(symbol);
    if (!waiting && !isOwn) return NOTHING;
    if (waiting) {
      dividend[row] += waiting.dividend / split[row];
      split[row] *= waiting.split;
      this.#waiting.delete(symbol);
    }
    return (believed) => {
      if (believed) this.#wait(symbol, { dividend: dividend[row], split: split[row] });
      // The row's own action is the one that is not believed; without one it is what waited.
      else if (waiting && isOwn) this.#wait(symbol, waiting);
    };
  }

  #wait(symbol: string, carried: Carried): void {
    if (carried.dividend !== 0 || carried.split !== 1) this.#waiting.set(symbol, carried);
  }
}
