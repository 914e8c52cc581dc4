import { z } from 'zod';

/** What ends an instrument's life, or changes its code. `value` is units of the successor (or of cash) per unit held. */
export const lifeEventSchema = z.strictObject({
  /** First session on which the event is in force (ISO date). */
  date: z.iso.date(),
  kind: z.enum(['merger', 'redenomination', 'delisting']),
  /** Symbol that holders receive; null: cash in the numeraire. */
  successor: z.string().nullable(),
  /** Units of the successor per unit held; for cash: numeraire per unit, 0 where holders lose all. null: the last price. */
  value: z.number().nonnegative().nullable(),
  /** Numeraire that is paid per unit held beside units of the successor. */
  cash: z.number().positive().optional(),
});

export const instrumentSchema = z.strictObject({
  symbol: z.string().regex(/^[A-Z0-9][A-Z0-9.-]{0,15}$/, 'capital letters, digits, "." and "-", at most 16'),
  name: z.string(),
  kind: z.enum(['currency', 'equity', 'etf']),
  /** The group whose total weight is capped: currency bloc or sector. */
  group: z.string(),
  /** First and last session with a bar known so far (point in time). */
  firstDate: z.iso.date(),
  lastDate: z.iso.date(),
  events: z.array(lifeEventSchema),
  /**
   * Stretches for which it belongs to the universe (`to`: the first day on which it does not; null: it does), ascending, known so far. Absent: from its
   * first bar on.
   */
  membership: z.array(z.strictObject({ from: z.iso.date(), to: z.iso.date().nullable() })).optional(),
  /** Symbols under which it traded, each up to the day before `until`, oldest first. Its bars before are under `symbol` too. */
  formerly: z.array(z.strictObject({ symbol: z.string(), until: z.iso.date() })).optional(),
  /** Free reference data that the graph uses: etfs, suppliers, region, peg ... */
  reference: z.record(z.string(), z.union([z.string(), z.number(), z.array(z.string())])).default({}),
});
export type Instrument = z.infer<typeof instrumentSchema>;
export type LifeEvent = z.infer<typeof lifeEventSchema>;

/**
 * The names under which books, ledgers and embeddings know instruments for good, by symbol, where they are not their symbols: the first symbol that each had. An
 * instrument that takes a symbol which was another's before it gets a number, `FB#2`. What becomes known later changes no name.
 */
export function lastingNames(
  instruments: readonly Pick<Instrument, 'symbol' | 'firstDate' | 'formerly'>[],
): Map<string, string> {
  const holders = new Map<string, number>();
  const names = new Map<string, string>();
  for (const { symbol, formerly = [] } of instruments.toSorted((a, b) =>
    a.firstDate < b.firstDate ? -1 : a.firstDate > b.firstDate ? 1 : 0,
  )) {
    const first = formerly[0]?.symbol ?? symbol;
    const holder = (holders.get(first) ?? 0) + 1;
    holders.set(first, holder);
    const name = holder === 1 ? first : `${first}#${holder}`;
    if (name !== symbol) names.set(symbol, name);
  }
  return names;
}

/** The reserved symbol of cash in the numeraire. */
export const CASH = 'CASH';
