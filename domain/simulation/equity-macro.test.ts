import { expect, test } from '@jest/globals';
import { dayOfIso } from '../market/days.ts';
import { drawMacro } from './equity-macro.ts';
import { sessionsFrom } from './known-optimum.ts';
import { createRandom } from './random.ts';

const dates = sessionsFrom('2010-01-04', 1500);
const macro = drawMacro(createRandom(4), dates);
const rowsOf = (series: string) =>
  Array.from(macro.value.keys())
    .filter((row) => macro.series[row] === series)
    .map((row) => ({
      event: macro.eventDate[row],
      lag: dayOfIso(macro.knownDate[row]) - dayOfIso(macro.eventDate[row]),
      value: macro.value[row],
    }));

test('the simulated economy is the same for the same seed', () => {
  expect(drawMacro(createRandom(4), dates)).toEqual(macro);
  expect(drawMacro(createRandom(5), dates)).not.toEqual(macro);
});

test.each<[string, number, number, number]>([
  ['DFF', 1, 0, 12],
  ['DGS10', 1, 0.1, 15],
  ['UNRATE', 5, 2, 12],
  ['CPIAUCSL', 13, 200, 300],
])('%s is released with its lag of %d days, within what an economy shows', (series, lag, low, high) => {
  const rows = rowsOf(series);
  expect(rows.length).toBeGreaterThan(60);
  expect(rows.every((row) => row.lag === lag && row.value >= low && row.value <= high)).toBe(true);
  expect(new Set(rows.map(({ value }) => value)).size).toBeGreaterThan(3);
});

test('a month speaks on its last day, and nothing is released after the last session', () => {
  expect(rowsOf('UNRATE')[0].event).toBe('2010-01-31');
  expect(macro.knownDate.every((date) => date <= dates[dates.length - 1])).toBe(true);
});
