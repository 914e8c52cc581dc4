import { gzipSync } from 'node:zlib';
import type { CorporateAction } from '../../domain/market/bar.ts';
import { csvOf, FIXTURE_HEADER, type FixtureBar, lineOf } from '../../domain/market/bars-fixture.ts';
import type { QuarantineReason } from '../../domain/market/quarantine.ts';
import type { Random } from '../../domain/simulation/random.ts';

/** What a damaged file must lead to: an error of the whole file, or these rows set aside for this reason. */
export type Outcome =
  | { error: string }
  | { reason: QuarantineReason; rows: string[] /** Later rows may fall with them. */; andLater?: true };

export interface Damaged {
  bytes: Uint8Array;
  name?: string;
  actions?: CorporateAction[];
  lifeEnds?: ReadonlyMap<string, string>;
  outcome: Outcome;
}

/** Bars come symbol by symbol; `at` is a row with more than 20 rows of its symbol before it and at least 5 after. */
export interface Ground {
  bars: FixtureBar[];
  at: number;
  random: Random;
}
export type Corruption = (ground: Ground) => Damaged;

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const rowKey = ({ symbol, date }: Pick<FixtureBar, 'symbol' | 'date'>): string => `${symbol} ${date}`;
const pick = <T>(random: Random, values: readonly T[]): T => values[random.integer(values.length)];
const between = (random: Random, low: number, high: number): number => low + (high - low) * random.uniform();
const round = (value: number): number => Number(value.toPrecision(8));
const PRICES = ['open', 'high', 'low', 'close'] as const;
const NUMBERS = [...PRICES, 'volume'] as const;

/** The whole file is refused. */
const file =
  (error: string, damage: (text: string, ground: Ground) => string | Uint8Array, name?: string): Corruption =>
  (ground) => {
    const damaged = damage(csvOf(ground.bars), ground);
    return { bytes: typeof damaged === 'string' ? encode(damaged) : damaged, name, outcome: { error } };
  };

/** One row is written in another way. */
const cell =
  (reason: QuarantineReason, damage: (bar: FixtureBar, random: Random) => Record<string, unknown>): Corruption =>
  ({ bars, at, random }) => {
    const bar = bars[at];
    const changed = { ...bar, ...damage(bar, random) } as Record<string, unknown>;
    const lines = bars.map(lineOf);
    lines[at] = FIXTURE_HEADER.split(',')
      .map((name) => changed[name])
      .join(',');
    const symbol = reason === 'BAD_SYMBOL' ? '' : rowKey(bar).split(' ')[0];
    const date = reason === 'BAD_DATE' ? '' : String(changed.date);
    const key = reason === 'BAD_SYMBOL' ? String(changed.symbol).toUpperCase() : symbol;
    return {
      bytes: encode([FIXTURE_HEADER, ...lines].join('\n')),
      outcome: { reason, rows: [`${key} ${date}`] },
    };
  };

const scaled = (bar: FixtureBar, factor: number, volume = 1): FixtureBar => {
  const copy = { ...bar, volume: Math.max(1, Math.round(bar.volume * volume)) };
  for (const field of PRICES) copy[field] = round(bar[field] * factor);
  return copy;
};

/** The bars themselves change: rows `at` and, with `until`, those after it. */
const series =
  (
    reason: QuarantineReason,
    change: (bar: FixtureBar, random: Random) => (bar: FixtureBar) => FixtureBar,
    lasts = false,
  ): Corruption =>
  ({ bars, at, random }) => {
    const apply = change(bars[at], random);
    const isHit = (bar: FixtureBar, i: number): boolean =>
      i === at || (lasts && i > at && bar.symbol === bars[at].symbol);
    const damaged = bars.map((bar, i) => (isHit(bar, i) ? apply(bar) : bar));
    return {
      bytes: encode(csvOf(damaged)),
      outcome: { reason, rows: [rowKey(bars[at])], ...(lasts && { andLater: true as const }) },
    };
  };

/** A row is put in beside the others. */
const added =
  (reason: QuarantineReason, rowOf: (bar: FixtureBar, random: Random) => FixtureBar, both = false): Corruption =>
  ({ bars, at, random }) => {
    const extra = rowOf(bars[at], random);
    const rows = [rowKey(extra), ...(both ? [rowKey(bars[at])] : [])];
    return { bytes: encode(csvOf([...bars, extra])), outcome: { reason, rows } };
  };

const action =
  (reason: QuarantineReason, of: (bar: FixtureBar, random: Random) => [dividend: number, split: number]): Corruption =>
  ({ bars, at, random }) => {
    const [dividend, split] = of(bars[at], random);
    const lines = bars.map((bar, i) => `${lineOf(bar)},${i === at ? `${dividend},${split}` : '0,1'}`);
    return {
      bytes: encode([`${FIXTURE_HEADER},dividend,split`, ...lines].join('\n')),
      outcome: { reason, rows: [rowKey(bars[at])] },
    };
  };

const withoutColumn = (text: string, column: number): string =>
  text
    .split('\n')
    .map((line) => line.split(',').toSpliced(column, 1).join(','))
    .join('\n');
const addDays = (date: string, days: number): string =>
  new Date(Date.parse(date) + days * 86_400_000).toISOString().slice(0, 10);
const weekendAfter = (date: string): string => addDays(date, 6 - new Date(date).getUTCDay());

const swapped: Corruption = ({ bars, at }) => {
  // On a day on which both are near to their own close before: else neither price tells whose it is.
  const isCalm = (i: number): boolean => Math.abs(Math.log(bars[i].close / bars[i - 1].close)) < 0.04;
  const otherOf = (place: number): number =>
    bars.findIndex(
      ({ date, close }, i) =>
        date === bars[place].date && Math.abs(Math.log(close / bars[place].close)) > 0.25 && isCalm(i),
    );
  const place = [at, at + 1, at + 2, at + 3, at + 4].find((i) => isCalm(i) && otherOf(i) !== -1) ?? at;
  const mine = bars[place];
  const other = otherOf(place);
  const theirs = bars[other];
  const damaged = [...bars];
  damaged[place] = { ...theirs, symbol: mine.symbol };
  damaged[other] = { ...mine, symbol: theirs.symbol };
  return {
    bytes: encode(csvOf(damaged)),
    outcome: { reason: 'SYMBOLS_SWAPPED', rows: [rowKey(mine), rowKey(theirs)] },
  };
};

const afterLife: Corruption = ({ bars, at }) => ({
  bytes: encode(csvOf(bars)),
  lifeEnds: new Map([[bars[at].symbol, bars[at].date]]),
  outcome: { reason: 'AFTER_LIFE_END', rows: [rowKey(bars[at])], andLater: true },
});

const unpriced: Corruption = ({ bars, at }) => {
  const { symbol, date } = bars[at];
  return {
    bytes: encode(csvOf(bars)),
    actions: [{ symbol, date, dividend: 0, split: 1, spinoff: { ratio: 0.5, symbol: 'KID' } }],
    outcome: { reason: 'SPINOFF_UNPRICED', rows: [rowKey(bars[at])], andLater: true },
  };
};

const reused: Corruption = ({ bars, at, random }) => {
  const { symbol, date } = bars[at];
  const renamed = bars.map((bar) => (bar.symbol === symbol && bar.date >= date ? { ...bar, symbol: 'NEW' } : bar));
  const others = { ...scaled(bars[at - 1 - random.integer(5)], between(random, 0.9, 1.1)), symbol: 'NEW' };
  return {
    bytes: encode(csvOf([...renamed, others])),
    actions: [{ symbol, date, dividend: 0, split: 1, newSymbol: 'NEW' }],
    outcome: { reason: 'SYMBOL_REUSED', rows: [rowKey(others)] },
  };
};

/** Kinds of damage that a vendor, a spreadsheet, a network or a script does to a file of bars, by name. */
export const CORRUPTIONS: Record<string, Corruption> = {
  'a column is missing': file('CSV_MISSING_COLUMN', (text, { random }) => withoutColumn(text, random.integer(7))),
  'a column is renamed': file('CSV_MISSING_COLUMN', (text, { random }) =>
    text.replace(pick(random, [...NUMBERS]), 'px_value'),
  ),
  'a column appears twice': file('CSV_DUPLICATE_COLUMN', (text, { random }) => {
    const name = pick(random, [...NUMBERS]);
    const lines = text.trim().split('\n');
    return lines.map((line, i) => `${line},${i === 0 ? name : '1'}`).join('\n');
  }),
  'semicolons part the fields': file('CSV_MISSING_COLUMN', (text) => text.replaceAll(',', ';')),
  'the header is missing': file('CSV_MISSING_COLUMN', (text) => text.slice(text.indexOf('\n') + 1)),
  'a page of HTML': file(
    'CSV_MISSING_COLUMN',
    () => '<!doctype html>\n<html><body>429 Too Many Requests</body></html>',
  ),
  'an empty file': file('CSV_EMPTY', () => ''),
  'a header without rows': file('CSV_EMPTY', () => FIXTURE_HEADER),
  'UTF-16': file('FILE_NOT_TEXT', (text) => Uint8Array.from(Buffer.from(`\uFEFF${text}`, 'utf16le'))),
  'Latin-1': file('FILE_NOT_TEXT', (text, { at }) =>
    Uint8Array.from(Buffer.from(text.replace(new RegExp(`^((?:.*\n){${at}})S`), '$1\u00c9'), 'latin1')),
  ),
  'a gzip that is cut short': file(
    'GZIP_TRUNCATED',
    (text, { random }) => {
      const whole = gzipSync(text);
      return whole.subarray(0, Math.floor(whole.length * between(random, 0.2, 0.95)));
    },
    'bars.csv.gz',
  ),
  'two time zones': file('BARS_MIXED_TIME_ZONES', (text, { bars, at }) =>
    text.replaceAll(bars[at].date, `${bars[at].date}T00:00:00-05:00`),
  ),
  'a field is empty': cell('MISSING_VALUE', (_, random) => ({ [pick(random, [...NUMBERS])]: '' })),
  'not a number': cell('NOT_A_NUMBER', (_, random) => ({
    [pick(random, [...NUMBERS])]: pick(random, ['NaN', 'nan', 'null']),
  })),
  infinite: cell('NOT_A_NUMBER', (_, random) => ({
    [pick(random, [...NUMBERS])]: pick(random, ['Infinity', '-inf', '1e999']),
  })),
  'words in a number': cell('NOT_A_NUMBER', (_, random) => ({
    [pick(random, [...NUMBERS])]: pick(random, ['N/A', '#REF!', '12.5 USD', '--']),
  })),
  'a decimal comma in quotes': cell('NOT_A_NUMBER', (bar, random) => {
    const field = pick(random, PRICES);
    return { [field]: `"${bar[field].toFixed(3).replace('.', ',')}"` };
  }),
  'a decimal comma': cell('WRONG_FIELD_COUNT', (bar, random) => {
    const field = pick(random, PRICES);
    return { [field]: bar[field].toFixed(3).replace('.', ',') };
  }),
  'thousands in quotes': cell('NOT_A_NUMBER', (bar) => ({
    volume: `"${(bar.volume + 1000).toLocaleString('en-US')}"`,
  })),
  thousands: cell('WRONG_FIELD_COUNT', (bar) => ({ volume: (bar.volume + 1000).toLocaleString('en-US') })),
  'a field too many': cell('WRONG_FIELD_COUNT', (bar) => ({ volume: `${bar.volume},${bar.close}` })),
  'the last row is cut': ({ bars, random }) => {
    const text = csvOf(bars).trim();
    const last = text.slice(text.lastIndexOf('\n') + 1);
    const end = text.length - last.length + last.lastIndexOf(',') - random.integer(3);
    return {
      bytes: encode(text.slice(0, end)),
      outcome: { reason: 'WRONG_FIELD_COUNT', rows: [rowKey(bars[bars.length - 1])] },
    };
  },
  'a date in another order': cell('BAD_DATE', ({ date }, random) => {
    const [y, m, d] = date.split('-');
    return { date: pick(random, [`${d}/${m}/${y}`, `${m}/${d}/${y}`, `${d}.${m}.${y}`, `${y}${m}${d}`]) };
  }),
  'a day that does not exist': cell('BAD_DATE', ({ date }, random) => ({
    date: `${date.slice(0, 5)}${pick(random, ['02-30', '13-01', '04-31', '00-10'])}`,
  })),
  'seconds since 1970': cell('BAD_DATE', ({ date }) => ({ date: Date.parse(date) / 1000 })),
  'symbol and date change places': cell('BAD_DATE', ({ symbol }) => ({ date: symbol })),
  'a symbol with signs': cell('BAD_SYMBOL', ({ symbol }, random) => ({
    symbol: `${symbol}${pick(random, [' US', '$', '/B', '_X'])}`,
  })),
  'a price of zero': cell('NOT_POSITIVE', (_, random) => ({ [pick(random, PRICES)]: 0 })),
  'a sign is lost or won': cell('NOT_POSITIVE', (bar, random) => {
    const field = pick(random, PRICES);
    return { [field]: -bar[field] };
  }),
  'high and low change places': cell('HIGH_BELOW_LOW', ({ high, low }) => ({ high: low, low: high })),
  'the close is outside the range': cell('OUTSIDE_RANGE', ({ high, low }, random) => ({
    close: random.uniform() < 0.5 ? round(high * between(random, 1.001, 3)) : round(low * between(random, 0.3, 0.999)),
  })),
  'the open is outside the range': cell('OUTSIDE_RANGE', ({ high, low }, random) => ({
    open: random.uniform() < 0.5 ? round(high * between(random, 1.001, 3)) : round(low * between(random, 0.3, 0.999)),
  })),
  'close and volume change places': cell('OUTSIDE_RANGE', ({ close, volume }) => ({
    close: volume,
    volume: Math.round(close),
  })),
  'a lost decimal point in the high': cell('EXTREME_RANGE', ({ high }, random) => ({
    high: round(high * pick(random, [10, 100, between(random, 2.2, 9)])),
  })),
  'a bad tick in the low': cell('EXTREME_RANGE', ({ low }, random) => ({
    low: round(low * between(random, 0.001, 0.45)),
  })),
  'a negative volume': cell('NEGATIVE_VOLUME', ({ volume }) => ({ volume: -volume })),
  'a bar of a weekend': added('NOT_A_SESSION', (bar) => ({ ...bar, date: weekendAfter(bar.date) })),
  'a bar of a holiday': added('NOT_A_SESSION', (bar, random) => ({
    ...bar,
    date: pick(random, ['2015-01-19', '2015-02-16']),
  })),
  'a bar of the future': added('FUTURE_DATE', (bar, random) => ({
    ...bar,
    date: addDays('2026-11-01', random.integer(20_000)),
  })),
  'bars after the end of a life': afterLife,
  'the same row twice': added('DUPLICATE_IDENTICAL', (bar) => ({ ...bar })),
  'two rows for one day': added('DUPLICATE_CONFLICT', (bar, random) => scaled(bar, between(random, 1.0001, 1.5)), true),
  'yesterday again': ({ bars, at }) => {
    const damaged = bars.map((bar, i) => (i === at ? { ...bars[at - 1], date: bar.date } : bar));
    return { bytes: encode(csvOf(damaged)), outcome: { reason: 'STALE_COPY', rows: [rowKey(bars[at])] } };
  },
  "yesterday's prices on a volume of their own": ({ bars, at }) => {
    const { date, volume } = bars[at];
    const damaged = bars.map((bar, i) => (i === at ? { ...bars[at - 1], date, volume } : bar));
    return { bytes: encode(csvOf(damaged)), outcome: { reason: 'STALE_COPY', rows: [rowKey(bars[at])] } };
  },
  'pence for pounds, one day': series('UNIT_SHIFT', (_, random) => {
    const factor = pick(random, [100, 0.01]);
    return (bar) => scaled(bar, factor);
  }),
  'pence for pounds, from a day on': series(
    'UNIT_SHIFT',
    (_, random) => {
      const factor = pick(random, [100, 0.01]);
      return (bar) => scaled(bar, factor);
    },
    true,
  ),
  'a decimal point moved': series('UNIT_SHIFT', (_, random) => {
    const factor = pick(random, [10, 0.1, 1000, 0.001]);
    return (bar) => scaled(bar, factor);
  }),
  'a spike beyond reason': series('PRICE_JUMP', (_, random) => {
    const factor = pick(random, [between(random, 4.35, 4.65), between(random, 12.5, 50), between(random, 0.02, 0.08)]);
    return (bar) => scaled(bar, factor);
  }),
  'a spike on an ordinary volume': series('QUIET_JUMP', (_, random) => {
    const factor = pick(random, [
      between(random, 1.31, 1.42),
      between(random, 1.62, 1.88),
      between(random, 0.72, 0.75),
    ]);
    return (bar) => scaled(bar, factor);
  }),
  'a split that nobody declared': series(
    'UNDECLARED_SPLIT',
    (bar, random) => {
      const ratio = pick(random, [2, 3, 4, 5, 7, 8, 1 / 2, 1 / 3]);
      // The open as the close before, but for the split: what an exchange does overnight.
      return (later) => scaled(later, (later === bar ? 1 : 1) / ratio, ratio);
    },
    true,
  ),
  'a split of prices that are adjusted already': action('SPLIT_NOT_IN_PRICE', (_, random) => [
    0,
    pick(random, [2, 3, 4, 5, 7, 20]),
  ]),
  'a split upside down': ({ bars, at, random }) => {
    const ratio = pick(random, [2, 3, 5, 7]);
    const { symbol, date } = bars[at];
    const isAfter = (bar: FixtureBar): boolean => bar.symbol === symbol && bar.date >= date;
    const damaged = bars.map((bar) => (isAfter(bar) ? scaled(bar, 1 / ratio, ratio) : bar));
    return {
      bytes: encode(csvOf(damaged)),
      actions: [{ symbol, date, dividend: 0, split: 1 / ratio }],
      outcome: { reason: 'SPLIT_NOT_IN_PRICE', rows: [rowKey(bars[at])], andLater: true },
    };
  },
  'a dividend as large as the price': action('BAD_ACTION', ({ close }, random) => [
    round(close * between(random, 1.2, 50)),
    1,
  ]),
  'a negative dividend': action('BAD_ACTION', (_, random) => [-between(random, 0.01, 5), 1]),
  'a split ratio that is none': action('BAD_ACTION', (_, random) => [0, pick(random, [0, -2])]),
  'a spin-off whose units do not trade': unpriced,
  'bars of another that had the symbol before': reused,
  'two symbols change places': swapped,
  'volumes in another unit': series('VOLUME_UNIT', (_, random) => {
    const factor = pick(random, [1000, 1 / 1000]);
    return (bar) => scaled(bar, 1, factor);
  }),
};
