import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { badInput } from '../../domain/errors.ts';
import { MAX_BODY_BYTES } from '../../functions/api/request.ts';
import type { HttpHandler } from '../../functions/middleware/http.ts';
import { ApiProblem, JSON_TYPE, problemResponse } from '../../functions/middleware/http-problem.ts';
import { apiGatewayEvent } from './event.ts';
import { PAGES, type Page } from './pages.ts';

export interface HttpFront {
  url: string;
  close(): Promise<void>;
}

export interface HttpFrontOptions {
  /** 0: any free port. */
  port: number;
  host: '127.0.0.1';
  /** The real handler of the API. */
  handler: HttpHandler;
  /** A token for the page that this front itself serves; without it the dashboard asks for one. */
  dashboardToken?: () => Promise<string>;
  /** The newest report, shown at `/report`. */
  report?: () => Promise<Uint8Array | null>;
  /** What this process trains, shown at `/training.json`. */
  trainings?: () => unknown;
}

const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
};
/** Pages come from this origin alone; the report is one file with its styles and scripts inside. */
const PAGE_POLICY =
  "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";

/**
 * API Gateway on one machine: each request becomes the event of an HTTP API and goes to the real handler; the dashboard, the
 * Swagger UI and the newest report are served beside it. Listens on 127.0.0.1 only, and answers only requests that name it so
 * (a page from elsewhere cannot reach it by a DNS name of its own).
 */
export async function serveHttp(options: HttpFrontOptions): Promise<HttpFront> {
  // Half the time of `import('node:http')`, which matters on a cold start.
  const { createServer } = process.getBuiltinModule('node:http');
  const server = createServer({ keepAliveTimeout: 5_000, requestTimeout: 30_000 }, (request, response) => {
    answer(options, request, response).catch((error) => write(response, problemResponse(error)));
  });
  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${options.host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, { port, host }: HttpFrontOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const busy = error.code === 'EADDRINUSE';
      if (!busy && error.code !== 'EACCES') return reject(error);
      reject(
        badInput(
          busy ? 'PORT_BUSY' : 'PORT_REFUSED',
          busy ? 'The port is in use by another program' : 'The port may not be used by this user',
          {
            facts: { port, host },
            remedy: 'Name another port with --port, or --port 0 for any free one.',
          },
        ),
      );
    });
    server.listen(port, host, resolve);
  });
}

async function answer(options: HttpFrontOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (!isLocalHost(request.headers.host)) {
    throw new ApiProblem(403, 'HOST', 'This address is served to 127.0.0.1 and localhost only', { field: 'host' });
  }
  const path = (request.url ?? '/').split('?')[0];
  const page = request.method === 'GET' ? await pageAt(options, path) : null;
  if (page) return writePage(response, page);
  if (path === '/session' && options.dashboardToken) return session(options.dashboardToken, request, response);
  const body = await readBody(request);
  write(response, await options.handler(apiGatewayEvent(request, body)));
}

const isLocalHost = (host: string | undefined): boolean => /^(127\.0\.0\.1|localhost)(:\d+)?$/.test(host ?? '');

async function pageAt(options: HttpFrontOptions, path: string): Promise<Page | null> {
  if (path === '/training.json' && options.trainings)
    return { contentType: JSON_TYPE, body: JSON.stringify({ trainings: options.trainings() }) };
  if (path === '/report') {
    const body = await options.report?.();
    if (body) return { contentType: 'text/html; charset=utf-8', body };
    throw new ApiProblem(404, 'NO_REPORT', 'No report has been written yet', {
      remedy: 'Run a day first: drl run daily.',
    });
  }
  const page = Object.hasOwn(PAGES, path) ? PAGES[path] : undefined;
  return page ? page() : null;
}

/**
 * A token for the dashboard. A page of another origin cannot get it: the custom header makes its browser ask first, and
 * this front never allows it.
 */
async function session(
  token: () => Promise<string>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const site = request.headers['sec-fetch-site'];
  if (
    request.method !== 'POST' ||
    request.headers['x-dashboard'] !== '1' ||
    (site !== undefined && site !== 'same-origin')
  ) {
    throw new ApiProblem(403, 'SESSION_ORIGIN', 'Only the page that this front serves may ask for a session', {
      field: 'x-dashboard',
    });
  }
  write(response, {
    statusCode: 200,
    headers: { 'content-type': JSON_TYPE, 'cache-control': 'no-store' },
    body: JSON.stringify({ token: await token() }),
  });
}

/** The body, or its first bytes when it is larger than the API takes: the handler then answers 413. */
async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size > MAX_BODY_BYTES) break;
  }
  return size === 0 ? null : Buffer.concat(chunks);
}

function write(response: ServerResponse, result: APIGatewayProxyStructuredResultV2): void {
  const body = Buffer.from(result.body ?? '', result.isBase64Encoded ? 'base64' : 'utf8');
  const tooLarge = result.statusCode === 413;
  response.writeHead(result.statusCode ?? 200, {
    ...SECURITY_HEADERS,
    ...(result.headers as Record<string, string>),
    'content-length': body.byteLength,
    ...(tooLarge ? { connection: 'close' } : {}),
  });
  response.end(body);
}

function writePage(response: ServerResponse, page: Page): void {
  response.writeHead(200, {
    ...SECURITY_HEADERS,
    'content-security-policy': PAGE_POLICY,
    'content-type': page.contentType,
    'cache-control': 'no-cache',
    'content-length': Buffer.byteLength(page.body),
  });
  response.end(page.body);
}
