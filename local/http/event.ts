import { isUtf8 } from 'node:buffer';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';

/**
 * A request as API Gateway HTTP API would hand it to the function (payload 2.0): lower-case headers, repeated headers and
 * query values joined by commas, the body base64 when it is not UTF-8. There is never an authoriser's word in it: on one
 * machine the function verifies tokens itself.
 */
export function apiGatewayEvent(request: IncomingMessage, body: Buffer | null): APIGatewayProxyEventV2 {
  const text = body !== null && isUtf8(body);
  const target = request.url ?? '/';
  const at = target.indexOf('?');
  const rawPath = at < 0 ? target : target.slice(0, at);
  const rawQueryString = at < 0 ? '' : target.slice(at + 1);
  const headers = joined(request.headers);
  const query = queryOf(rawQueryString);
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath,
    rawQueryString,
    headers,
    ...(query ? { queryStringParameters: query } : {}),
    requestContext: {
      accountId: 'local',
      apiId: 'local',
      domainName: headers.host ?? 'localhost',
      domainPrefix: 'localhost',
      http: {
        method: request.method ?? 'GET',
        path: rawPath,
        protocol: `HTTP/${request.httpVersion}`,
        sourceIp: request.socket.remoteAddress ?? '127.0.0.1',
        userAgent: headers['user-agent'] ?? '',
      },
      requestId: 'local',
      routeKey: '$default',
      stage: '$default',
      time: '',
      timeEpoch: Date.now(),
    },
    ...(body ? { body: body.toString(text ? 'utf8' : 'base64') } : {}),
    isBase64Encoded: body !== null && !text,
  };
}

function joined(headers: IncomingHttpHeaders): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) result[name] = Array.isArray(value) ? value.join(',') : value;
  }
  return result;
}

function queryOf(raw: string): Record<string, string> | null {
  if (raw === '') return null;
  const result: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(raw)) {
    result[name] = Object.hasOwn(result, name) ? `${result[name]},${value}` : value;
  }
  return result;
}
