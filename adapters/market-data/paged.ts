import { ProductError } from '../../domain/errors.ts';
import { isoOfDay } from '../../domain/market/days.ts';
import { type Clock, createHttpClient, type HttpSettings, systemClock } from './http-client.ts';
import type { PageStore } from './pages.ts';
import type { RawFile } from './port.ts';

/** One page that is there. */
export interface PageProgress {
  provider: string;
  file: string;
  bytes: number;
  /** It was fetched before a run that was killed. */
  kept: boolean;
}

/** What is the same for every provider that is asked over HTTP. */
export interface FetchOptions {
  timeoutMs: number;
  minIntervalMs?: number;
  attempts?: number;
  backoffMs?: number;
  maxWaitMs?: number;
  pages?: PageStore | undefined;
  progress?: ((page: PageProgress) => void) | undefined;
  clock?: Clock | undefined;
  random?: (() => number) | undefined;
}

export interface Pager {
  /** The day by the injected clock (UTC). */
  today(): string;
  /** A page from those that were kept, or over HTTP; it is kept only when `parse` accepts it. */
  page<T>(url: string, name: string, parse: (text: string, name: string) => T): Promise<{ file: RawFile; parsed: T }>;
}

export function createPager(
  provider: string,
  form: 'json' | 'text',
  options: FetchOptions,
  http: Pick<HttpSettings, 'headers' | 'secrets'> = {},
): Pager {
  const { pages, progress, clock = systemClock } = options;
  const client = createHttpClient({ ...options, ...http, provider });
  const today = (): string => isoOfDay(Math.floor(clock.now() / 86_400_000));
  return {
    today,
    async page(url, name, parse) {
      const origin = client.shown(url);
      const key = `${today()} ${origin}`;
      const kept = (await pages?.read(key)) ?? null;
      const bytes = kept ?? (await client.get(url, form));
      const parsed = about({ provider, url: origin }, () => parse(new TextDecoder().decode(bytes), name));
      if (kept === null) await pages?.write(key, bytes);
      progress?.({ provider, file: name, bytes: bytes.length, kept: kept !== null });
      return { file: { name, bytes, origin }, parsed };
    },
  };
}

/** Says of an error in a page whose page it was. */
function about<T>(facts: { provider: string; url: string }, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof ProductError)) throw error;
    const { code, message, remedy, kind } = error;
    throw new ProductError(code, message, { facts: { ...facts, ...error.facts }, ...(remedy ? { remedy } : {}), kind });
  }
}
