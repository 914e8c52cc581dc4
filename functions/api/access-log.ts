import { ProductError } from '../../domain/errors.ts';
import type { AccessLog } from '../middleware/http.ts';

/**
 * The access log as JSON lines: on AWS every request, on one machine only what failed inside (and all of it with
 * `DRL_LOG_LEVEL=DEBUG`). Written to stderr, which Lambda collects and which never mixes with `--json`.
 */
export function logAccess(
  environment: NodeJS.ProcessEnv = process.env,
  write: (line: string) => void = (line) => process.stderr.write(line),
): AccessLog {
  const everything = environment.DRL_LOG_LEVEL === 'DEBUG' || environment.AWS_LAMBDA_FUNCTION_NAME !== undefined;
  return ({ error, milliseconds, ...record }) => {
    if (!everything && record.status < 500) return;
    const cause = error === undefined ? {} : { error: describe(error) };
    write(
      `${JSON.stringify({ level: record.status >= 500 ? 'ERROR' : 'INFO', service: 'api', ...record, milliseconds: Math.round(milliseconds * 1000) / 1000, ...cause })}\n`,
    );
  };
}

function describe(error: unknown): Record<string, unknown> {
  if (error instanceof ProductError) return { code: error.code, message: error.message, facts: error.facts };
  return error instanceof Error
    ? { name: error.name, message: error.message, stack: error.stack }
    : { message: String(error) };
}
