import { canonicalJson } from '../../domain/lineage/canonical.ts';
import type { BarTable } from '../../domain/market/bar.ts';
import type { Instrument } from '../../domain/market/instrument.ts';
import type { PointInTimeTable } from '../../domain/market/point-in-time.ts';
import { simulateEquityMarket } from '../../domain/simulation/equity-market.ts';
import { promotionMarket } from '../../domain/simulation/promotion-market.ts';
import { type TableColumns, writeTable } from '../parquet/parquet.ts';
import type { MarketDataProvider, RawFile } from './port.ts';

export interface EquitySimOptions {
  seed: number;
  assets: number;
  sessions: number;
  start: string;
  /** @default equities */
  market?: 'equities' | 'known-optimum';
}

/** The simulated universe as files, in the form of a user's folder. The same options give the same bytes on every day. */
export function createEquitySimProvider(options: EquitySimOptions): MarketDataProvider {
  let files: RawFile[] | undefined;
  return {
    fetch: async () => {
      files ??= options.market === 'known-optimum' ? promotionFiles(options) : equityFiles(options);
      return files;
    },
  };
}

function equityFiles(options: EquitySimOptions): RawFile[] {
  const market = simulateEquityMarket(options);
  return [
    file('bars.parquet', writeTable(columnsOf(market.bars))),
    file('fundamentals.parquet', writeTable(columnsOf(market.fundamentals))),
    file('macro.parquet', writeTable(columnsOf(market.macro))),
    instrumentFile(market.instruments),
  ];
}

function promotionFiles(options: EquitySimOptions): RawFile[] {
  const { seed, assets, sessions, start } = options;
  const market = promotionMarket({ seed, assets, sessions, start });
  return [file('bars.parquet', writeTable(columnsOf(market.bars))), instrumentFile(market.instruments)];
}

const instrumentFile = (instruments: readonly Instrument[]): RawFile =>
  file('instruments.json', new TextEncoder().encode(canonicalJson(instruments)));

const file = (name: string, bytes: Uint8Array): RawFile => ({ name, bytes, origin: `equity-sim/${name}` });

const columnsOf = (table: BarTable | PointInTimeTable): TableColumns =>
  Object.fromEntries(
    Object.entries(table).map(([name, data]) => [name, { type: ArrayBuffer.isView(data) ? 'DOUBLE' : 'STRING', data }]),
  ) as TableColumns;
