/**
 * Values by key, each loaded once however many ask at the same time; the oldest goes when more than `size` are held.
 * With a time to live a value is loaded again when it is older. A failed load is not remembered.
 */
export class Remembered<T> {
  readonly #size: number;
  readonly #ttl: { ttlMs: number; now: () => number } | null;
  readonly #entries = new Map<string, { value: Promise<T>; at: number }>();

  constructor(size: number, ttl: { ttlMs: number; now: () => number } | null = null) {
    this.#size = size;
    this.#ttl = ttl;
  }

  get(key: string, load: () => Promise<T>): Promise<T> {
    const now = this.#ttl?.now() ?? 0;
    const known = this.#entries.get(key);
    if (known && (!this.#ttl || now - known.at < this.#ttl.ttlMs)) return known.value;
    const value = load();
    this.#entries.delete(key);
    this.#entries.set(key, { value, at: now });
    if (this.#entries.size > this.#size) this.#entries.delete(this.#entries.keys().next().value as string);
    value.catch(() => {
      if (this.#entries.get(key)?.value === value) this.#entries.delete(key);
    });
    return value;
  }
}
