import { badInput, ProductError } from '../../domain/errors.ts';

type Facts = Readonly<Record<string, unknown>>;

const REMEDIES = {
  FEED_UNREACHABLE:
    'Check the network and the URL in the universe configuration, then run the day again; nothing was written.',
  FEED_EMPTY: 'Try again later; nothing was written.',
  FEED_TOO_LARGE: 'Check the URL in the universe configuration.',
  FEED_FORMAT:
    'The feed may be in maintenance: try again later. If it stays so, its format has changed and the product needs a newer version.',
} as const;

export function feedError(code: keyof typeof REMEDIES, message: string, facts: Facts): ProductError {
  const options = { facts: { ...facts }, remedy: REMEDIES[code] };
  return code === 'FEED_UNREACHABLE' ? new ProductError(code, message, options) : badInput(code, message, options);
}

export function feedStatus(about: Facts, status: number): ProductError {
  if (status === 401 || status === 403) {
    return badInput('FEED_KEY', `The market data feed refuses the key (${status})`, {
      facts: { ...about, status },
      remedy: 'Check that the key is whole, still valid, and that its plan covers what is asked for; see drl doctor.',
    });
  }
  const isOurs = status === 400 || status === 422;
  return new ProductError('FEED_STATUS', `The market data feed answered ${status}`, {
    kind: isOurs ? 'badInput' : 'failed',
    facts: { ...about, status },
    remedy: isOurs
      ? 'Check the key, and the symbols, series and dates that the universe configuration names; nothing was written.'
      : 'Check the URL in the universe configuration, or try again later; nothing was written.',
  });
}

export const feedQuota = (about: Facts, waitMs: number | null): ProductError =>
  new ProductError('FEED_QUOTA', 'The quota of the market data feed is used up', {
    facts: { ...about, retryAfterSeconds: waitMs === null ? null : Math.ceil(waitMs / 1000) },
    remedy:
      'Run the same command again after that time: pages that were fetched are kept. Or widen minIntervalMs in the universe configuration.',
  });

export const feedDates = (about: Facts, problem: string): ProductError =>
  badInput('FEED_DATES', `The market data feed lies about dates: ${problem}`, {
    facts: { ...about },
    remedy: 'Nothing was written. Try again later, and tell the vendor if it stays so.',
  });

export const keyMissing = (provider: string, name: string): ProductError =>
  badInput('PROVIDER_KEY_MISSING', `The key of a market data provider is missing: ${name}`, {
    facts: { provider, key: name },
    remedy: `Set the variable ${name} in the environment. On AWS: put "${name}" into the secret ProviderKeys of the stateful stack.`,
  });

export function problemOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause as (Error & { code?: string }) | undefined;
  return cause?.code ?? cause?.message ?? error.message;
}
