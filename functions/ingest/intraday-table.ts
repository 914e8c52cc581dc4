import { writeTable } from '../../adapters/parquet/parquet.ts';
import { isoOfMinutes } from '../../domain/market/exchange-time.ts';
import { exchangeTime, type TimedBars } from '../../domain/market/intraday.ts';

/** `symbol,time,interval,open,high,low,close,volume`, by the moment at which a bar begins (UTC), then symbol: those known at the close of `asOf`. */
export function intradayTable(bars: TimedBars, asOf: string): Uint8Array {
  const rows = [...bars.time.keys()]
    .filter((row) => exchangeTime(bars, row).date <= asOf)
    .sort((a, b) => bars.time[a] - bars.time[b] || (bars.symbol[a] < bars.symbol[b] ? -1 : 1));
  const numbers = (name: 'open' | 'high' | 'low' | 'close' | 'volume') => ({
    type: 'DOUBLE' as const,
    data: Float64Array.from(rows, (row) => bars[name][row]),
  });
  return writeTable({
    symbol: { type: 'STRING', data: rows.map((row) => bars.symbol[row]) },
    time: { type: 'STRING', data: rows.map((row) => isoOfMinutes(bars.time[row])) },
    interval: { type: 'STRING', data: rows.map(() => bars.interval) },
    open: numbers('open'),
    high: numbers('high'),
    low: numbers('low'),
    close: numbers('close'),
    volume: numbers('volume'),
  });
}
