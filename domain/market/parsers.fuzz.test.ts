import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ProductError } from '../errors.ts';
import { parseBarsCsv, parseBarsTable } from './bars.ts';
import { buildPanel } from './build-panel.ts';
import { parseCurrencyReference } from './currencies.ts';
import { ecbToBars, parseEcbCsv, parseEcbXml } from './ecb.ts';
import { equityInstruments, parseUniverse } from './equities.ts';
import { parseActions } from './parse-actions.ts';
import { checkBars } from './quality.ts';
import { QUARANTINE_REASONS } from './quarantine.ts';

const CELL = fc.oneof(
  fc.constantFrom(
    '',
    'A',
    'B',
    '1',
    '2.5',
    '-1',
    '0',
    'NaN',
    '1e308',
    '1e309',
    '2024-01-02',
    '2024-01-03',
    '2024-02-30',
    '2024-01-02T00:00:00Z',
    '2024-01-02T00:00:00-05:00',
    'N/A',
    '"',
    '"x""y"',
    ',',
    'USD',
    '\u0000',
    'é',
  ),
  fc.string({ maxLength: 8 }),
  fc.double().map(String),
);
const lines = (header: string) =>
  fc
    .array(fc.array(CELL, { maxLength: 9 }), { maxLength: 12 })
    .map((rows) => [header, ...rows.map((row) => row.join(','))].join('\n'));
const anyText = (header: string) => fc.oneof(lines(header), fc.string({ maxLength: 200 }), lines('symbol,date'));

/** Runs `parse`; anything but a product error that escapes is a defect. */
function survive(parse: () => void): void {
  try {
    parse();
  } catch (error) {
    if (!(error instanceof ProductError)) throw error;
    expect(error.kind).toBe('badInput');
    expect(error.code).toMatch(/^[A-Z_]+$/);
  }
}
const options = { numRuns: 400, seed: 7 };

describe('only product errors escape', () => {
  test('from bars as CSV, and what passes makes a panel without a stray number', () => {
    fc.assert(
      fc.property(anyText('symbol,date,open,high,low,close,volume'), (text) => {
        survive(() => {
          const parsed = parseBarsCsv(text, 'f.csv');
          const checked = checkBars([parsed], { calendar: 'data', asOf: '2100-01-01', members: null });
          for (const row of checked.quarantined) expect(Object.keys(QUARANTINE_REASONS)).toContain(row.reason);
          expect(checked.bars.symbol.length + checked.quarantined.length).toBe(checked.rows);
          const panel = buildPanel(checked.bars, equityInstruments(checked.bars, [], [], '2100-01-01'), '2100-01-01');
          expect(panel.returns.every(Number.isFinite)).toBe(true);
        });
      }),
      options,
    );
  });

  test('from bars as a table', () => {
    const value = fc.oneof(CELL, fc.double(), fc.integer(), fc.constant(null), fc.boolean());
    const column = fc.array(value, { minLength: 3, maxLength: 3 });
    const record = fc.record({
      symbol: column,
      date: column,
      open: column,
      high: column,
      low: column,
      close: column,
      volume: column,
    });
    fc.assert(
      fc.property(record, (table) => survive(() => void parseBarsTable(table, 'f.parquet'))),
      options,
    );
  });

  test('from ECB rates as CSV', () => {
    fc.assert(
      fc.property(anyText('Date,USD,JPY,'), (text) =>
        survive(() => void ecbToBars(parseEcbCsv(text, 'f'), 'USD', null)),
      ),
      options,
    );
  });

  test('from ECB rates as XML', () => {
    const attribute = fc
      .tuple(fc.constantFrom('time', 'currency', 'rate', 'x'), CELL)
      .map(([name, text]) => `${name}="${text}"`);
    const cube = fc.array(attribute, { maxLength: 3 }).map((attributes) => `<Cube ${attributes.join(' ')}/>`);
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(cube).map((cubes) => cubes.join('\n')),
          fc.string(),
        ),
        (text) => survive(() => void ecbToBars(parseEcbXml(text, 'f'), 'USD', null)),
      ),
      options,
    );
  });

  test('from reference tables and actions', () => {
    fc.assert(
      fc.property(anyText('currency,name,status,euro_conversion_rate'), (text) =>
        survive(() => void parseCurrencyReference(text, 'f')),
      ),
      options,
    );
    fc.assert(
      fc.property(anyText('symbol,date,dividend,split,spinoff_value,spinoff_ratio,spinoff_symbol,new_symbol'), (text) =>
        survive(() => void parseActions(text, 'f')),
      ),
      options,
    );
    fc.assert(
      fc.property(anyText('symbol,name,type,sector'), (text) => survive(() => void parseUniverse(text, 'f'))),
      options,
    );
  });
});
