import { setTimeout as sleep } from 'node:timers/promises';
import { badInput, ProductError } from '../../domain/errors.ts';
import { readProjectFile } from './ecb-file.ts';
import type { MarketDataProvider, RawFile } from './port.ts';

export interface EcbHttpOptions {
  /** Folder that `reference` is relative to. */
  root: string;
  /** The whole history: eurofxref-hist.zip or .csv. */
  historyUrl: string;
  /** The newest days: eurofxref-hist-90d.xml, eurofxref-daily.xml or a csv. */
  recentUrl: string;
  reference: string;
  /** For one attempt, from the request to the last byte. */
  timeoutMs: number;
  /** @default 4 */
  attempts?: number;
  /** Wait before attempt n + 1: this x 2^(n - 1). @default 500 */
  backoffMs?: number;
  /** @default 64 MiB */
  maxBytes?: number;
}

const DEFAULT_MAX_BYTES = 64 * 1024 * 1024;
/** The feed asks nobody in particular to come back later, so these are worth another attempt; other answers are final. */
const RETRY_STATUS = new Set([408, 425, 429, 500, 502, 503, 504]);

/**
 * The ECB's live feed. Both files are fetched; which bars they hold is for ingest to say, and their SHA-256 is in the manifest that it writes.
 *
 * @throws ProductError FEED_UNREACHABLE, FEED_STATUS, FEED_TOO_LARGE, FEED_EMPTY.
 */
export function createEcbHttpProvider(options: EcbHttpOptions): MarketDataProvider {
  return {
    fetch: async () => {
      const reference = await readProjectFile(options.root, options.reference);
      const [history, recent] = await Promise.all([
        download(options.historyUrl, options),
        download(options.recentUrl, options),
      ]);
      return [history, recent, reference];
    },
  };
}

async function download(url: string, options: EcbHttpOptions): Promise<RawFile> {
  const attempts = options.attempts ?? 4;
  for (let attempt = 1; ; attempt++) {
    try {
      return await downloadOnce(url, options);
    } catch (error) {
      const final = error instanceof ProductError && error.facts.retry !== true;
      if (final || attempt >= attempts) throw error instanceof ProductError ? error : unreachable(url, attempt, error);
      await sleep((options.backoffMs ?? 500) * 2 ** (attempt - 1));
    }
  }
}

const unreachable = (url: string, attempts: number, cause: unknown): ProductError =>
  new ProductError('FEED_UNREACHABLE', 'The market data feed cannot be reached', {
    facts: { url, attempts, problem: problemOf(cause) },
    remedy: 'Check the network and the URL in the universe configuration, then run the day again; nothing was written.',
    cause,
  });

function problemOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause as (Error & { code?: string }) | undefined;
  return cause?.code ?? cause?.message ?? error.message;
}

async function downloadOnce(url: string, options: EcbHttpOptions): Promise<RawFile> {
  const response = await fetch(url, { signal: AbortSignal.timeout(options.timeoutMs), redirect: 'follow' });
  if (!response.ok) {
    await response.body?.cancel();
    throw new ProductError('FEED_STATUS', `The market data feed answered ${response.status}`, {
      facts: { url, status: response.status, retry: RETRY_STATUS.has(response.status) },
      remedy: 'Check the URL in the universe configuration, or try again later; nothing was written.',
    });
  }
  const bytes = await bodyOf(response, url, options.maxBytes ?? DEFAULT_MAX_BYTES);
  if (bytes.length === 0) {
    throw badInput('FEED_EMPTY', 'The market data feed sent no bytes', {
      facts: { url, retry: true },
      remedy: 'Try again later.',
    });
  }
  return { name: fileNameOf(url), bytes, origin: url };
}

async function bodyOf(response: Response, url: string, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > maxBytes) {
      throw badInput('FEED_TOO_LARGE', 'The market data feed sends more than is sensible', {
        facts: { url, maxBytes },
        remedy: 'Check the URL in the universe configuration.',
      });
    }
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

/** A plain file name for the artifact: the last part of the path. */
function fileNameOf(url: string): string {
  const name = new URL(url).pathname.split('/').at(-1) ?? '';
  return name.replace(/[^A-Za-z0-9._-]/g, '_') || 'feed';
}
