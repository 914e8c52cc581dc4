import { z } from 'zod';
import { parseVendorJson } from './alpaca.ts';
import { dayOfIso, isoOfDay } from './days.ts';
import { type PointInTimeTable, pointInTimeTable } from './point-in-time.ts';

/*
 * Company facts of the SEC: data.sec.gov/api/xbrl/companyfacts/CIK##########.json. Each fact carries its period, its value and the day on which the
 * report that states it was filed; the same period comes back, perhaps restated, in later reports.
 */

/** What a series is made of. The first tag that gives a figure for a period wins. `flow`: of a period; `stock`: of a day. */
interface SeriesRule {
  kind: 'flow' | 'stock';
  unit: 'USD' | 'shares';
  tags: readonly string[];
}

export const SEC_SERIES: Readonly<Record<string, SeriesRule>> = {
  netIncome: { kind: 'flow', unit: 'USD', tags: ['us-gaap:NetIncomeLoss', 'us-gaap:ProfitLoss'] },
  revenue: {
    kind: 'flow',
    unit: 'USD',
    tags: [
      'us-gaap:Revenues',
      'us-gaap:RevenueFromContractWithCustomerExcludingAssessedTax',
      'us-gaap:RevenueFromContractWithCustomerIncludingAssessedTax',
      'us-gaap:SalesRevenueNet',
    ],
  },
  operatingCashFlow: {
    kind: 'flow',
    unit: 'USD',
    tags: [
      'us-gaap:NetCashProvidedByUsedInOperatingActivities',
      'us-gaap:NetCashProvidedByUsedInOperatingActivitiesContinuingOperations',
    ],
  },
  capex: {
    kind: 'flow',
    unit: 'USD',
    tags: ['us-gaap:PaymentsToAcquirePropertyPlantAndEquipment', 'us-gaap:PaymentsToAcquireProductiveAssets'],
  },
  dividends: {
    kind: 'flow',
    unit: 'USD',
    tags: ['us-gaap:PaymentsOfDividendsCommonStock', 'us-gaap:PaymentsOfDividends'],
  },
  equity: {
    kind: 'stock',
    unit: 'USD',
    tags: [
      'us-gaap:StockholdersEquity',
      'us-gaap:StockholdersEquityIncludingPortionAttributableToNoncontrollingInterest',
    ],
  },
  totalAssets: { kind: 'stock', unit: 'USD', tags: ['us-gaap:Assets'] },
  sharesOutstanding: {
    kind: 'stock',
    unit: 'shares',
    tags: ['dei:EntityCommonStockSharesOutstanding', 'us-gaap:CommonStockSharesOutstanding'],
  },
};

const factSchema = z.object({
  start: z.iso.date().optional(),
  end: z.iso.date(),
  val: z.number(),
  accn: z.string(),
  filed: z.iso.date(),
  form: z.string().optional(),
});
type Fact = z.output<typeof factSchema>;
const factsSchema = z.object({
  cik: z.coerce.number().int(),
  facts: z.record(z.string(), z.record(z.string(), z.object({ units: z.record(z.string(), z.array(z.unknown())) }))),
});

export interface CompanyFacts {
  cik: number;
  /** `taxonomy:tag` and unit -> facts by the day of filing, then accession number. */
  facts(tag: string, unit: string): Fact[];
}

/** @throws ProductError VENDOR_FORMAT (bad input), naming file and field. */
export function parseCompanyFacts(text: string, file: string): CompanyFacts {
  const { cik, facts } = parseVendorJson(factsSchema, text, file, 'the SEC');
  return {
    cik,
    facts(tag, unit) {
      const [taxonomy, name] = tag.split(':');
      const found = facts[taxonomy]?.[name]?.units[unit] ?? [];
      return parseVendorJson(z.array(factSchema), JSON.stringify(found), `${file} ${tag}`, 'the SEC').sort((a, b) =>
        a.filed !== b.filed ? (a.filed < b.filed ? -1 : 1) : a.accn < b.accn ? -1 : a.accn > b.accn ? 1 : 0,
      );
    },
  };
}

/**
 * Quarterly figures of one company, from each report on that states or changes one. A quarter that no report states is derived: what the year to date
 * grew by since the quarter before (so the fourth is the year less nine months), or the year less its other three quarters.
 *
 * @param lagDays days from filing to knownDate. Reports are filed until 22:00 in New York, most after the close, and the file gives no hour: with 0 a
 * figure may be read hours before it was public.
 */
export function quarterlyFacts(company: CompanyFacts, symbol: string, lagDays: number): PointInTimeTable {
  const rows: { series: string; eventDate: string; knownDate: string; value: number }[] = [];
  for (const [series, rule] of Object.entries(SEC_SERIES)) {
    const byTag = rule.tags.map((tag) => company.facts(tag, rule.unit));
    const figures = series === 'sharesOutstanding' ? shareCounts(byTag) : seriesRows(rule.kind, byTag);
    for (const { end, filed, value } of figures) {
      const knownDate = isoOfDay(dayOfIso(filed) + lagDays);
      if (knownDate >= end) rows.push({ series, eventDate: end, knownDate, value });
    }
  }
  return pointInTimeTable({
    series: rows.map(({ series }) => series),
    symbol: rows.map(() => symbol),
    eventDate: rows.map(({ eventDate }) => eventDate),
    knownDate: rows.map(({ knownDate }) => knownDate),
    value: Float64Array.from(rows, ({ value }) => value),
  });
}

interface Figure {
  end: string;
  filed: string;
  value: number;
}

/** What was said of a period or a day. */
interface Told {
  start?: string | undefined;
  end: string;
  /** By the report that was filed last. */
  value: number;
  /** By the reports of its own year, amended ones too. */
  own?: number | undefined;
  /** Beside the figures of a later year, by the rules of that one: what was sold since is taken out, perhaps of one period and of another not yet. */
  later?: number | undefined;
}

/** A report of the year after comes later than this after the end of the period that it compares with, an amended one of the same year before. An 8-K recasts years. */
const OWN_YEAR_DAYS = 330;

const restated = ({ own, later }: Told): boolean => later !== undefined && later !== own;

/**
 * Shares by the day as of which they are counted: that of the cover; of a report whose cover has no total (of several classes), the day of its filing, since
 * a balance sheet counts in shares of that day (SAB topic 4.C: a split before it is in its figures already).
 */
function shareCounts([cover, balance]: readonly Fact[][]): Figure[] {
  const covered = new Set(cover.map(({ filed }) => filed));
  const counted = new Map<string, Figure>();
  let newest = '';
  for (const { end, filed, val } of balance) {
    if (covered.has(filed) || end < newest) continue;
    newest = end;
    counted.set(filed, { end: filed, filed, value: val });
  }
  return [...seriesRows('stock', [cover]), ...counted.values()];
}

/** Goes through the reports in the order of filing and notes every figure that is new or has changed. */
function seriesRows(kind: SeriesRule['kind'], byTag: readonly Fact[][]): Figure[] {
  const known = byTag.map(() => new Map<string, Told>());
  const told = new Map<string, number>();
  const rows: Figure[] = [];
  const filings = [...new Set(byTag.flatMap((facts) => facts.map(({ filed }) => filed)))].sort();
  const next = byTag.map(() => 0);
  for (const filed of filings) {
    byTag.forEach((facts, tag) => {
      for (; next[tag] < facts.length && facts[next[tag]].filed === filed; next[tag]++) {
        const { start, end, val, form } = facts[next[tag]];
        const key = `${start ?? ''} ${end}`;
        const isOwn = dayOfIso(filed) - dayOfIso(end) <= OWN_YEAR_DAYS && !form?.startsWith('8-K');
        known[tag].set(key, { ...known[tag].get(key), start, end, value: val, [isOwn ? 'own' : 'later']: val });
      }
    });
    const figures = new Map<string, number>();
    for (const facts of [...known].reverse()) {
      for (const [end, value] of kind === 'stock' ? stocks(facts) : quarters(withOthers(facts, known)))
        figures.set(end, value);
    }
    for (const [end, value] of figures) {
      if (told.get(end) === value) continue;
      told.set(end, value);
      rows.push({ end, filed, value });
    }
  }
  return rows;
}

const stocks = (facts: ReadonlyMap<string, Told>): [string, number][] =>
  [...facts.values()].filter(({ start }) => start === undefined).map(({ end, value }) => [end, value]);

/**
 * The periods of one tag, and what they lack of those of other tags that mean the same: that gave the same figure for each of the periods that both state,
 * such as the year before in the report in which a company changes its tag.
 */
function withOthers(facts: ReadonlyMap<string, Told>, byTag: readonly ReadonlyMap<string, Told>[]): Told[] {
  const all = new Map(facts);
  for (const other of byTag) {
    const both = [...other].filter(([key]) => facts.has(key));
    if (both.length === 0 || both.some(([key, one]) => !isSame(one, facts.get(key) as Told))) continue;
    for (const [key, one] of other) if (!all.has(key)) all.set(key, one);
  }
  return [...all.values()];
}

const isSame = (x: Told, y: Told): boolean =>
  [x.own, x.later].some((value) => value !== undefined && (value === y.own || value === y.later));

interface Period extends Told {
  from: number;
  to: number;
}

const [QUARTER_MIN, QUARTER_MAX] = [75, 115];
/** Reports of one year may begin it a few days apart (52 and 53 weeks). */
const SAME_START_DAYS = 7;
const isQuarter = (days: number): boolean => days >= QUARTER_MIN && days <= QUARTER_MAX;

/** Value of every quarter that the facts of one tag state or imply, by its last day. */
function quarters(facts: readonly Told[]): [string, number][] {
  const periods: Period[] = facts
    .flatMap((one) => (one.start === undefined ? [] : [{ ...one, from: dayOfIso(one.start), to: dayOfIso(one.end) }]))
    .sort((a, b) => a.to - b.to);
  const found = new Map<string, Told>();
  for (const one of periods) if (isQuarter(one.to - one.from)) found.set(one.end, one);
  const long = periods.filter(({ from, to }) => to - from > QUARTER_MAX && to - from < 380);
  for (const whole of long) {
    if (found.has(whole.end)) continue;
    const before = periods.find(
      ({ from, to }) => Math.abs(from - whole.from) <= SAME_START_DAYS && isQuarter(whole.to - to),
    );
    if (before) found.set(whole.end, rest(whole, [before]));
  }
  for (const year of long) {
    if (found.has(year.end) || year.to - year.from < 340) continue;
    const others = [...found.values()].filter(
      ({ end }) => dayOfIso(end) > year.from + 60 && dayOfIso(end) < year.to - 60,
    );
    if (others.length === 3) found.set(year.end, rest(year, others));
  }
  return [...found].map(([end, { value }]) => [end, value]);
}

/** What a period has beyond its parts: by the rules of its own year, and by those of a later one as soon as it and a part of it are restated by them. */
function rest(whole: Told, parts: readonly Told[]): Told {
  const less = (name: 'own' | 'later'): number | undefined => {
    const [all, ...taken] = [whole, ...parts].map((one) => one[name]);
    return taken.reduce((left, value) => (left === undefined || value === undefined ? undefined : left - value), all);
  };
  const own = less('own');
  const later = restated(whole) && parts.some(restated) ? less('later') : undefined;
  const value = later ?? own ?? parts.reduce((left, part) => left - part.value, whole.value);
  return { end: whole.end, value, own, later };
}
