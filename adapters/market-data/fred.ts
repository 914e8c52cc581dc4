import { dayOfIso, isoOfDay } from '../../domain/market/days.ts';
import { type FredPage, type FredSeries, parseFredPage, parseVintagePage } from '../../domain/market/fred.ts';
import type { SingleProvider } from '../../domain/market/provider-config.ts';
import { feedDates } from './http-errors.ts';
import { createPager, type FetchOptions, type Pager } from './paged.ts';
import type { MarketDataProvider, RawFile } from './port.ts';

export type FredOptions = Omit<Extract<SingleProvider, { kind: 'fred' }>, 'kind' | 'timeoutMs' | 'minIntervalMs'> &
  FetchOptions & {
    key: string;
    /** Rows of a page. @default 100,000, the most that FRED gives */
    pageRows?: number;
    /** Days of publication that one request may span. @default 2,000, the most that FRED allows */
    windowVintages?: number;
  };

const [FIRST_VINTAGE, LAST_VINTAGE] = ['1776-07-04', '9999-12-31'];
const VINTAGES_PER_PAGE = 10_000;

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

async function seriesPages(pager: Pager, options: FredOptions, series: FredSeries): Promise<RawFile[]> {
  const { start, pageRows = 100_000 } = options;
  const files: RawFile[] = [];
  for (const window of series.known === 'vintages' ? await vintageWindows(pager, options, series.id) : [{}]) {
    for (let [offset, count] = [0, 1]; offset < count; offset += pageRows) {
      const url = urlOf(options, 'observations', series.id, { observation_start: start, ...window }, pageRows, offset);
      const name = `fred-${series.id}-${String(files.length + 1).padStart(4, '0')}.json`;
      const { file, parsed } = await pager.page(url, name, (text) => pageOf(text, name, offset, pager.today()));
      files.push(file);
      count = parsed.count;
    }
  }
  return files;
}

/** Stretches of time, one after the other, in which a series was not published more often than one request may span. */
async function vintageWindows(pager: Pager, options: FredOptions, id: string) {
  const { windowVintages = 2_000 } = options;
  const dates: string[] = [];
  for (let [offset, count] = [0, 1]; offset < count; offset += VINTAGES_PER_PAGE) {
    const url = urlOf(options, 'vintagedates', id, {}, VINTAGES_PER_PAGE, offset);
    const { parsed } = await pager.page(url, `fred-${id}-vintages.json`, parseVintagePage);
    dates.push(...parsed.vintage_dates);
    count = parsed.count;
  }
  const firsts = dates.filter((_, i) => i > 0 && i % windowVintages === 0);
  return [FIRST_VINTAGE, ...firsts].map((realtime_start, i) => ({
    realtime_start,
    realtime_end: i < firsts.length ? isoOfDay(dayOfIso(firsts[i]) - 1) : LAST_VINTAGE,
  }));
}

function urlOf(
  { baseUrl, key }: FredOptions,
  path: string,
  id: string,
  query: Readonly<Record<string, string>>,
  limit: number,
  offset: number,
): string {
  const asked = new URLSearchParams({
    series_id: id,
    file_type: 'json',
    ...query,
    sort_order: 'asc',
    limit: String(limit),
    offset: String(offset),
    api_key: key,
  });
  return `${baseUrl.replace(/\/$/, '')}/fred/series/${path}?${asked}`;
}

function pageOf(text: string, name: string, offset: number, today: string): FredPage {
  const page = parseFredPage(text, name);
  if (page.offset !== offset) throw feedDates({ asked: offset, answered: page.offset }, 'it is another page');
  const late = page.observations.find(({ date, realtime_start }) => date > today || realtime_start > today);
  if (late)
    throw feedDates({ file: name, date: late.date, realtimeStart: late.realtime_start }, `${late.date} is to come`);
  return page;
}
