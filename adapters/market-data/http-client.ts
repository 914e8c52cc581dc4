import { setTimeout as sleep } from 'node:timers/promises';
import type { ProductError } from '../../domain/errors.ts';
import { feedError, feedQuota, feedStatus, problemOf } from './http-errors.ts';

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  sleep(ms: number): Promise<unknown>;
}

export const systemClock: Clock = { now: () => Date.now(), sleep: (ms) => sleep(ms) };

/** How to ask, and when to stop asking. */
export interface HttpSettings {
  /** Named in every error. */
  provider: string;
  /** For one attempt, from the request to the last byte. */
  timeoutMs: number;
  /** @default 4 */
  attempts?: number | undefined;
  /** The wait before attempt n + 1 is drawn from 0 .. this x 2^(n - 1). @default 500 */
  backoffMs?: number | undefined;
  /** Longer than this nobody waits: the quota is used up. @default 60,000 */
  maxWaitMs?: number | undefined;
  /** Between the starts of two requests. @default 0 */
  minIntervalMs?: number | undefined;
  /** @default 64 MiB */
  maxBytes?: number | undefined;
  headers?: Readonly<Record<string, string>> | undefined;
  /** Values that no error, log or origin may show: keys, in whatever header or parameter they travel. */
  secrets?: readonly string[] | undefined;
  clock?: Clock | undefined;
  /** Uniform in [0, 1). */
  random?: (() => number) | undefined;
}

export interface HttpClient {
  /**
   * The bytes of a page, asked for again while it makes sense. `check` throws when they are not what was asked for.
   *
   * @throws ProductError FEED_UNREACHABLE, FEED_STATUS, FEED_KEY, FEED_QUOTA, FEED_TOO_LARGE, FEED_EMPTY, FEED_FORMAT.
   */
  get(url: string, form: 'json' | 'text' | 'any'): Promise<Uint8Array>;
  /** The URL as it may be shown. */
  shown(url: string): string;
}

export function createHttpClient(settings: HttpSettings): HttpClient {
  const { attempts = 4, backoffMs = 500, maxWaitMs = 60_000, clock = systemClock, random = Math.random } = settings;
  const shown = (text: string): string =>
    (settings.secrets ?? [])
      .filter((secret) => secret !== '')
      .flatMap((secret) => [
        secret,
        encodeURIComponent(secret),
        new URLSearchParams({ '': secret }).toString().slice(1),
      ])
      .reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
  let nextStart = 0;
  const turn = async (): Promise<void> => {
    const now = clock.now();
    const start = Math.max(now, nextStart);
    nextStart = start + (settings.minIntervalMs ?? 0);
    if (start > now) await clock.sleep(start - now);
  };
  const get = async (url: string, form: 'json' | 'text' | 'any'): Promise<Uint8Array> => {
    const about = { provider: settings.provider, url: shown(url) };
    for (let attempt = 1; ; attempt++) {
      await turn();
      let failure: Failure;
      try {
        const answer = await getOnce(url, form, settings, about, shown);
        if (answer instanceof Uint8Array) return answer;
        failure = answer;
      } catch (cause) {
        const problem = shown(problemOf(cause));
        const error = feedError('FEED_UNREACHABLE', 'The market data feed cannot be reached', {
          ...about,
          attempts: attempt,
          problem,
        });
        failure = { error, retry: true, waitMs: null };
      }
      if (!failure.retry || attempt >= attempts) throw failure.error;
      if ((failure.waitMs ?? 0) > maxWaitMs) throw feedQuota(about, failure.waitMs);
      await clock.sleep((failure.waitMs ?? 0) + random() * backoffMs * 2 ** (attempt - 1));
    }
  };
  return { get, shown };
}

interface Failure {
  error: ProductError;
  retry: boolean;
  /** What the server asks to be waited; null: it does not say. */
  waitMs: number | null;
}

type About = { provider: string; url: string };

/** An answer to a request for a part, which nobody made: a page that breaks off. */
const PARTIAL = 206;
const RETRY_STATUS = new Set([PARTIAL, 408, 425, 429, 500, 502, 503, 504]);
const DEFAULT_MAX_BYTES = 64 * 1024 * 1024;

async function getOnce(
  url: string,
  form: string,
  settings: HttpSettings,
  about: About,
  shown: (text: string) => string,
): Promise<Uint8Array | Failure> {
  const response = await fetch(url, {
    signal: AbortSignal.timeout(settings.timeoutMs),
    headers: settings.headers ?? {},
    // A redirect would carry the key's header to whatever host it names.
    redirect: settings.secrets?.length ? 'manual' : 'follow',
  });
  if (!response.ok || response.status === PARTIAL) {
    const now = (settings.clock ?? systemClock).now();
    const { status, headers } = response;
    const waitMs =
      retryAfterMs(headers.get('retry-after'), now) ?? untilResetMs(headers.get('x-ratelimit-reset'), status, now);
    const said = shown(await wordsOf(response)).slice(0, MOST_SAID);
    const error = status === 429 ? feedQuota(about, waitMs) : feedStatus({ ...about, ...(said && { said }) }, status);
    return { error, retry: RETRY_STATUS.has(status), waitMs };
  }
  const bytes = await bodyOf(response, about, settings.maxBytes ?? DEFAULT_MAX_BYTES);
  if (!(bytes instanceof Uint8Array)) return bytes;
  const problem = bytes.length === 0 ? null : formProblem(bytes, form);
  if (bytes.length > 0 && problem === null) return bytes;
  const error =
    problem === null
      ? feedError('FEED_EMPTY', 'The market data feed sent no bytes', about)
      : feedError('FEED_FORMAT', `The market data feed sent something else: ${problem}`, { ...about, problem });
  return { error, retry: true, waitMs: null };
}

const [MOST_READ, MOST_SAID] = [65_536, 300];

/** What a vendor says of its refusal: the message of its JSON, the title of its page, or the text as it is; '' when it says nothing that can be read. */
async function wordsOf(response: Response): Promise<string> {
  let text = '';
  try {
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      if (text.length > MOST_READ) break;
    }
    const { message, error_message } = JSON.parse(text) as { message?: unknown; error_message?: unknown };
    text = String(message ?? error_message ?? text);
  } catch {
    text = /<title>([^<]*)/i.exec(text)?.[1] ?? text.replace(/<[^>]*>/g, ' ');
  }
  return text.replace(/\s+/g, ' ').trim();
}

/** Seconds or an HTTP date (RFC 9110, 10.2.3), as milliseconds from now; null when the header says neither. */
export function retryAfterMs(header: string | null, now: number): number | null {
  if (header === null) return null;
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000;
  const until = Date.parse(header);
  return Number.isNaN(until) ? null : Math.max(0, until - now);
}

/** Alpaca says when its quota is new again in seconds since 1970, and has no Retry-After. */
function untilResetMs(header: string | null, status: number, now: number): number | null {
  if (status !== 429 || header === null || !/^\d{9,11}$/.test(header)) return null;
  return Math.max(0, Number(header) * 1000 - now);
}

async function bodyOf(response: Response, about: About, maxBytes: number): Promise<Uint8Array | Failure> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > maxBytes) {
      const error = feedError('FEED_TOO_LARGE', 'The market data feed sends more than is sensible', {
        ...about,
        maxBytes,
      });
      return { error, retry: false, waitMs: null };
    }
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

function formProblem(bytes: Uint8Array, form: string): string | null {
  if (form === 'any') return null;
  const text = new TextDecoder().decode(form === 'json' ? bytes : bytes.subarray(0, 200)).trimStart();
  if (text.startsWith('<')) return 'a page of HTML or XML';
  if (form === 'text') return null;
  try {
    JSON.parse(text);
    return null;
  } catch {
    return 'JSON that ends too early or is damaged';
  }
}
