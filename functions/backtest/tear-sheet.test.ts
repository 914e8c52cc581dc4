import { expect, test } from '@jest/globals';
import type { BacktestResult } from '../../domain/backtest/backtest.ts';
import { tearSheetOf, tearSheetSchema } from '../../domain/backtest/tear-sheet.ts';
import { tearSheetHtml, tearSheetMarkdown } from './tear-sheet.ts';

const dates = ['2023-12-28', '2023-12-29', '2024-01-02', '2024-01-03', '2024-01-04', '2024-01-05'];
const nav = Float64Array.of(1, 1.1, 0.99, 1.045, 1.2, 1.14);
const result: BacktestResult = {
  name: 'inverse <volatility>',
  dates,
  symbols: ['AAA', 'BBB'],
  nav,
  returns: nav.map((value, t) => (t === 0 ? 0 : value / nav[t - 1] - 1)),
  turnover: Float64Array.of(0, 1, 0, 0, 0.5, 0),
  costs: Float64Array.of(0, 0.001, 0, 0, 0.0005, 0),
  weights: new Float64Array(12).fill(0.5),
  exposure: new Float64Array(6).fill(1),
  drawdown: new Float64Array(6),
  limitsHit: { drawdown: 3 },
  breaches: null,
};
const sheet = tearSheetOf(result, { universe: 'test', sourceLine: 'Source: nobody', caveats: ['5 < 6 sessions'] });

test('years and drawdowns are counted from the NAV', () => {
  expect(tearSheetSchema.parse(sheet)).toEqual(sheet);
  expect(sheet.years.map(({ year }) => year)).toEqual(['2023', '2024']);
  expect(sheet.years[0].return).toBeCloseTo(0.1, 12);
  expect(sheet.years[1].return).toBeCloseTo(1.14 / 1.1 - 1, 12);
  expect(sheet.more.totalReturn).toBeCloseTo(0.14, 12);
  expect(sheet.figures.maxDrawdown).toBeCloseTo(-0.1, 12);
  expect(sheet.drawdowns).toEqual([
    { depth: expect.closeTo(-0.1, 12), from: '2023-12-29', trough: '2024-01-02', recovered: '2024-01-04', sessions: 3 },
    { depth: expect.closeTo(-0.05, 12), from: '2024-01-04', trough: '2024-01-05', recovered: null, sessions: 1 },
  ]);
});

test('the HTML is one file that fetches nothing and escapes names; the Markdown holds the same figures', () => {
  const html = tearSheetHtml(sheet, result);
  expect(html.match(/<svg /g)).toHaveLength(3);
  expect(html).not.toMatch(/<script|<link|src=|url\(|href=/);
  expect(html).toContain('inverse &lt;volatility&gt;');
  expect(html).toContain('5 &lt; 6 sessions');
  expect(html).not.toMatch(/NaN|Infinity|undefined/);
  const markdown = tearSheetMarkdown(sheet);
  expect(markdown).toContain('| maximum drawdown | -10.00 % |');
  expect(markdown).toContain('| -5.00 % | 2024-01-04 | 2024-01-05 | not yet | 1 |');
  expect(markdown).toContain('Source: nobody');
});
