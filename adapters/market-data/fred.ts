import { type FredPage, type FredSeries, parseFredPage } from '../../domain/market/fred.ts';
import type { SingleProvider } from '../../domain/market/provider-config.ts';
import { feedDates } from './http-errors.ts';
import { createPager, type FetchOptions, type Pager } from './paged.ts';
import type { MarketDataProvider, RawFile } from './port.ts';

export type FredOptions = Omit<Extract<SingleProvider, { kind: 'fred' }>, 'kind' | 'timeoutMs' | 'minIntervalMs'> &
  FetchOptions & {
    key: string;
    /** Rows of a page. @default 100,000, the most that FRED gives */
    pageRows?: number;
  };

/** Series of FRED, or all vintages of them (ALFRED). @throws ProductError what the HTTP client throws; VENDOR_FORMAT; FEED_DATES. */
export function createFredProvider(options: FredOptions): MarketDataProvider {
  const pager = createPager('fred', 'json', options, { secrets: [options.key] });
  return {
    async fetch() {
      const files: RawFile[] = [];
      for (const series of options.series) files.push(...(await seriesPages(pager, options, series)));
      return files;
    },
  };
}

async function seriesPages(pager: Pager, options: FredOptions, { id, known }: FredSeries): Promise<RawFile[]> {
  const { baseUrl, start, pageRows = 100_000, key } = options;
  const files: RawFile[] = [];
  for (let offset = 0; ; offset += pageRows) {
    const query = new URLSearchParams({
      series_id: id,
      file_type: 'json',
      observation_start: start,
      sort_order: 'asc',
      limit: String(pageRows),
      offset: String(offset),
      ...(known === 'vintages' ? { realtime_start: '1776-07-04', realtime_end: '9999-12-31' } : {}),
      api_key: key,
    });
    const url = `${baseUrl.replace(/\/$/, '')}/fred/series/observations?${query}`;
    const name = `fred-${id}-${String(files.length + 1).padStart(4, '0')}.json`;
    const { file, parsed } = await pager.page(url, name, (text) => pageOf(text, name, offset, pager.today()));
    files.push(file);
    if (offset + pageRows >= parsed.count) return files;
  }
}

function pageOf(text: string, name: string, offset: number, today: string): FredPage {
  const page = parseFredPage(text, name);
  if (page.offset !== offset) throw feedDates({ asked: offset, answered: page.offset }, 'it is another page');
  const late = page.observations.find(({ date, realtime_start }) => date > today || realtime_start > today);
  if (late)
    throw feedDates({ file: name, date: late.date, realtimeStart: late.realtime_start }, `${late.date} is to come`);
  return page;
}
