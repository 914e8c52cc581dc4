import { basename } from 'node:path';
import { badInput } from '../../domain/errors.ts';
import type { BarTable } from '../../domain/market/bar.ts';
import type { CalendarId } from '../../domain/market/calendar.ts';
import { compareVendors, type VendorComparison } from '../../domain/market/compare-vendors.ts';
import { checkFolder } from './folder-check.ts';

export interface VendorReport extends VendorComparison {
  a: string;
  b: string;
}

/**
 * `drl data check <folder> --against <folder>`: two vendors' bars, both held to the contracts first. Nothing is written.
 *
 * @throws ProductError NOTHING_IN_COMMON (bad input): no differences would look like agreement.
 */
export async function compareFolders(a: string, b: string, calendar: CalendarId): Promise<VendorReport> {
  const barsOf = async (folder: string): Promise<BarTable> => (await checkFolder({ folder, calendar })).checked.bars;
  const compared = compareVendors(await barsOf(a), await barsOf(b));
  if (compared.compared === 0) {
    const { symbolsOnlyInA, symbolsOnlyInB } = compared;
    throw badInput('NOTHING_IN_COMMON', 'The two folders have no return of one symbol over the same days', {
      facts: {
        a: basename(a),
        b: basename(b),
        onlyInA: symbolsOnlyInA.slice(0, 5),
        onlyInB: symbolsOnlyInB.slice(0, 5),
      },
      remedy: 'Write symbols and dates in the same way in both.',
    });
  }
  return { a: basename(a), b: basename(b), ...compared };
}

const SHOWN = 20;
/** Closes further apart than this are in another unit, or in another currency. */
const SAME_LEVEL = 1.02;

/** What the returns do not show, or what explains all of their differences. */
function wholeLines({ a, b, symbolsOnlyInA, symbolsOnlyInB, level, shift }: VendorReport): string[] {
  const only = (folder: string, symbols: readonly string[]): string[] =>
    symbols.length === 0
      ? []
      : [
          `only in ${folder}: ${symbols.slice(0, SHOWN).join(', ')}${symbols.length > SHOWN ? ` and ${symbols.length - SHOWN} more` : ''}`,
        ];
  return [
    ...only(a, symbolsOnlyInA),
    ...only(b, symbolsOnlyInB),
    ...(level > SAME_LEVEL || level * SAME_LEVEL < 1
      ? [
          `the closes of ${b} are ${Number(level.toPrecision(4))} times those of ${a}: another unit, currency or adjustment`,
        ]
      : []),
    ...(shift === 0 ? [] : [`the returns of ${b} are those of ${a} a day ${shift === 1 ? 'later' : 'earlier'}`]),
  ];
}

/** The report for people. */
export function comparisonText(report: VendorReport): string {
  const { a, b, compared, onlyInA, onlyInB, bySize, byYear, disagreements } = report;
  const count = (pattern: string): number => disagreements.filter((each) => each.pattern === pattern).length;
  const percent = (value: number): string => `${(100 * value).toFixed(2)} %`;
  return [
    `${compared.toLocaleString('en-US')} daily returns in both; ${onlyInA.toLocaleString('en-US')} only in ${a}, ${onlyInB.toLocaleString('en-US')} only in ${b}, ${report.unequalSpans} after a day that one lacks`,
    ...wholeLines(report),
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
