import { badInput } from '../errors.ts';
import type { CorporateAction, SpinOff } from './bar.ts';
import { csvRecords } from './csv.ts';
import { isIsoDate } from './days.ts';
import { decimalOf, SYMBOL } from './parsed-bars.ts';

type Fail = (field: string, value: string) => Error;

/**
 * `symbol,date,dividend,split`: dividend in cash per unit after the split, split in units after for one before (1 or empty: none). Columns that may be
 * absent: `spinoff_value` (worth of what was spun off, per unit after the split) or `spinoff_ratio,spinoff_symbol` (units of that symbol, worth
 * its first close on or after the date), and `new_symbol`.
 *
 * @throws ProductError ACTIONS_FIELD, ACTIONS_TWICE (bad input): an action that cannot be read, or that is there twice, changes returns, so it is never
 * passed over. Also what {@link csvRecords} throws.
 */
export function parseActions(text: string, file: string): CorporateAction[] {
  const lines = new Map<string, number>();
  return csvRecords(text, file, ['symbol', 'date', 'dividend', 'split']).map(({ line, fields }) => {
    const fail: Fail = (field, value) => fieldError(file, line, field, value);
    const number = (field: 'dividend' | 'split', empty: number): number => {
      const value = fields[field] === '' ? empty : decimalOf(fields[field]);
      if (value === null || (field === 'split' ? value <= 0 : value < 0)) throw fail(field, fields[field]);
      return value;
    };
    if (!isIsoDate(fields.date)) throw fail('date', fields.date);
    const symbol = fields.symbol.toUpperCase();
    if (!SYMBOL.test(symbol)) throw fail('symbol', fields.symbol);
    const spinoff = spinOffOf(fields, symbol, fail);
    const newSymbol = symbolOf('new_symbol', fields, symbol, fail);
    const action = {
      symbol,
      date: fields.date,
      dividend: number('dividend', 0),
      split: number('split', 1),
      ...(spinoff && { spinoff }),
      ...(newSymbol && { newSymbol }),
    };
    const key = JSON.stringify(action);
    const before = lines.get(key);
    if (before !== undefined) throw twiceError(file, line, before, action);
    lines.set(key, line);
    return action;
  });
}

function spinOffOf(fields: Record<string, string>, symbol: string, fail: Fail): SpinOff | null {
  const positive = (field: string): number => {
    const value = decimalOf(fields[field] ?? '');
    if (value === null || value <= 0) throw fail(field, fields[field] ?? '');
    return value;
  };
  const child = symbolOf('spinoff_symbol', fields, symbol, fail);
  if (fields.spinoff_value) {
    // Two worths for one thing: nobody can say which is meant.
    if (fields.spinoff_ratio) throw fail('spinoff_ratio', fields.spinoff_ratio);
    return { value: positive('spinoff_value') };
  }
  if (child === null && !fields.spinoff_ratio) return null;
  if (child === null) throw fail('spinoff_symbol', '');
  return { ratio: positive('spinoff_ratio'), symbol: child };
}

/** Another symbol than the row's own; null: the field is absent or empty. */
function symbolOf(field: string, fields: Record<string, string>, own: string, fail: Fail): string | null {
  if (!fields[field]) return null;
  const symbol = fields[field].toUpperCase();
  if (!SYMBOL.test(symbol) || symbol === own) throw fail(field, fields[field]);
  return symbol;
}

const REMEDIES: Record<string, string> = {
  symbol: 'Write the symbol as the bars have it: letters, digits, "." and "-", at most 16.',
  date: 'Write the date as YYYY-MM-DD.',
  dividend: 'Write the dividend as a number >= 0, in cash per unit after the split.',
  split: 'Write the split ratio as a number > 0 (2 for two new shares for one old).',
  spinoff_value:
    'Write what was spun off as a number > 0, in cash per unit held; leave it empty where a ratio is given.',
  spinoff_ratio:
    'Write units of spinoff_symbol per unit held as a number > 0, or spinoff_value instead; not both, and not one of the two columns alone.',
  spinoff_symbol: 'Name the symbol that holders received, another than their own, beside spinoff_ratio.',
  new_symbol: 'Name the symbol under which it trades from the date on, another than the old one.',
};

const twiceError = (file: string, line: number, before: number, { symbol, date }: CorporateAction) =>
  badInput('ACTIONS_TWICE', `The same corporate action of ${symbol} is there twice`, {
    facts: { file, line, field: 'date', value: date, symbol, before },
    remedy: 'Remove one of the two rows. If two equal amounts were paid on one day, write their sum into one row.',
  });

const fieldError = (file: string, line: number, field: string, value: string) =>
  badInput('ACTIONS_FIELD', `A corporate action cannot be read: ${field}`, {
    facts: { file, line, field, value },
    remedy: REMEDIES[field],
  });
