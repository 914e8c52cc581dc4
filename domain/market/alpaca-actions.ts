import { z } from 'zod';
import { parseVendorJson } from './alpaca.ts';
import type { CorporateAction } from './bar.ts';
import type { LifeEvent } from './instrument.ts';
import { SYMBOL } from './parsed-bars.ts';

/*
 * Answers of Alpaca's GET /v1/corporate-actions (docs.alpaca.markets). Fields that are not named here are passed over.
 */

const symbol = z.string().regex(SYMBOL);
const rate = z.number().positive();
const record = z.object({ id: z.string().optional() });
const split = record.extend({ symbol, ex_date: z.iso.date(), new_rate: rate, old_rate: rate });
const dividend = record.extend({ symbol, ex_date: z.iso.date(), rate: z.number().nonnegative() });
const spinOff = record.extend({
  source_symbol: symbol,
  source_rate: rate,
  new_symbol: symbol,
  new_rate: rate,
  ex_date: z.iso.date(),
});
const nameChange = record.extend({ old_symbol: symbol, new_symbol: symbol, process_date: z.iso.date() });
const cashMerger = record.extend({ acquiree_symbol: symbol, rate, effective_date: z.iso.date() });
const stockMerger = record.extend({
  acquirer_symbol: symbol,
  acquirer_rate: rate,
  acquiree_symbol: symbol,
  acquiree_rate: rate,
  effective_date: z.iso.date(),
});
const actionsSchema = z.object({
  corporate_actions: z.object({
    forward_splits: z.array(split).default([]),
    reverse_splits: z.array(split).default([]),
    cash_dividends: z.array(dividend).default([]),
    stock_dividends: z.array(dividend).default([]),
    spin_offs: z.array(spinOff).default([]),
    name_changes: z.array(nameChange).default([]),
    cash_mergers: z.array(cashMerger).default([]),
    stock_mergers: z.array(stockMerger).default([]),
    stock_and_cash_mergers: z.array(stockMerger.extend({ cash_rate: rate })).default([]),
  }),
  next_page_token: z.string().nullable(),
});
type Answer = z.output<typeof actionsSchema>['corporate_actions'];

/** The kinds of action that change what a unit is worth or what it is called; the only ones that are asked for. */
export const ALPACA_ACTION_TYPES =
  'forward_split,reverse_split,cash_dividend,stock_dividend,spin_off,name_change,cash_merger,stock_merger,stock_and_cash_merger';

/** The end of what was called `symbol` on its date. */
export interface SymbolEvent {
  symbol: string;
  event: LifeEvent;
}

/**
 * Actions by ex-date (a change of symbol: by the day on which it was processed), and the ends of lives. A stock dividend of rate r is a split of 1 + r. Cash of
 * a stock dividend's or spin-off's fractions is not known to anyone here.
 *
 * @param seen records of the pages before: one that comes again (on two pages, or in the answers about both of its symbols) is passed over.
 * @throws ProductError VENDOR_FORMAT (bad input).
 */
export function parseAlpacaActions(
  text: string,
  file: string,
  seen = new Set<string>(),
): { actions: CorporateAction[]; events: SymbolEvent[]; nextPageToken: string | null } {
  const page = parseVendorJson(actionsSchema, text, file, 'Alpaca');
  const answer = unseen(page.corporate_actions, seen);
  return { actions: actionsOf(answer), events: eventsOf(answer), nextPageToken: page.next_page_token };
}

/** Records of the answer that are not among those seen, which they join: by their id, or by all that they say. */
const unseen = (answer: Answer, seen: Set<string>): Answer =>
  Object.fromEntries(
    Object.entries(answer).map(([kind, records]) => [
      kind,
      records.filter((each) => {
        const key = `${kind} ${each.id ?? JSON.stringify(each)}`;
        return !seen.has(key) && seen.add(key);
      }),
    ]),
  ) as Answer;

const action = (of: string, date: string, what: Partial<CorporateAction>): CorporateAction => ({
  symbol: of,
  date,
  dividend: 0,
  split: 1,
  ...what,
});

const actionsOf = (answer: Answer): CorporateAction[] => [
  ...[...answer.forward_splits, ...answer.reverse_splits].map((each) =>
    action(each.symbol, each.ex_date, { split: each.new_rate / each.old_rate }),
  ),
  ...answer.stock_dividends.map((each) => action(each.symbol, each.ex_date, { split: 1 + each.rate })),
  ...answer.cash_dividends.map((each) => action(each.symbol, each.ex_date, { dividend: each.rate })),
  ...answer.spin_offs.map((each) =>
    action(each.source_symbol, each.ex_date, {
      spinoff: { ratio: each.new_rate / each.source_rate, symbol: each.new_symbol },
    }),
  ),
  // A change of the company's name or number alone leaves the symbol.
  ...answer.name_changes
    .filter((each) => each.old_symbol !== each.new_symbol)
    .map((each) => action(each.old_symbol, each.process_date, { newSymbol: each.new_symbol })),
];

const eventsOf = (answer: Answer): SymbolEvent[] => [
  ...answer.cash_mergers.map((each) =>
    merger(each.acquiree_symbol, { date: each.effective_date, successor: null, value: each.rate }),
  ),
  ...answer.stock_mergers.map((each) => merger(each.acquiree_symbol, shares(each))),
  ...answer.stock_and_cash_mergers.map((each) =>
    merger(each.acquiree_symbol, { ...shares(each), cash: each.cash_rate / each.acquiree_rate }),
  ),
];

const merger = (of: string, event: Omit<LifeEvent, 'kind'>): SymbolEvent => ({
  symbol: of,
  event: { kind: 'merger', ...event },
});

const shares = (each: z.output<typeof stockMerger>) => ({
  date: each.effective_date,
  successor: each.acquirer_symbol,
  value: each.acquirer_rate / each.acquiree_rate,
});
