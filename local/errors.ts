import { ProductError } from '../domain/errors.ts';

const EXIT_CODE = { failed: 1, badInput: 2, refused: 3 } as const;

/** Print an error as a person (stderr) or a program (`--json`, stdout) reads it, and say with which code to exit. */
export function reportError(error: unknown, json: boolean): number {
  if (error instanceof ProductError) {
    if (json)
      process.stdout.write(
        `${JSON.stringify({ error: { code: error.code, message: error.message, facts: error.facts, remedy: error.remedy ?? null } })}\n`,
      );
    else process.stderr.write(`\nerror: ${error.describe()}\n`);
    if (process.env.DRL_DEBUG) console.error(error);
    return EXIT_CODE[error.kind];
  }
  const message = error instanceof Error ? error.message : String(error);
  if (json)
    process.stdout.write(`${JSON.stringify({ error: { code: 'UNEXPECTED', message, facts: {}, remedy: null } })}\n`);
  else
    process.stderr.write(
      `\nerror: ${message} [UNEXPECTED]\n  remedy: run again with DRL_DEBUG=1 to see where it happened.\n`,
    );
  if (process.env.DRL_DEBUG) console.error(error);
  return EXIT_CODE.failed;
}
