import { z } from 'zod';
import { ALPACA_TIMEFRAMES, type AlpacaTimeframe } from './alpaca.ts';
import { BIS_AREAS } from './bis.ts';
import { FRED_FREQUENCIES, RELEASE_LAG_DAYS } from './fred.ts';

const symbol = z.string().regex(/^[A-Z0-9][A-Z0-9.-]{0,15}$/);
const http = (minIntervalMs: number) => ({
  /** For one attempt, from the request to the last byte. */
  timeoutMs: z.number().int().positive().default(60_000),
  /** Between the starts of two requests: what the vendor's terms allow. */
  minIntervalMs: z.number().int().nonnegative().default(minIntervalMs),
});

const single = [
  /** The ECB history file: bundled path (gz), or the live feed by URL (zip or csv or xml of the last 90 days). */
  z.strictObject({ kind: z.literal('ecb-file'), path: z.string(), reference: z.string() }),
  z.strictObject({
    kind: z.literal('ecb-http'),
    historyUrl: z.url(),
    recentUrl: z.url(),
    reference: z.string(),
    timeoutMs: z.number().int().positive(),
  }),
  z.strictObject({
    kind: z.literal('equity-sim'),
    seed: z.number().int(),
    assets: z.number().int().positive(),
    sessions: z.number().int().positive(),
    start: z.iso.date(),
    /** `equities`: the simulated universe. `known-optimum`: its sub-market, whose best policy is known in closed form. */
    market: z.enum(['equities', 'known-optimum']).default('equities'),
  }),
  /** A user's folder, as `drl data import` stored it in the object store. */
  z.strictObject({ kind: z.literal('folder'), path: z.string() }),
  /** Raw bars and corporate actions. Keys: ALPACA_KEY_ID, ALPACA_SECRET_KEY. An intraday timeframe is kept beside the days that are made of it. */
  z.strictObject({
    kind: z.literal('alpaca'),
    baseUrl: z.url().default('https://data.alpaca.markets'),
    symbols: z.array(symbol).min(1),
    start: z.iso.date(),
    timeframe: z.enum(Object.keys(ALPACA_TIMEFRAMES) as [AlpacaTimeframe, ...AlpacaTimeframe[]]).default('1Day'),
    /** `sip`: all US exchanges (paid); `iex`: one exchange, about 2 % of the volume. */
    feed: z.enum(['sip', 'iex']).default('sip'),
    ...http(310),
  }),
  /** Company facts. The SEC asks for a contact in the User-Agent: SEC_CONTACT, for example "Jane Doe jane@example.org". */
  z.strictObject({
    kind: z.literal('sec'),
    baseUrl: z.url().default('https://data.sec.gov'),
    /** Symbol -> central index key. */
    companies: z.record(symbol, z.number().int().positive()),
    /** Days from filing to knownDate. */
    lagDays: z.number().int().nonnegative().default(1),
    ...http(120),
  }),
  /** Series of FRED. Key: FRED_API_KEY. */
  z.strictObject({
    kind: z.literal('fred'),
    baseUrl: z.url().default('https://api.stlouisfed.org'),
    start: z.iso.date(),
    series: z
      .array(
        z
          .strictObject({
            id: z.string().regex(/^[A-Z0-9_]+$/),
            frequency: z.enum(FRED_FREQUENCIES),
            /** `vintages`, or days from the end of the period to its release. */
            known: z.union([z.literal('vintages'), z.number().int().nonnegative()]).optional(),
          })
          .transform(({ known, ...rest }) => ({ ...rest, known: known ?? RELEASE_LAG_DAYS[rest.frequency] })),
      )
      .min(1),
    ...http(550),
  }),
  /** Central bank policy rates of the BIS; no key. */
  z.strictObject({
    kind: z.literal('bis'),
    baseUrl: z.url().default('https://stats.bis.org/api/v2'),
    areas: z.array(z.enum(Object.keys(BIS_AREAS) as [string, ...string[]])).min(1),
    start: z.iso.date(),
    lagDays: z.number().int().nonnegative().default(1),
    ...http(1_000),
  }),
] as const;

export const singleProviderSchema = z.discriminatedUnion('kind', single);
export type SingleProvider = z.output<typeof singleProviderSchema>;

export const providerSchema = z.discriminatedUnion('kind', [
  ...single,
  /** One that has bars, and others beside it that have figures of companies and series of economies. */
  z.strictObject({ kind: z.literal('several'), providers: z.array(singleProviderSchema).min(2) }),
]);
export type ProviderConfig = z.output<typeof providerSchema>;

/** The providers of a universe, one by one. */
export const providersOf = (provider: ProviderConfig): readonly SingleProvider[] =>
  provider.kind === 'several' ? provider.providers : [provider];

/** Variables that hold what a provider must be given: keys, or the contact that the SEC asks for. */
export const PROVIDER_KEYS: Readonly<Partial<Record<SingleProvider['kind'], readonly string[]>>> = {
  alpaca: ['ALPACA_KEY_ID', 'ALPACA_SECRET_KEY'],
  sec: ['SEC_CONTACT'],
  fred: ['FRED_API_KEY'],
};
