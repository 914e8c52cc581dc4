import { expect, test } from '@jest/globals';
import { newYorkTime, sessionHours } from './exchange-time.ts';

const minutesOf = (iso: string): number => Date.parse(iso) / 60_000;
const zone = new Intl.DateTimeFormat('en-CA', {
  timeZone: 'America/New_York',
  dateStyle: 'short',
  timeStyle: 'short',
  hourCycle: 'h23',
});

test('the clock of New York is the one of the time zone database, on every third hour from 1990 to 2030', () => {
  for (let t = minutesOf('1990-01-01T00:00Z'); t < minutesOf('2030-01-01T00:00Z'); t += 60 * 37) {
    const [date, time] = zone.format(t * 60_000).split(', ');
    const { date: ours, minutes } = newYorkTime(t);
    const clock = `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
    if (`${ours} ${clock}` !== `${date} ${time}`) expect([t, `${ours} ${clock}`]).toEqual([t, `${date} ${time}`]);
  }
});

test.each([
  ['2024-03-10T06:59Z', '2024-03-10', 119],
  ['2024-03-10T07:00Z', '2024-03-10', 180],
  ['2024-11-03T05:59Z', '2024-11-03', 119],
  ['2024-11-03T06:00Z', '2024-11-03', 60],
  ['2006-04-02T07:00Z', '2006-04-02', 180],
  ['2006-10-29T06:00Z', '2006-10-29', 60],
])('%s is %s, minute %d', (iso, date, minutes) => {
  expect(newYorkTime(minutesOf(iso))).toEqual({ date, minutes });
});

test.each([
  ['2024-11-29', 780],
  ['2024-12-24', 780],
  ['2024-07-03', 780],
  ['2025-07-03', 780],
  ['2012-07-03', 780],
  ['2002-07-05', 780],
  ['2002-07-03', 960],
  ['2013-07-05', 960],
  ['2023-07-03', 780],
  ['2020-07-02', 960],
  ['2021-12-23', 960],
  ['2024-11-22', 960],
  ['2024-07-02', 960],
])('on %s the exchange closes at minute %d', (date, close) => {
  expect(sessionHours('XNYS', date)).toEqual({ open: 570, close });
});
