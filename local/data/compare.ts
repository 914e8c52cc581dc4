import { basename } from 'node:path';
import type { BarTable } from '../../domain/market/bar.ts';
import type { CalendarId } from '../../domain/market/calendar.ts';
import { compareVendors, type VendorComparison } from '../../domain/market/compare-vendors.ts';
import { checkFolder } from './folder-check.ts';

export interface VendorReport extends VendorComparison {
  a: string;
  b: string;
}

/** `drl data check <folder> --against <folder>`: two vendors' bars, both held to the contracts first. Nothing is written. */
export async function compareFolders(a: string, b: string, calendar: CalendarId): Promise<VendorReport> {
  const barsOf = async (folder: string): Promise<BarTable> => (await checkFolder({ folder, calendar })).checked.bars;
  return { a: basename(a), b: basename(b), ...compareVendors(await barsOf(a), await barsOf(b)) };
}

const SHOWN = 20;

/** The report for people. */
export function comparisonText(report: VendorReport): string {
  const { a, b, compared, onlyInA, onlyInB, bySize, byYear, disagreements } = report;
  const count = (pattern: string): number => disagreements.filter((each) => each.pattern === pattern).length;
  const percent = (value: number): string => `${(100 * value).toFixed(2)} %`;
  return [
    `${compared.toLocaleString('en-US')} daily returns in both; ${onlyInA.toLocaleString('en-US')} only in ${a}, ${onlyInB.toLocaleString('en-US')} only in ${b}, ${report.unequalSpans} after a day that one lacks`,
    ...bySize.map(
      ({ points, days, shareBps }) => `more than ${points} points apart: ${days} (${shareBps.toFixed(2)} bps)`,
    ),
    `of the ${disagreements.length} beyond 2 points: ${count('reverts')} undo themselves on the day beside, ${count('stale')} do so and one of the two stood still, ${count('action')} on the day of a split or distribution, ${count('stays')} neither`,
    `by year: ${Object.entries(byYear)
      .map(([year, days]) => `${year} ${days}`)
      .join(', ')}`,
    ...disagreements
      .slice(0, SHOWN)
      .map(
        ({ symbol, date, a: x, b: y, pattern }) => `${date} ${symbol}: ${percent(x)} and ${percent(y)} (${pattern})`,
      ),
    ...(disagreements.length > SHOWN ? [`and ${disagreements.length - SHOWN} more (--json lists all)`] : []),
  ].join('\n');
}
