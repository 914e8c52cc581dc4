import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parseAlpacaActions } from './alpaca-actions.ts';

const ANSWER = readFileSync(new URL('./alpaca-actions-fixture.json', import.meta.url), 'utf8');

describe('corporate actions of Alpaca', () => {
  const { actions, events } = parseAlpacaActions(ANSWER, 'a.json');

  test('are dividends, splits, spin-offs and changes of symbol; a change of the name alone is none', () => {
    expect(actions).toEqual([
      { symbol: 'AAA', date: '2024-03-05', dividend: 0, split: 1.05 },
      { symbol: 'AAA', date: '2024-02-06', dividend: 0.31, split: 1 },
      { symbol: 'BIG', date: '2024-04-02', dividend: 0, split: 1, spinoff: { ratio: 0.25, symbol: 'TINY' } },
      { symbol: 'OLD', date: '2024-05-07', dividend: 0, split: 1, newSymbol: 'NEW' },
    ]);
  });

  test('mergers end a life in cash, in units of the acquirer, or in both', () => {
    expect(events).toEqual([
      { symbol: 'CSH', event: { date: '2024-06-03', kind: 'merger', successor: null, value: 41.5 } },
      { symbol: 'STK', event: { date: '2024-06-04', kind: 'merger', successor: 'BIG', value: 0.4 } },
      { symbol: 'MIX', event: { date: '2024-06-05', kind: 'merger', successor: 'BIG', value: 0.25, cash: 6.5 } },
    ]);
  });

  test('that come again, on another page or in the answer about the other symbol, are passed over; two of one amount are two', () => {
    const seen = new Set<string>();
    expect(parseAlpacaActions(ANSWER, 'a.json', seen)).toMatchObject({ actions, events });
    expect(parseAlpacaActions(ANSWER, 'b.json', seen)).toMatchObject({ actions: [], events: [] });
    const special = ANSWER.replaceAll('"id": "a2"', '"id": "z9"');
    expect(parseAlpacaActions(special, 'c.json', seen).actions).toEqual([actions[1]]);
    const bare = ANSWER.replaceAll(/"id": "\w+",/g, '');
    const again = new Set<string>();
    expect(parseAlpacaActions(bare, 'd.json', again).actions).toEqual(actions);
    expect(parseAlpacaActions(bare, 'e.json', again).actions).toEqual([]);
  });

  test.each([
    ['"source_rate": 4', '"source_rate": 0', 'spin_offs.0.source_rate'],
    ['"effective_date": "2024-06-03"', '"effective_date": "soon"', 'cash_mergers.0.effective_date'],
    ['"acquirer_rate": 2', '"acquirer_rate": -2', 'stock_mergers.0.acquirer_rate'],
  ])('%s written as %s is refused by its name', (from, to, field) => {
    expect(() => parseAlpacaActions(ANSWER.replace(from, to), 'a.json')).toThrow(
      expect.objectContaining({
        code: 'VENDOR_FORMAT',
        facts: expect.objectContaining({ file: 'a.json', field: expect.stringContaining(field) }),
      }),
    );
  });
});
