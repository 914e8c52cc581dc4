import { BIS_AREAS, parseBisRates } from '../../domain/market/bis.ts';
import type { SingleProvider } from '../../domain/market/provider-config.ts';
import { feedDates, feedError } from './http-errors.ts';
import { createPager, type FetchOptions } from './paged.ts';
import type { MarketDataProvider } from './port.ts';

export type BisOptions = Omit<Extract<SingleProvider, { kind: 'bis' }>, 'kind' | 'timeoutMs' | 'minIntervalMs'> &
  FetchOptions;

/** Policy rates of central banks, daily, as SDMX-CSV. @throws ProductError what the HTTP client throws; CSV_MISSING_COLUMN; VENDOR_FORMAT; FEED_DATES; FEED_EMPTY: an area is missing. */
export function createBisProvider(options: BisOptions): MarketDataProvider {
  const pager = createPager('bis', 'text', options);
  return {
    async fetch() {
      const areas = [...options.areas].sort().join('+');
      const base = options.baseUrl.replace(/\/$/, '');
      const url = `${base}/data/dataflow/BIS/WS_CBPOL/1.0/D.${areas}?startPeriod=${options.start}&format=csv`;
      const { file } = await pager.page(url, 'bis-policy-rates.csv', (text, name) => {
        const rates = parseBisRates(text, name);
        const missing = options.areas.find((area) => !rates.some(({ symbol }) => symbol === BIS_AREAS[area]));
        if (missing !== undefined)
          throw feedError('FEED_EMPTY', 'The BIS has no policy rate of an area that was asked for', {
            provider: 'bis',
            file: name,
            field: 'areas',
            value: missing,
          });
        const late = rates.find(({ date }) => date > pager.today());
        if (late) throw feedDates({ file: name, ...late }, `${late.date} is to come`);
      });
      return [file];
    },
  };
}
