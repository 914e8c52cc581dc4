import { describe, expect, test } from '@jest/globals';
import { ecbToBars, mergeEcb, parseEcbCsv, parseEcbXml } from './ecb.ts';

const CSV = 'Date,USD,JPY,ISK,\n2026-10-30,1.1172,175.68,N/A,\n2026-10-29,1.12,176,140.1,\n';
const XML = `<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
<gesmes:subject>Reference rates</gesmes:subject>
<Cube>
<Cube time="2026-11-02"><Cube currency="USD" rate="1.13"/><Cube currency='JPY' rate='174.5'/></Cube>
<Cube time="2026-10-30">
<Cube currency="USD" rate="1.1172"/>
<Cube currency="JPY" rate="175.68"/></Cube>
</Cube></gesmes:Envelope>`;
const row = (bars: ReturnType<typeof ecbToBars>) =>
  bars.symbol.map((symbol, i) => [bars.date[i], symbol, bars.close[i]]);

describe('the history file', () => {
  test('becomes the value of one unit in the numeraire; the euro is one of them', () => {
    const bars = ecbToBars(parseEcbCsv(CSV, 'hist.csv'), 'USD', null);
    expect(row(bars)).toEqual([
      ['2026-10-30', 'JPY', 1.1172 / 175.68],
      ['2026-10-30', 'EUR', 1.1172],
      ['2026-10-29', 'JPY', 1.12 / 176],
      ['2026-10-29', 'ISK', 1.12 / 140.1],
      ['2026-10-29', 'EUR', 1.12],
    ]);
    expect(bars.line.slice(0, 2)).toEqual([2, 2]);
    expect(bars.volume.every(Number.isNaN)).toBe(true);
    expect(bars.rejected).toEqual([]);
  });

  test('can be read in euros, and for some members only', () => {
    expect(row(ecbToBars(parseEcbCsv(CSV, 'hist.csv'), 'EUR', new Set(['USD'])))).toEqual([
      ['2026-10-30', 'USD', 1 / 1.1172],
      ['2026-10-29', 'USD', 1 / 1.12],
    ]);
  });

  test.each([
    ['0', 'NOT_POSITIVE'],
    ['-3', 'NOT_POSITIVE'],
    ['abc', 'NOT_A_NUMBER'],
    ['', 'MISSING_VALUE'],
  ])('with a rate %j sets it aside as %s', (value, reason) => {
    const bars = ecbToBars(parseEcbCsv(`Date,USD,JPY,\n2026-10-30,1.1,${value},\n`, 'hist.csv'), 'USD', null);
    expect(bars.rejected).toMatchObject([{ reason, line: 2, symbol: 'JPY', field: 'JPY', value }]);
    expect(bars.symbol).toEqual(['EUR']);
  });

  test('with a decimal comma, which moves every rate after it to another currency, sets the row aside', () => {
    const { rejected, dates } = parseEcbCsv('Date,USD,JPY,\n2026-10-30,1,1172,175.68,\n2026-10-29,1.1,,\n', 'h');
    expect(rejected).toMatchObject([
      { reason: 'WRONG_FIELD_COUNT', line: 2, date: '2026-10-30', field: 'row', value: '2026-10-30,1,1172,175.68,' },
      { reason: 'MISSING_VALUE', line: 3, symbol: 'JPY' },
    ]);
    expect(dates).toEqual(['2026-10-29']);
  });

  test('without the rate of the numeraire has no price for that date', () => {
    const bars = ecbToBars(parseEcbCsv('Date,USD,JPY,\n2026-10-30,N/A,170,\n', 'hist.csv'), 'USD', null);
    expect(bars.symbol).toEqual([]);
    expect(bars.rejected).toMatchObject([{ reason: 'NO_NUMERAIRE', symbol: 'JPY' }]);
  });

  test('of one day writes the date in words, and blanks after the commas', () => {
    const day = parseEcbCsv('Date, USD, JPY, \n2 November 2026, 1.1300, 174.50, \n', 'eurofxref.csv');
    expect([day.dates, day.currencies, [...day.rates]]).toEqual([['2026-11-02'], ['USD', 'JPY'], [1.13, 174.5]]);
    expect(parseEcbCsv('Date,USD,\n2 Nov 2026,1.13,\n2026-10-30,1.1,\n', 'a.csv').rejected).toMatchObject([
      { reason: 'BAD_DATE', value: '2 Nov 2026' },
    ]);
  });

  test('that is cut short is refused: its oldest days stand last', () => {
    const whole = 'Date,USD,JPY,\n2026-10-30,1.1172,175.68,\n2026-10-29,1.1,175.1,\n';
    for (const bytes of [2, 6, 12])
      expect(() => parseEcbCsv(whole.slice(0, -bytes), 'a.csv')).toThrow('its last row ends too early');
  });

  test('with a bad date sets the row aside', () => {
    expect(parseEcbCsv('Date,USD,\n30.10.2026,1.1,\n2026-10-29,1.1,\n', 'h').rejected).toMatchObject([
      { reason: 'BAD_DATE', line: 2, value: '30.10.2026' },
    ]);
  });

  test.each([
    '',
    'Datum,USD,\n',
    'Date,USD,USD,\n2026-10-30,1,1,\n',
    'Date,usd,\n2026-10-30,1,\n',
    'Date,\n2026-10-30,\n',
    'Date,USD,\n',
    '<html>503</html>',
  ])('of another form (%j) is an error', (text) => {
    expect(() => parseEcbCsv(text, 'hist.csv')).toThrow(
      expect.objectContaining({ code: 'ECB_FORMAT', kind: 'badInput' }),
    );
  });

  test('without a column for the numeraire is an error', () => {
    expect(() => ecbToBars(parseEcbCsv(CSV, 'h'), 'GBP', null)).toThrow(
      expect.objectContaining({ code: 'ECB_FORMAT' }),
    );
  });
});

describe('the XML feed', () => {
  test('has the same content as the table', () => {
    const rates = parseEcbXml(XML, '90d.xml');
    expect(rates.dates).toEqual(['2026-11-02', '2026-10-30']);
    expect(rates.currencies).toEqual(['USD', 'JPY']);
    expect([...rates.rates]).toEqual([1.13, 174.5, 1.1172, 175.68]);
    expect(rates.line).toEqual([5, 6]);
  });

  test.each([
    '<html><body>Service unavailable</body></html>',
    '<Cube time="2026-10-30"/>x<Cube currency="US$" rate="1"/>',
  ])('of another form is an error', (text) => {
    expect(() => parseEcbXml(text, '90d.xml')).toThrow(expect.objectContaining({ code: 'ECB_FORMAT' }));
  });

  test('may give its elements a prefix', () => {
    const prefixed = XML.replaceAll('<Cube', '<e:Cube').replaceAll('</Cube', '</e:Cube').replace('xmlns=', 'xmlns:e=');
    expect(parseEcbXml(prefixed, 'a.xml')).toEqual(parseEcbXml(XML, 'a.xml'));
  });

  test('continues the history', () => {
    const [history, tail] = mergeEcb(parseEcbCsv(CSV, 'hist.csv'), parseEcbXml(XML, '90d.xml'));
    expect(history.dates).toEqual(['2026-10-30', '2026-10-29']);
    expect(tail.dates).toEqual(['2026-11-02']);
    expect([...tail.rates]).toEqual([1.13, 174.5]);
  });

  test('fills in a day that the history lacks', () => {
    const history = parseEcbCsv(
      CSV.split('\n')
        .filter((line) => !line.startsWith('2026-10-30'))
        .join('\n'),
      'hist.csv',
    );
    const [, tail] = mergeEcb(
      { ...history, dates: ['2026-11-02', ...history.dates.slice(1)] },
      parseEcbXml(XML, '90d.xml'),
    );
    expect(tail.dates).toEqual(['2026-10-30']);
    expect([...tail.rates]).toEqual([1.1172, 175.68]);
  });

  test('that contradicts the history has that rate set aside', () => {
    const [history] = mergeEcb(parseEcbCsv(CSV, 'hist.csv'), parseEcbXml(XML.replace('175.68', '157.68'), '90d.xml'));
    expect(history.rejected).toMatchObject([
      { reason: 'SOURCES_DISAGREE', file: 'hist.csv', line: 2, symbol: 'JPY', date: '2026-10-30' },
    ]);
    expect(history.rates[1]).toBeNaN();
  });
});
