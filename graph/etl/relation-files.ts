import { badInput } from '../../domain/errors.ts';
import { csvFields, eachLine } from '../../domain/market/csv.ts';
import { type CategoryLink, OPEN_END, OPEN_START, type Stated, type SupplierLink } from './asset-graph.ts';

/** A row that names an asset which the universe does not have: no mistake, for most firms buy from others, but told. */
export interface SetAsideRow {
  readonly file: string;
  readonly line: number;
  readonly symbol: string;
  readonly reason: string;
}

interface Shape {
  readonly required: readonly string[];
  readonly optional: readonly string[];
}

interface Row extends Stated {
  readonly from: string;
  readonly to: string;
  readonly weight: number;
}

/**
 * `suppliers.csv`: symbol,supplier,source and, if known, from,to (ISO dates; the day it begins, the day it no longer holds) and weight
 * (share of purchases, above 0 and at most 1). Ascending by symbol, supplier, validFrom; rows of a pair that say the same for times that
 * follow on each other are one.
 *
 * @param known each symbol that an asset of the universe has or had, to the one that it has.
 * @param date what begins after it is left out, what ends after it still holds: the graph of a day does not know what comes.
 * @throws ProductError RELATION_FILE (bad input) with file, line, field, value: an unknown or missing column, a date, a weight, more
 * fields than columns, an asset that supplies itself, a pair given twice for the same time, or not one row about assets of the universe.
 */
export function parseSuppliers(
  text: string,
  file: string,
  known: ReadonlyMap<string, string>,
  date: string,
): { suppliers: SupplierLink[]; setAside: SetAsideRow[] } {
  const shape = { required: ['symbol', 'supplier', 'source'], optional: ['from', 'to', 'weight'] };
  const { rows, setAside } = relationRows(text, file, shape, known, date);
  return { suppliers: rows.map(({ from, to, ...stated }) => ({ symbol: from, supplier: to, ...stated })), setAside };
}

/**
 * `holdings.csv`: symbol,fund,source and, if known, from,to: which fund (ETF) holds which asset, and who says so. A fund need be no asset of
 * the universe. Ascending by symbol, fund, validFrom. @throws as {@link parseSuppliers}.
 */
export function parseHoldings(
  text: string,
  file: string,
  known: ReadonlyMap<string, string>,
  date: string,
): { categories: CategoryLink[]; setAside: SetAsideRow[] } {
  const shape = { required: ['symbol', 'fund', 'source'], optional: ['from', 'to'] };
  const { rows, setAside } = relationRows(text, file, shape, known, date);
  return {
    categories: rows.map(({ from, to, weight: _, ...stated }) => ({ symbol: from, kind: 'fund', name: to, ...stated })),
    setAside,
  };
}

function relationRows(text: string, file: string, shape: Shape, known: ReadonlyMap<string, string>, date: string) {
  const [first, second] = shape.required;
  let header: string[] | null = null;
  const found: (Row & { line: number })[] = [];
  const setAside: (SetAsideRow & { validFrom: string })[] = [];
  eachLine(text, (line, number) => {
    const fields = csvFields(line);
    if (!header) {
      header = headerOf(fields, file, shape);
      return;
    }
    if (fields.length > header.length)
      throw wrong(
        file,
        number,
        'row',
        line,
        `at most ${header.length} fields; one that holds a comma is put in quotes`,
      );
    const value = (name: string) => fields[(header as string[]).indexOf(name)] ?? '';
    const said = rowOf(value, shape, file, number);
    const row = { ...said, from: known.get(said.from) ?? said.from, to: known.get(said.to) ?? said.to };
    if (row.from === row.to && second === 'supplier')
      throw wrong(file, number, second, said.to, 'an asset does not supply itself');
    const strangers = (second === 'fund' ? [first] : [first, second]).filter((name) => !known.has(value(name)));
    if (strangers.length === 0) found.push({ ...row, line: number });
    for (const name of strangers) {
      const reason = `the ${name} is no asset of the universe`;
      setAside.push({ file, line: number, symbol: value(name), reason, validFrom: row.validFrom });
    }
  });
  if (!header || found.length === 0) {
    const unknown = [...new Set(setAside.map(({ symbol }) => symbol))].slice(0, 20);
    throw badInput('RELATION_FILE', 'The file has no row about assets of the universe', {
      facts: { file, unknown },
      remedy: 'Use the symbols of the universe, or remove the file.',
    });
  }
  found.sort((a, b) => compare(a.from, b.from) || compare(a.to, b.to) || compare(a.validFrom, b.validFrom));
  found.forEach((row, i) => {
    const before = found[i - 1];
    if (before?.from === row.from && before.to === row.to && row.validFrom < before.validTo) {
      throw wrong(file, row.line, second, row.to, `line ${before.line} says the same pair for a time that overlaps`);
    }
  });
  const begun = ({ validFrom }: { validFrom: string }) => validFrom <= date;
  return {
    rows: joined(found.map(({ line: _, ...row }): Row => row))
      .filter(begun)
      .map((row) => (row.validTo > date ? { ...row, validTo: OPEN_END } : row)),
    setAside: setAside.filter(begun).map(({ validFrom: _, ...row }) => row),
  };
}

/** The engines load many relations between the same two assets slowly: a file that says the same every day is one relation. */
function joined(rows: readonly Row[]): Row[] {
  const all: Row[] = [];
  for (const row of rows) {
    const before = all.at(-1);
    const goesOn =
      before?.from === row.from &&
      before.to === row.to &&
      before.validTo === row.validFrom &&
      before.weight === row.weight &&
      before.source === row.source;
    if (before && goesOn) all[all.length - 1] = { ...before, validTo: row.validTo };
    else all.push(row);
  }
  return all;
}

function headerOf(fields: readonly string[], file: string, { required, optional }: Shape): string[] {
  const header = fields.map((name) => name.toLowerCase());
  const expected = [...required, ...optional];
  for (const [i, name] of header.entries()) {
    if (!expected.includes(name))
      throw wrong(file, 1, 'column', name, `no such column; there are ${expected.join(', ')}`);
    if (header.indexOf(name) !== i) throw wrong(file, 1, 'column', name, 'the column is there twice');
  }
  for (const name of required)
    if (!header.includes(name)) throw wrong(file, 1, 'column', name, 'the column is missing');
  return header;
}

function rowOf(value: (name: string) => string, { required }: Shape, file: string, line: number): Row {
  for (const name of required) if (value(name) === '') throw wrong(file, line, name, '', 'must not be empty');
  const [from, to, source] = required.map(value);
  const weight = value('weight') === '' ? 1 : Number(value('weight'));
  if (!(weight > 0 && weight <= 1)) throw wrong(file, line, 'weight', value('weight'), 'a share above 0 and at most 1');
  const dateOf = (name: string, open: string): string => {
    const date = value(name) || open;
    if (isDate(date)) return date;
    throw wrong(file, line, name, date, 'a date as 2020-12-31');
  };
  const [validFrom, validTo] = [dateOf('from', OPEN_START), dateOf('to', OPEN_END)];
  if (validFrom >= validTo) throw wrong(file, line, 'to', validTo, `must be after ${validFrom}`);
  return { from, to, weight, validFrom, validTo, source };
}

const isDate = (text: string): boolean =>
  /^\d{4}-\d{2}-\d{2}$/.test(text) && new Date(`${text}T00:00:00Z`).toJSON()?.slice(0, 10) === text;

const wrong = (file: string, line: number, field: string, value: string, expected: string) =>
  badInput('RELATION_FILE', `A row of ${file} cannot be used`, {
    facts: { file, line, field, value, expected },
    remedy: 'Correct that line and run the graph stage again; nothing of the file was loaded.',
  });

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
