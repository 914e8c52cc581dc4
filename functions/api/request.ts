import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import type { z } from 'zod';
import { ApiProblem } from '../middleware/http-problem.ts';
import { parseStrictJson } from './json.ts';

export const MAX_BODY_BYTES = 256 * 1024;

/** The JSON body of a request: media type, encoding and size checked before a byte of it is parsed. */
export function jsonBody(event: APIGatewayProxyEventV2): unknown {
  const header = event.headers?.['content-type'] ?? '';
  const [type, ...parameters] = header.split(';').map((part) => part.trim().toLowerCase());
  const charset = parameters.find((part) => part.startsWith('charset='));
  if (type !== 'application/json' || (charset && !/^charset="?utf-8"?$/.test(charset))) {
    throw new ApiProblem(415, 'MEDIA_TYPE', 'The body must be application/json in UTF-8', { field: 'content-type' });
  }
  const encoding = event.headers?.['content-encoding'];
  if (encoding && encoding.toLowerCase() !== 'identity') {
    throw new ApiProblem(415, 'CONTENT_ENCODING', 'The body must not be compressed', { field: 'content-encoding' });
  }
  return parseStrictJson(bodyText(event));
}

function bodyText(event: APIGatewayProxyEventV2): string {
  const raw = event.body ?? '';
  const bytes = event.isBase64Encoded ? Math.floor((raw.length * 3) / 4) : Buffer.byteLength(raw);
  if (bytes > MAX_BODY_BYTES) {
    throw new ApiProblem(413, 'BODY_TOO_LARGE', `The body is larger than ${MAX_BODY_BYTES / 1024} KB`);
  }
  if (!event.isBase64Encoded) return raw;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(raw, 'base64'));
  } catch {
    throw new ApiProblem(400, 'BODY_ENCODING', 'The body is not UTF-8');
  }
}

const MAX_SHOWN = 200;

/** Parse with a schema; the first issue becomes the problem's field and detail. */
export function parseWith<T>(schema: z.ZodType<T>, value: unknown, status: 400 | 422, code: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const unknown = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  throw new ApiProblem(status, code, (unknown ? `there is no field ${unknown}` : issue.message).slice(0, MAX_SHOWN), {
    field: fieldName([...issue.path, ...(unknown === undefined ? [] : [unknown])]).slice(0, MAX_SHOWN),
    remedy: 'GET /openapi.json has the form of every request.',
  });
}

/** `['state', 3, 40]` as `state[3][40]`. */
const fieldName = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (name, part) => (typeof part === 'number' ? `${name}[${part}]` : name ? `${name}.${String(part)}` : String(part)),
    '',
  ) || '(body)';
