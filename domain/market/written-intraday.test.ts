import { describe, expect, test } from '@jest/globals';
import { parseBarsCsv } from './bars.ts';
import type { CalendarId } from './calendar.ts';
import { exchangeTime, rollUp } from './intraday.ts';
import { writtenIntraday } from './written-intraday.ts';

const csv = (...rows: string[]) => ['symbol,date,open,high,low,close,volume', ...rows].join('\n');
const read = (text: string, calendar: CalendarId) => {
  const bars = parseBarsCsv(text, 'b.csv');
  const timed = writtenIntraday(bars, calendar);
  return { timed, days: timed && rollUp(timed, calendar, bars.rejected) };
};
const halfHours = (first: string, zone = '') =>
  [0, 30].map((minutes) => `A,${first}:${String(minutes).padStart(2, '0')}:00${zone},10,12,9,11,5`);

describe('bars of a file that are shorter than a day', () => {
  test('are days of the session on the clock of New York, with a zone and without', () => {
    const local = read(
      csv(...halfHours('2024-07-01T09'), ...halfHours('2024-07-01T15'), ...halfHours('2024-07-01T16')),
      'XNYS',
    );
    const utc = read(
      csv(...halfHours('2024-07-01T13', 'Z'), ...halfHours('2024-07-01T19', 'Z'), ...halfHours('2024-07-01T20', 'Z')),
      'XNYS',
    );
    expect(local.timed?.interval).toBe('30m');
    for (const { days } of [local, utc])
      expect(days).toMatchObject({ date: ['2024-07-01'], open: [10], high: [12], low: [9], close: [11], volume: [15] });
    expect(local.timed?.time).toEqual(utc.timed?.time);
  });

  test('are days of the file’s own clock elsewhere', () => {
    const { timed, days } = read(
      csv(...halfHours('2024-06-30T23', '+02:00'), ...halfHours('2024-07-01T00', '+02:00')),
      '24x7',
    );
    expect(days?.date).toEqual(['2024-06-30', '2024-07-01']);
    expect(timed && exchangeTime(timed, 2)).toEqual({ date: '2024-07-01', minutes: 0 });
  });

  test.each([
    ['A,2024-07-01T10:00:00,10,12,9,x,5', 'NOT_A_NUMBER', 'close', 2],
    ['A,2024-07-01T10:00:00,10,8,9,11,5', 'HIGH_BELOW_LOW', 'high', 2],
    ['A,2024-07-01T09:30:00,10,12,9,11,6', 'DUPLICATE_CONFLICT', 'time', 3],
  ])('that have a fault (%s) set the whole day aside, once', (bad, reason, field, line) => {
    const rows = [...halfHours('2024-07-01T09').reverse(), ...halfHours('2024-07-02T09')];
    const { days } = read(csv(...(field === 'time' ? [rows[0], bad] : [bad, rows[0]]), ...rows.slice(1)), 'XNYS');
    expect(days?.rejected).toEqual([
      expect.objectContaining({ reason, field, line: expect.any(Number), symbol: 'A', date: '2024-07-01' }),
    ]);
    expect(days?.rejected[0].line).toBeGreaterThanOrEqual(line - 1);
    expect(days?.date).toEqual(['2024-07-02']);
  });

  test('are not what a file with one bar a day holds', () => {
    expect(read(csv('A,2024-07-01T16:00:00,1,1,1,1,5', 'B,2024-07-01T16:00:00,1,1,1,1,5'), 'XNYS').timed).toBeNull();
  });

  test('that begin before the open and end after it are refused: what of them belongs to the session nobody can say', () => {
    const hours = (minutes: string) => ['09', '10', '11'].map((hour) => `A,2024-07-01T${hour}:${minutes},10,12,9,11,5`);
    expect(() => read(csv(...hours('00')), 'XNYS')).toThrow(
      expect.objectContaining({
        code: 'INTRADAY_INTERVAL',
        kind: 'badInput',
        facts: expect.objectContaining({ file: 'b.csv', value: '2024-07-01T13:00Z', interval: '1h' }),
      }),
    );
    expect(read(csv(...hours('30')), 'XNYS').days?.volume).toEqual([15]);
    expect(read(csv(...hours('00')), 'data').days?.volume).toEqual([15]);
  });

  const session = (first: number, last: number) =>
    ['02', '03', '04', '05', '08', '09', '10', '11', '12', '16', '17'].flatMap((day) =>
      Array.from({ length: (last - first) / 30 + 1 }, (_, i) => {
        const minutes = first + 30 * i;
        const time = `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${minutes % 60 === 0 ? '00' : '30'}`;
        return `A,2024-01-${day}T${time},10,12,9,11,5`;
      }),
    );
  const [OPEN, LAST] = [570, 930];

  test.each([
    ['its end', 30, 'Bars go on after the close, and none begins at the open'],
    ['a clock in London', 300, 'Bars go on after the close, and none begins at the open'],
    ['a clock in Chicago', -60, 'Bars begin before the open, and none in the last half hour of a session'],
  ])('stamped by %s are refused: the days would be those of other hours', (_, minutes, message) => {
    expect(() => read(csv(...session(OPEN + minutes, LAST + minutes)), 'XNYS')).toThrow(
      expect.objectContaining({ code: 'INTRADAY_CLOCK', kind: 'badInput', message }),
    );
    expect(read(csv(...session(OPEN + minutes, LAST + minutes)), 'data').days?.date).toHaveLength(11);
  });

  test('of the session, or of more than it, are not', () => {
    expect(read(csv(...session(OPEN, LAST)), 'XNYS').days?.volume[0]).toBe(65);
    expect(read(csv(...session(OPEN - 60, LAST + 60)), 'XNYS').days?.volume[0]).toBe(65);
  });

  test('of an interval that is not known, or with actions, are refused with what to do', () => {
    const rows = ['A,2024-07-01T10:00:00,1,1,1,1,5', 'A,2024-07-01T10:07:00,1,1,1,1,5'];
    expect(() => read(csv(...rows), 'data')).toThrow(
      expect.objectContaining({
        code: 'INTRADAY_INTERVAL',
        kind: 'badInput',
        facts: { file: 'b.csv', field: 'date', value: 7, known: [1, 5, 15, 30, 60] },
      }),
    );
    const withActions = csv(...rows.map((row) => `${row},1`)).replace('volume', 'volume,dividend');
    expect(() => read(withActions, 'data')).toThrow(expect.objectContaining({ code: 'INTRADAY_ACTIONS' }));
  });
});
