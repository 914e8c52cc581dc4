import { expect, test } from '@jest/globals';
import type { BarTable, CorporateAction } from './bar.ts';
import { buildPanel } from './build-panel.ts';
import type { Instrument, LifeEvent } from './instrument.ts';
import { withLastActions } from './last-actions.ts';

const DAYS = ['2024-01-02', '2024-01-03', '2024-01-04', '2024-01-05'];
const END = DAYS[3];
/** A has its last bar two days before it ends; B goes on. */
const rows = [
  ...[10, 12].map((close, t) => ({ symbol: 'A', date: DAYS[t], close })),
  ...[40, 40, 50, 50].map((close, t) => ({ symbol: 'B', date: DAYS[t], close })),
].sort((a, b) => (a.date < b.date ? -1 : a.date > b.date ? 1 : 0));
const close = Float64Array.from(rows, (row) => row.close);
const bars: BarTable = {
  symbol: rows.map(({ symbol }) => symbol),
  date: rows.map(({ date }) => date),
  open: close,
  high: close,
  low: close,
  close,
  volume: close,
};
const instrument = (symbol: string, events: LifeEvent[]): Instrument => ({
  symbol,
  name: symbol,
  kind: 'equity',
  group: 'g',
  firstDate: DAYS[0],
  lastDate: END,
  events,
  reference: {},
});
const action = (given: Partial<CorporateAction>): CorporateAction => ({
  symbol: 'A',
  date: END,
  dividend: 0,
  split: 1,
  ...given,
});
const end = (given: Partial<LifeEvent>): LifeEvent => ({
  date: END,
  kind: 'merger',
  successor: null,
  value: 3,
  ...given,
});
/** What a unit of A that was worth 12 at its last close gave. */
const worth = (event: LifeEvent, ...actions: CorporateAction[]): number => {
  const instruments = withLastActions([instrument('A', [event]), instrument('B', [])], actions, bars, null);
  return 12 * (1 + buildPanel(bars, instruments, END).exits[0].finalReturn);
};

test.each<[string, LifeEvent, CorporateAction[], number]>([
  ['nothing', end({}), [], 3],
  ['a dividend', end({}), [action({ dividend: 2 })], 5],
  ['a split', end({}), [action({ split: 4 })], 12],
  ['both, in whatever rows', end({}), [action({ dividend: 2 }), action({ split: 4 })], 20],
  [
    'a dividend of the day without a bar before',
    end({}),
    [action({ date: DAYS[2], dividend: 2 }), action({ split: 4 })],
    14,
  ],
  ['a dividend before the last price', end({ value: null }), [action({ dividend: 2 })], 14],
  ['a dividend of what is worth nothing', end({ value: 0 }), [action({ dividend: 2 })], 2],
  ['a split before a merger', end({ successor: 'B', value: 0.1, cash: 1 }), [action({ split: 4, dividend: 2 })], 32],
  ['a spin-off', end({}), [action({ spinoff: { ratio: 0.1, symbol: 'B' } })], 8],
  ['what the last bar has', end({}), [action({ date: DAYS[1], dividend: 2, split: 4 })], 3],
  ['what happened to another', end({}), [action({ symbol: 'B', dividend: 2 })], 3],
])('holders get at the end also %s', (_, event, actions, expected) => {
  expect(worth(event, ...actions)).toBeCloseTo(expected, 12);
});
