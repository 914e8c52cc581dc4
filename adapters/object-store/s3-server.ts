import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { crc32 } from 'node:zlib';

/** What the server may do wrong, once, to the next PUT: apply it and cut the line, or answer that another write is in flight. */
export type PutFault = 'appliedThenCut' | 'conflict' | 'unavailable';

/**
 * The part of the S3 REST protocol that the adapter speaks, for tests: path-style PUT, GET, HEAD and ListObjectsV2 of one bucket, with
 * S3's own rules for If-None-Match and If-Match (412, and 404 for If-Match on a missing key), checksums verified, two keys a page.
 */
export class S3Server {
  readonly objects = new Map<string, { bytes: Buffer; etag: string }>();
  readonly faults: PutFault[] = [];
  /** What every request is refused with; null: none is. */
  refusal: { status: number; code: string } | null = null;
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error) => response.writeHead(500).end(String(error)));
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
    const url = new URL(request.url!, 'http://localhost');
    const key = decodeURIComponent(url.pathname.split('/').slice(2).join('/'));
    const body = await bytesOf(request);
    if (this.refusal) return fail(response, this.refusal.status, this.refusal.code);
    const source = request.headers['x-amz-copy-source'];
    if (request.method === 'PUT' && source !== undefined) return this.#copy(String(source), key, response);
    if (request.method === 'PUT') return this.#put(key, body, request, response);
    if (url.searchParams.get('list-type') === '2') return this.#list(url.searchParams, response);
    const found = this.objects.get(key);
    if (!found) return fail(response, 404, 'NoSuchKey');
    response.writeHead(200, { etag: found.etag, 'content-length': found.bytes.length });
    return response.end(request.method === 'HEAD' ? undefined : found.bytes);
  }

  #copy(source: string, key: string, response: ServerResponse): unknown {
    const found = this.objects.get(decodeURIComponent(source.split('/').slice(1).join('/')));
    if (!found) return fail(response, 404, 'NoSuchKey');
    this.objects.set(key, found);
    response.writeHead(200, { 'content-type': 'application/xml' });
    return response.end(
      `<?xml version="1.0"?><CopyObjectResult><ETag>${escapeXml(found.etag)}</ETag></CopyObjectResult>`,
    );
  }

  #put(key: string, bytes: Buffer, request: IncomingMessage, response: ServerResponse): unknown {
    const fault = this.faults.shift();
    if (fault === 'conflict') return fail(response, 409, 'ConditionalRequestConflict');
    if (fault === 'unavailable') return fail(response, 503, 'SlowDown');
    const checksum = request.headers['x-amz-checksum-crc32'];
    if (checksum !== undefined && checksum !== crc32Base64(bytes)) return fail(response, 400, 'BadDigest');
    const present = this.objects.get(key);
    const ifMatch = request.headers['if-match'];
    if (request.headers['if-none-match'] === '*' && present) return fail(response, 412, 'PreconditionFailed');
    if (ifMatch !== undefined && !present) return fail(response, 404, 'NoSuchKey');
    if (ifMatch !== undefined && present!.etag !== ifMatch) return fail(response, 412, 'PreconditionFailed');
    const etag = `"${createHash('md5').update(bytes).digest('hex')}"`;
    this.objects.set(key, { bytes, etag });
    if (fault === 'appliedThenCut') return request.socket.destroy();
    return response.writeHead(200, { etag }).end();
  }

  #list(query: URLSearchParams, response: ServerResponse): void {
    const all = [...this.objects.keys()]
      .filter((key) => key.startsWith(query.get('prefix') ?? ''))
      .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    const from = Number(query.get('continuation-token') ?? 0);
    const page = all.slice(from, from + 2);
    const next =
      from + page.length < all.length ? `<NextContinuationToken>${from + page.length}</NextContinuationToken>` : '';
    const rows = page.map((key) => `<Contents><Key>${escapeXml(key)}</Key></Contents>`).join('');
    response.writeHead(200, { 'content-type': 'application/xml' });
    response.end(
      `<?xml version="1.0"?><ListBucketResult><IsTruncated>${next !== ''}</IsTruncated>${next}${rows}</ListBucketResult>`,
    );
  }
}

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

function crc32Base64(bytes: Buffer): string {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(bytes));
  return sum.toString('base64');
}

const escapeXml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

function fail(response: ServerResponse, status: number, code: string): ServerResponse {
  response.writeHead(status, { 'content-type': 'application/xml' });
  return response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`);
}
