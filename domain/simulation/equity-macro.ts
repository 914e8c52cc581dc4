import { dayOfIso, isoOfDay } from '../market/days.ts';
import { type PointInTimeTable, pointInTimeTable } from '../market/point-in-time.ts';
import type { Random } from './random.ts';

/** Days from the last day of a month, or from the day itself, to the release: about those of FRED. */
const LAG_DAYS = { DFF: 1, DGS10: 1, CPIAUCSL: 13, UNRATE: 5 } as const;
const MEETING_EVERY = 32; // sessions

interface Row {
  series: keyof typeof LAG_DAYS;
  eventDate: string;
  value: number;
}

/**
 * A simulated economy under FRED's names: the policy rate `DFF` and the ten-year yield `DGS10` (percent, each session), the price index `CPIAUCSL` and the
 * unemployment rate `UNRATE` (percent; the last day of each month that is over). The policy rate moves by quarter points towards inflation plus one; the
 * yield is a mean-reverting spread above it.
 */
export function drawMacro(random: Random, dates: readonly string[]): PointInTimeTable {
  const rows: Row[] = [];
  let [policy, spread, inflation, unemployment, prices] = [3, 1, 2.5, 5, 200];
  dates.forEach((date, t) => {
    if (t % MEETING_EVERY === 0) {
      const gap = inflation + 1 + random.normal() - policy;
      if (Math.abs(gap) > 0.5) policy = Math.max(0, policy + 0.25 * Math.sign(gap));
    }
    spread += 0.005 * (1 - spread) + 0.05 * random.normal();
    rows.push({ series: 'DFF', eventDate: date, value: policy });
    rows.push({ series: 'DGS10', eventDate: date, value: rounded(Math.max(0.1, policy + spread), 2) });
    const next = dates[t + 1];
    if (next === undefined || next.slice(0, 7) === date.slice(0, 7)) return;
    inflation += 0.05 * (2.5 - inflation) + 0.25 * random.normal();
    unemployment = Math.max(2, unemployment + 0.03 * (5 - unemployment) + 0.15 * random.normal());
    prices *= 1 + inflation / 1200;
    const eventDate = isoOfDay(dayOfIso(`${next.slice(0, 7)}-01`) - 1);
    rows.push({ series: 'CPIAUCSL', eventDate, value: rounded(prices, 3) });
    rows.push({ series: 'UNRATE', eventDate, value: rounded(unemployment, 1) });
  });
  const newest = dates[dates.length - 1];
  const known = rows
    .map((row) => ({ ...row, knownDate: isoOfDay(dayOfIso(row.eventDate) + LAG_DAYS[row.series]) }))
    .filter(({ knownDate }) => knownDate <= newest);
  return pointInTimeTable({
    series: known.map(({ series }) => series),
    symbol: known.map(() => ''),
    eventDate: known.map(({ eventDate }) => eventDate),
    knownDate: known.map(({ knownDate }) => knownDate),
    value: Float64Array.from(known, ({ value }) => value),
  });
}

const rounded = (value: number, digits: number): number => Math.round(value * 10 ** digits) / 10 ** digits;
