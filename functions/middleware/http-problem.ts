import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { ProductError, type ProductErrorOptions } from '../../domain/errors.ts';

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';
export const JSON_TYPE = 'application/json; charset=utf-8';

const TITLES: Record<number, string> = {
  400: 'Bad request',
  401: 'Not authenticated',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  413: 'Body too large',
  415: 'Unsupported media type',
  422: 'Body does not fit the schema',
  500: 'Internal error',
  503: 'Not available',
};

/** What the API answers when it does not answer 200: RFC 9457, with the product's stable code and the field at fault. */
export class ApiProblem extends ProductError {
  readonly status: number;
  readonly field: string | undefined;
  readonly headers: Record<string, string>;

  constructor(
    status: number,
    code: string,
    detail: string,
    options: ProductErrorOptions & { field?: string; headers?: Record<string, string> } = {},
  ) {
    super(code, detail, { kind: status < 500 ? 'badInput' : 'failed', ...options });
    this.status = status;
    this.field = options.field;
    this.headers = options.headers ?? {};
  }
}

/**
 * Any error as problem+json. Only an `ApiProblem` speaks for itself: what else went wrong inside is logged, never told,
 * so that no stack, path or address leaves the process.
 */
export function problemResponse(error: unknown): APIGatewayProxyStructuredResultV2 {
  const problem = error instanceof ApiProblem ? error : insideProblem(error);
  const { status, code, message: detail, field, remedy } = problem;
  return {
    statusCode: status,
    headers: { 'content-type': PROBLEM_TYPE, 'cache-control': 'no-store', ...problem.headers },
    body: JSON.stringify({
      type: `urn:problem:drl-portfolio:${code}`,
      title: TITLES[status] ?? 'Problem',
      status,
      code,
      detail,
      ...(field === undefined ? {} : { field }),
      ...(remedy === undefined ? {} : { remedy }),
    }),
  };
}

const INTEGRITY = new Set(['OBJECT_HASH_MISMATCH', 'OBJECT_MISSING', 'ARTIFACT_FILE_MISSING']);

function insideProblem(error: unknown): ApiProblem {
  if (error instanceof ProductError && INTEGRITY.has(error.code)) {
    return new ApiProblem(503, 'INTEGRITY', 'A stored object is missing or changed; nothing is served from it', {
      remedy: 'Tell the operator: `drl verify --all` names the object.',
    });
  }
  return new ApiProblem(500, 'INTERNAL', 'The request failed inside the service; the log has the cause');
}
