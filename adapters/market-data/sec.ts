import type { SingleProvider } from '../../domain/market/provider-config.ts';
import { parseCompanyFacts, quarterlyFacts } from '../../domain/market/sec-facts.ts';
import { feedDates } from './http-errors.ts';
import { createPager, type FetchOptions } from './paged.ts';
import type { MarketDataProvider, RawFile } from './port.ts';

export type SecOptions = Omit<Extract<SingleProvider, { kind: 'sec' }>, 'kind' | 'timeoutMs' | 'minIntervalMs'> &
  FetchOptions & {
    /** Name and address of who asks; the SEC shuts out who gives none. */
    contact: string;
  };

/** Company facts of the SEC, one file a company, named by its symbol. @throws ProductError what the HTTP client throws; VENDOR_FORMAT; FEED_DATES. */
export function createSecProvider(options: SecOptions): MarketDataProvider {
  const pager = createPager('sec', 'json', options, {
    headers: { 'user-agent': `drl-portfolio ${options.contact}`, accept: 'application/json' },
    secrets: [options.contact],
  });
  return {
    async fetch() {
      const files: RawFile[] = [];
      for (const [symbol, cik] of Object.entries(options.companies).sort(([a], [b]) => (a < b ? -1 : 1))) {
        const url = `${options.baseUrl.replace(/\/$/, '')}/api/xbrl/companyfacts/CIK${String(cik).padStart(10, '0')}.json`;
        const check = (text: string, name: string): void => {
          const company = parseCompanyFacts(text, name);
          if (company.cik !== cik) throw feedDates({ asked: cik, answered: company.cik }, 'it is another company');
          const newest = quarterlyFacts(company, symbol, 0).knownDate.at(-1);
          if (newest !== undefined && newest > pager.today())
            throw feedDates({ symbol, filed: newest }, `a report filed on ${newest}`);
        };
        files.push((await pager.page(url, `sec-facts-${symbol}.json`, check)).file);
      }
      return files;
    },
  };
}
