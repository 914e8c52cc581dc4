/** So many units at a time; who finds too few free waits, in the order of coming. */
export class Seats {
  readonly count: number;
  #free: number;
  readonly #waiting: { wanted: number; enter: () => void }[] = [];

  constructor(count: number) {
    this.count = count;
    this.#free = count;
  }

  /** Run `work` on `wanted` units; on all of them where it wants more than there are. */
  async sit<T>(wanted: number, work: () => Promise<T>): Promise<T> {
    const taken = Math.min(wanted, this.count);
    await new Promise<void>((enter) => {
      this.#waiting.push({ wanted: taken, enter });
      this.#admit();
    });
    try {
      return await work();
    } finally {
      this.#free += taken;
      this.#admit();
    }
  }

  #admit(): void {
    while (this.#waiting.length > 0 && this.#waiting[0].wanted <= this.#free) {
      const [{ wanted, enter }] = this.#waiting.splice(0, 1);
      this.#free -= wanted;
      enter();
    }
  }
}

/**
 * All items, so many at a time, results in the order of the items. After a failure nothing new begins; what is under way ends, then the first
 * failure is thrown.
 */
export async function eachOf<Item, Result>(
  items: readonly Item[],
  parallel: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const failures: unknown[] = [];
  const next = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of next) {
      try {
        results[index] = await work(item);
      } catch (error) {
        failures.push(error);
      }
      if (failures.length > 0) return;
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, Math.min(parallel, items.length)) }, worker));
  if (failures.length > 0) throw failures[0];
  return results;
}
