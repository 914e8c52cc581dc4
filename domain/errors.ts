/** Exit codes of `drl`: 1 failed, 2 bad usage or bad input, 3 refused (limits, integrity, permission, loser of a race). */
export type FailureKind = 'failed' | 'badInput' | 'refused';

export interface ProductErrorOptions {
  /** What was seen: field -> value. Printed as lines, carried in problem+json. */
  facts?: Record<string, unknown>;
  /** What the person can do next. */
  remedy?: string;
  cause?: unknown;
  kind?: FailureKind;
}

/** The one error class of the product: a stable code, a short message, the facts, and a remedy. */
export class ProductError extends Error {
  readonly code: string;
  readonly facts: Record<string, unknown>;
  readonly remedy: string | undefined;
  readonly kind: FailureKind;

  constructor(code: string, message: string, options: ProductErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.name = code; // by which Lambda and Step Functions call it, so that a machine's Retry and Catch can name it
    this.facts = options.facts ?? {};
    this.remedy = options.remedy;
    this.kind = options.kind ?? 'failed';
  }

  /** The error as a person reads it: message, one line a fact, the remedy. */
  describe(): string {
    const facts = Object.entries(this.facts).map(
      ([key, value]) => `  ${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`,
    );
    return [`${this.message} [${this.code}]`, ...facts, ...(this.remedy ? [`  remedy: ${this.remedy}`] : [])].join(
      '\n',
    );
  }
}

export const badInput = (
  code: string,
  message: string,
  options: Omit<ProductErrorOptions, 'kind'> = {},
): ProductError => new ProductError(code, message, { ...options, kind: 'badInput' });

export const refused = (code: string, message: string, options: Omit<ProductErrorOptions, 'kind'> = {}): ProductError =>
  new ProductError(code, message, { ...options, kind: 'refused' });
