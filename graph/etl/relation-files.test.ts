import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ProductError } from '../../domain/errors.ts';
import { parseHoldings, parseSuppliers } from './relation-files.ts';

/** C was OLD. */
const known = new Map(Object.entries({ A: 'A', B: 'B', C: 'C', OLD: 'C' }));
const TODAY = '2021-06-30';
const parse = (text: string, date = TODAY) => parseSuppliers(text, 'suppliers.csv', known, date);

test('rows with their dates, weights and source, in order', () => {
  const { suppliers, setAside } = parse(
    'supplier,Symbol,from,to,weight,source\nB,C,,,,"filings, 2020"\r\nC,A,2020-01-01,2021-01-01,0.25,desk\nC,A,2021-01-01,,0.5,desk\n\n',
  );
  expect(suppliers).toEqual([
    { symbol: 'A', supplier: 'C', validFrom: '2020-01-01', validTo: '2021-01-01', weight: 0.25, source: 'desk' },
    { symbol: 'A', supplier: 'C', validFrom: '2021-01-01', validTo: '9999-12-31', weight: 0.5, source: 'desk' },
    { symbol: 'C', supplier: 'B', validFrom: '0001-01-01', validTo: '9999-12-31', weight: 1, source: 'filings, 2020' },
  ]);
  expect(setAside).toEqual([]);
});

test('a row about an asset that the universe does not have is set aside by name, the others are used', () => {
  const { suppliers, setAside } = parse('symbol,supplier,source\nA,B,x\nA,ZZZ,x\nQ,B,x\n');
  expect(suppliers.map(({ symbol, supplier }) => symbol + supplier)).toEqual(['AB']);
  expect(setAside).toEqual([
    { file: 'suppliers.csv', line: 3, symbol: 'ZZZ', reason: 'the supplier is no asset of the universe' },
    { file: 'suppliers.csv', line: 4, symbol: 'Q', reason: 'the symbol is no asset of the universe' },
  ]);
});

test('on a day nothing is known of what begins after it, nor of when what holds will end', () => {
  const before = 'symbol,supplier,from,to,source\nA,B,2020-01-01,2020-06-01,x\nA,C,2020-05-01,,x\nA,Z,2020-05-01,,x\n';
  const after = [
    before.replace('2020-05-01,,x', '2020-05-01,2020-07-02,x'),
    'B,C,2020-07-02,,x\nA,C,2020-07-02,2020-08-02,x\nA,Y,2020-07-02,,x\n',
  ].join('');
  expect(parse(after, '2020-07-01')).toEqual(parse(before, '2020-07-01'));
  expect(parse(after, '2020-07-02')).toMatchObject({
    suppliers: [{ validTo: '2020-06-01' }, { validTo: '9999-12-31' }, { validFrom: '2020-07-02' }],
    setAside: [{ symbol: 'Z' }, { symbol: 'Y' }],
  });
});

test('rows that say the same of a pair day after day are one relation', () => {
  const { suppliers } = parse(
    [
      'symbol,supplier,source,weight,from,to',
      'A,B,x,0.5,2020-01-01,2020-01-02',
      'A,B,x,0.5,2020-01-02,2020-01-03',
      'A,B,x,0.25,2020-01-03,2020-01-04',
      'A,B,x,0.25,2020-01-05,2020-01-06',
      'A,B,y,0.25,2020-01-06,2020-01-07',
    ].join('\n'),
  );
  expect(suppliers.map(({ validFrom, validTo }) => [validFrom, validTo])).toEqual([
    ['2020-01-01', '2020-01-03'],
    ['2020-01-03', '2020-01-04'],
    ['2020-01-05', '2020-01-06'],
    ['2020-01-06', '2020-01-07'],
  ]);
});

test('what is said of an asset under the symbol that it had is said of it', () => {
  const { suppliers, setAside } = parse(
    'symbol,supplier,from,to,source\nA,OLD,2020-01-01,2021-01-01,x\nA,C,2021-01-01,,x\nOLD,B,,,x\n',
  );
  expect(suppliers.map(({ symbol, supplier, validFrom }) => [symbol, supplier, validFrom])).toEqual([
    ['A', 'C', '2020-01-01'],
    ['C', 'B', '0001-01-01'],
  ]);
  expect(setAside).toEqual([]);
  const { categories } = parseHoldings('fund,symbol,source\nOLD,A,issuer\n', 'holdings.csv', known, TODAY);
  expect(categories).toEqual([expect.objectContaining({ symbol: 'A', name: 'C' })]);
});

test.each([
  ['an unknown column', 'symbol,supplier,source,since\nA,B,x,2020\n', { line: 1, field: 'column', value: 'since' }],
  ['a missing column', 'symbol,supplier\nA,B\n', { line: 1, field: 'column', value: 'source' }],
  ['a column twice', 'symbol,supplier,source,source\nA,B,x,y\n', { line: 1, field: 'column', value: 'source' }],
  ['a self-edge by an old symbol', 'symbol,supplier,source\nOLD,C,x\n', { line: 2, field: 'supplier', value: 'C' }],
  ['a self-edge', 'symbol,supplier,source\nA,B,x\nB,B,x\n', { line: 3, field: 'supplier', value: 'B' }],
  [
    'a day that is not in the calendar',
    'symbol,supplier,from,source\nA,B,2021-02-29,x\n',
    { line: 2, field: 'from', value: '2021-02-29' },
  ],
  [
    'a date in another form',
    'symbol,supplier,to,source\nA,B,31.12.2020,x\n',
    { line: 2, field: 'to', value: '31.12.2020' },
  ],
  [
    'an end before its beginning',
    'symbol,supplier,from,to,source\nA,B,2020-02-01,2020-01-01,x\n',
    { line: 2, field: 'to' },
  ],
  [
    'a weight beyond the whole',
    'symbol,supplier,weight,source\nA,B,1.5,x\n',
    { line: 2, field: 'weight', value: '1.5' },
  ],
  [
    'a weight that is no number',
    'symbol,supplier,weight,source\nA,B,much,x\n',
    { line: 2, field: 'weight', value: 'much' },
  ],
  [
    'a field with a comma and no quotes',
    'symbol,supplier,source\nA,B,filings, 2020\n',
    { line: 2, field: 'row', value: 'A,B,filings, 2020' },
  ],
  ['no source', 'symbol,supplier,source\nA,B,\n', { line: 2, field: 'source', value: '' }],
  [
    'a pair twice at one time',
    'symbol,supplier,from,source\nA,B,2020-01-01,x\nA,B,2021-01-01,x\n',
    { line: 3, field: 'supplier' },
  ],
  ['no known asset at all', 'symbol,supplier,source\nX,Y,x\n', { unknown: ['X', 'Y'] }],
  ['nothing', '', { file: 'suppliers.csv' }],
])('%s is refused, naming file, line, field and value', (_, text, facts) => {
  expect(() => parse(text)).toThrow(
    expect.objectContaining({ code: 'RELATION_FILE', kind: 'badInput', facts: expect.objectContaining(facts) }),
  );
});

test('holdings: the fund need be no asset', () => {
  const { categories } = parseHoldings(
    'fund,symbol,from,source\nSPX,A,2020-01-01,issuer\n',
    'holdings.csv',
    known,
    TODAY,
  );
  expect(categories).toEqual([
    { symbol: 'A', kind: 'fund', name: 'SPX', validFrom: '2020-01-01', validTo: '9999-12-31', source: 'issuer' },
  ]);
});

describe('any text', () => {
  const cell = fc.oneof(
    fc.constantFrom('A', 'B', 'C', 'Z', '2020-01-01', '2021-01-01', '0.5', '', '"', 'x'),
    fc.string(),
  );
  const lines = fc.array(
    fc.array(cell, { maxLength: 7 }).map((cells) => cells.join(',')),
    { maxLength: 6 },
  );

  test('is parsed or refused with a typed error', () => {
    fc.assert(
      fc.property(fc.boolean(), lines, (headed, rest) => {
        try {
          const { suppliers } = parse(
            [...(headed ? ['symbol,supplier,from,to,weight,source'] : []), ...rest].join('\n'),
          );
          expect(suppliers.every(({ symbol, supplier }) => symbol !== supplier && known.has(supplier))).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(ProductError);
        }
      }),
      { numRuns: 300 },
    );
  });
});
