import { readProjectFile } from './ecb-file.ts';
import { createHttpClient } from './http-client.ts';
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
  /** @default 500 */
  backoffMs?: number;
  /** @default 64 MiB */
  maxBytes?: number;
}

/**
 * The ECB's live feed. Both files are fetched; which bars they hold is for ingest to say, and their SHA-256 is in the manifest that it writes.
 *
 * @throws ProductError what {@link createHttpClient} throws.
 */
export function createEcbHttpProvider({
  root,
  historyUrl,
  recentUrl,
  reference,
  ...http
}: EcbHttpOptions): MarketDataProvider {
  const client = createHttpClient({ provider: 'ecb', ...http });
  const download = async (url: string): Promise<RawFile> => ({
    name: fileNameOf(url),
    bytes: await client.get(url, 'any'),
    origin: url,
  });
  return {
    // One after the other: when the first fails, nothing goes on in the background.
    fetch: async () => [await download(historyUrl), await download(recentUrl), await readProjectFile(root, reference)],
  };
}

/** A plain file name for the artifact: the last part of the path. */
function fileNameOf(url: string): string {
  const name = new URL(url).pathname.split('/').at(-1) ?? '';
  return name.replace(/[^A-Za-z0-9._-]/g, '_') || 'feed';
}
