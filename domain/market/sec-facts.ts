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
    for (const { end, filed, value } of seriesRows(
      rule,
      rule.tags.map((tag) => company.facts(tag, rule.unit)),
    )) {
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

/** Goes through the reports in the order of filing and notes every figure that is new or has changed. */
function seriesRows({ kind }: SeriesRule, byTag: readonly Fact[][]): Figure[] {
  const known = byTag.map(() => new Map<string, Fact>());
  const told = new Map<string, number>();
  const rows: Figure[] = [];
  const filings = [...new Set(byTag.flatMap((facts) => facts.map(({ filed }) => filed)))].sort();
  const next = byTag.map(() => 0);
  for (const filed of filings) {
    byTag.forEach((facts, tag) => {
      for (; next[tag] < facts.length && facts[next[tag]].filed === filed; next[tag]++) {
        const fact = facts[next[tag]];
        known[tag].set(`${fact.start ?? ''} ${fact.end}`, fact);
      }
    });
    const figures = new Map<string, number>();
    for (const facts of [...known].reverse()) {
      for (const [end, value] of kind === 'stock' ? stocks(facts) : quarters([...facts.values()]))
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

const stocks = (facts: ReadonlyMap<string, Fact>): [string, number][] =>
  [...facts.values()].filter(({ start }) => start === undefined).map(({ end, val }) => [end, val]);

interface Period {
  from: number;
  to: number;
  end: string;
  val: number;
}

const [QUARTER_MIN, QUARTER_MAX] = [75, 115];
/** Reports of one year may begin it a few days apart (52 and 53 weeks). */
const SAME_START_DAYS = 7;
const isQuarter = (days: number): boolean => days >= QUARTER_MIN && days <= QUARTER_MAX;

/** Value of every quarter that the facts of one tag state or imply, by its last day. */
function quarters(facts: readonly Fact[]): Map<string, number> {
  const periods: Period[] = facts
    .flatMap(({ start, end, val }) =>
      start === undefined ? [] : [{ from: dayOfIso(start), to: dayOfIso(end), end, val }],
    )
    .sort((a, b) => a.to - b.to);
  const values = new Map<string, number>();
  for (const { from, to, end, val } of periods) if (isQuarter(to - from)) values.set(end, val);
  const long = periods.filter(({ from, to }) => to - from > QUARTER_MAX && to - from < 380);
  for (const whole of long) {
    if (values.has(whole.end)) continue;
    const before = periods.find(
      ({ from, to }) => Math.abs(from - whole.from) <= SAME_START_DAYS && isQuarter(whole.to - to),
    );
    if (before) values.set(whole.end, whole.val - before.val);
  }
  for (const year of long) {
    if (values.has(year.end) || year.to - year.from < 340) continue;
    const others = [...values].filter(([end]) => dayOfIso(end) > year.from + 60 && dayOfIso(end) < year.to - 60);
    if (others.length === 3)
      values.set(
        year.end,
        others.reduce((rest, [, value]) => rest - value, year.val),
      );
  }
  return values;
}
