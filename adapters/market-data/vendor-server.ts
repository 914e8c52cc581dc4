import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sessionsBetween } from '../../domain/market/calendar.ts';
import { dayOfIso, isoOfDay } from '../../domain/market/days.ts';

/**
 * Alpaca, the SEC, FRED and the BIS on this machine, for tests: their paths, keys, paging and formats, with invented values. Each request may be answered
 * wrongly first: see {@link Mischief}.
 */
export type Mischief =
  | 'retryAfterSeconds'
  | 'retryAfterDate'
  | 'outOfQuota'
  | 'error500'
  | 'slow'
  | 'missingArea'
  | 'truncated'
  | 'truncatedJson'
  | 'html'
  | 'changedColumns'
  | 'missingColumns'
  | 'yesterday'
  | 'future'
  | 'stranger'
  | 'utcDays'
  | 'empty'
  | 'redirect'
  | 'circle'
  | 'quotaReset'
  | 'badSymbol'
  | 'tooFast';

export const VENDOR_KEYS = {
  ALPACA_KEY_ID: 'PK+invented/KEY=1',
  ALPACA_SECRET_KEY: 'sk invented & secret',
  FRED_API_KEY: 'fred0invented0key',
  SEC_CONTACT: 'Jo Doe jo@example.org',
};

export interface VendorServer {
  base: string;
  /** Paths with queries, as asked. */
  requests: string[];
  /** What to do wrong on request n (from 0) since it was set; null: nothing. */
  mischief: (path: string, n: number) => Mischief | null;
  /** Newest day that the vendors have. */
  newestDay: string;
  /** Multiplies Alpaca's closes: a vendor that revises its history. */
  revise: (symbol: string, date: string) => number;
  /** A change of symbol: a whole history comes under the new one, and the old one has what it had before. */
  renamed: { from: string; to: string; date: string } | null;
  /** Milliseconds before each answer. */
  delayMs: number;
  close(): Promise<void>;
}

export async function startVendorServer(newestDay: string): Promise<VendorServer> {
  const state: VendorServer = {
    base: '',
    requests: [],
    mischief: () => null,
    newestDay,
    revise: () => 1,
    renamed: null,
    delayMs: 0,
    close: () => stop(server),
  };
  const server = createServer((request, response) => {
    const n = state.requests.push(request.url ?? '') - 1;
    const wrong = state.mischief(request.url ?? '', n);
    setTimeout(() => answer(request, response, state, wrong), state.delayMs);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  state.base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return state;
}

async function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

function answer(request: IncomingMessage, response: ServerResponse, state: VendorServer, wrong: Mischief | null): void {
  if (wrong && spoilResponse(response, wrong)) return;
  const url = new URL(request.url ?? '', state.base);
  const good = bodyOf(url, request, state, wrong);
  if (good.status !== 200) {
    response.writeHead(good.status, { 'content-type': 'application/json' }).end(good.body);
    return;
  }
  const body = wrong ? spoilBody(good.body, wrong) : good.body;
  if (wrong === 'truncated') {
    response.writeHead(200, { 'content-length': String(Buffer.byteLength(body)) });
    response.write(body.slice(0, body.length / 2), () => response.destroy());
    return;
  }
  response.writeHead(200).end(body);
}

/** Answers that need no data; false: not one of these. */
function spoilResponse(response: ServerResponse, wrong: Mischief): boolean {
  switch (wrong) {
    case 'retryAfterSeconds':
      response.writeHead(429, { 'retry-after': '2' }).end('slow down');
      return true;
    case 'retryAfterDate':
      response.writeHead(503, { 'retry-after': 'Wed, 03 Jan 2024 22:00:30 GMT' }).end();
      return true;
    case 'outOfQuota':
      response.writeHead(429, { 'retry-after': '86400' }).end('{"message":"monthly limit"}');
      return true;
    case 'error500':
      response.writeHead(500).end('oops');
      return true;
    case 'slow':
      return true; // never
    case 'html':
      response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Maintenance</title>');
      return true;
    case 'empty':
      response.writeHead(200).end();
      return true;
    case 'redirect':
      response.writeHead(302, { location: 'http://127.0.0.1:1/elsewhere' }).end();
      return true;
    case 'quotaReset':
      response.writeHead(429, { 'x-ratelimit-reset': '1704319207' }).end('{"message":"too many requests."}');
      return true;
    case 'badSymbol':
      response.writeHead(422).end(`{"message":"invalid symbol: BRK-B (asked by ${VENDOR_KEYS.ALPACA_SECRET_KEY})"}`);
      return true;
    case 'tooFast':
      response
        .writeHead(403, { 'content-type': 'text/html' })
        .end('<html><head><title>SEC.gov | Request Rate Threshold\nExceeded</title></head></html>');
      return true;
    default:
      return false;
  }
}

function spoilBody(body: string, wrong: Mischief): string {
  if (wrong === 'truncatedJson') return body.slice(0, body.length / 2);
  const fields = ['"c":', '"ex_date":', '"filed":', '"value":', 'OBS_VALUE'];
  if (wrong === 'changedColumns')
    return fields.reduce(
      (text, field) => text.replaceAll(field, `${field[0] === '"' ? '"new_' : 'NEW_'}${field.replace('"', '')}`),
      body,
    );
  if (wrong === 'missingColumns')
    return fields.reduce((text, field) => text.replaceAll(field, field[0] === '"' ? '"x":' : 'X'), body);
  return body;
}

type Body = { status: number; body: string };
const json = (value: unknown, status = 200): Body => ({ status, body: JSON.stringify(value) });

function bodyOf(url: URL, request: IncomingMessage, state: VendorServer, wrong: Mischief | null): Body {
  if (url.pathname.startsWith('/v2/') || url.pathname.startsWith('/v1/')) {
    const { 'apca-api-key-id': id, 'apca-api-secret-key': key } = request.headers;
    if (id !== VENDOR_KEYS.ALPACA_KEY_ID || key !== VENDOR_KEYS.ALPACA_SECRET_KEY)
      return json({ message: 'forbidden.' }, 403);
    return url.pathname === '/v2/stocks/bars'
      ? alpacaBars(url.searchParams, state, wrong)
      : alpacaActions(url.searchParams, state);
  }
  if (url.pathname.startsWith('/api/xbrl/companyfacts/')) {
    if (!request.headers['user-agent']?.includes('@')) return { status: 403, body: '<html>Undeclared tool</html>' };
    return json(companyFacts(Number(url.pathname.slice(-15, -5)), wrong === 'future' ? '2031-05-04' : '2023-05-04'));
  }
  if (url.pathname.startsWith('/fred/series/')) {
    if (url.searchParams.get('api_key') !== VENDOR_KEYS.FRED_API_KEY)
      return json(
        { error_code: 400, error_message: 'Bad Request. The value for variable api_key is not registered.' },
        400,
      );
    if (url.pathname.endsWith('/vintagedates'))
      return json({ count: FRED_VINTAGES.length, vintage_dates: FRED_VINTAGES });
    return json(fredObservations(url.searchParams, wrong === 'future' ? '2031-01-01' : null));
  }
  if (url.pathname.startsWith('/data/dataflow/BIS/WS_CBPOL/')) return { status: 200, body: bisCsv(url, wrong) };
  return json({ message: 'endpoint not found' }, 404);
}

const round = (value: number): number => Math.round(value * 100) / 100;
const closeOf = (symbol: string, day: number): number =>
  50 +
  10 * (symbol.charCodeAt(0) % 7) +
  5 * Math.sin(day / 9 + symbol.charCodeAt(symbol.length - 1)) +
  ((day * 7919) % 97) / 100;

/** Minutes after midnight UTC of New York's midnight. Summer time by the rule of 2007, near enough for sessions. */
const midnight = (date: string): number => (date.slice(5) >= '03-12' && date.slice(5) < '11-05' ? 240 : 300);
const stamp = (date: string, minutes: number): string =>
  new Date(dayOfIso(date) * 86_400_000 + minutes * 60_000).toISOString().replace('.000Z', 'Z');

function alpacaBars(query: URLSearchParams, state: VendorServer, wrong: Mischief | null): Body {
  const [start, end] = [query.get('start') ?? '', query.get('end') ?? ''];
  const newest = [state.newestDay, end.slice(0, 10)].sort()[0];
  const { renamed } = state;
  const isOver = (symbol: string, date: string) => renamed?.from === symbol && date >= renamed.date;
  const days = sessionsBetween('XNYS', isoOfDay(dayOfIso(start.slice(0, 10)) - 4), newest);
  if (wrong === 'yesterday') days.pop();
  if (wrong === 'future') days.push('2031-01-02');
  const daily = query.get('timeframe') === '1Day';
  const utcDays = wrong === 'utcDays';
  const all = `${query.get('symbols') ?? ''}${wrong === 'stranger' ? ',ZZZ' : ''}`.split(',').flatMap((symbol) =>
    days
      .filter((date) => !isOver(symbol, date))
      .flatMap((date) => (daily ? [dayBar(symbol, date, state, utcDays)] : sessionBars(symbol, date)))
      .filter(({ t }) => wrong === 'future' || (t >= start && t <= end))
      .map((bar) => ({ symbol, bar })),
  );
  // A real page holds as many bars as the limit says; pages here are small, so that there are several.
  const size = Math.min(Number(query.get('limit')), 30);
  const from = Number(Buffer.from(query.get('page_token') ?? '', 'base64').toString() || 0);
  const bars = Object.groupBy(all.slice(from, from + size), ({ symbol }) => symbol);
  const again = wrong === 'circle' ? query.get('page_token') : null;
  const next = again ?? (from + size < all.length ? Buffer.from(String(from + size)).toString('base64') : null);
  const page = Object.entries(bars).map(([symbol, rows]) => [symbol, rows?.map(({ bar }) => bar)]);
  return json({ bars: Object.fromEntries(page), next_page_token: next });
}

function dayBar(symbol: string, date: string, state: VendorServer, utc: boolean) {
  const c = round(closeOf(symbol, dayOfIso(date)) * state.revise(symbol, date));
  const o = round(c * 0.995);
  return {
    t: stamp(date, utc ? 0 : midnight(date)),
    o,
    h: round(c * 1.01),
    l: round(c * 0.98),
    c,
    v: 100_000 + (dayOfIso(date) % 1000),
    n: 900,
    vw: c,
  };
}

/** Bars at 8:30, 9:30 .. 19:30: before the open, after the close, and after an early one; that of 19:30 is of the next day by UTC in winter. */
function sessionBars(symbol: string, date: string) {
  return Array.from({ length: 12 }, (_, hour) => {
    const c = round(closeOf(symbol, dayOfIso(date)) + hour / 10);
    return {
      t: stamp(date, midnight(date) + 510 + 60 * hour),
      o: c,
      h: round(c + 0.5),
      l: round(c - 0.5),
      c,
      v: 1_000 + hour,
      n: 9,
      vw: c,
    };
  });
}

function alpacaActions(query: URLSearchParams, { renamed }: VendorServer): Body {
  const symbols = (query.get('symbols') ?? '').split(',');
  const [symbol] = symbols;
  if (query.get('types') === 'name_change') {
    const isAsked = renamed && (symbols.includes(renamed.from) || symbols.includes(renamed.to));
    const change = isAsked && [{ old_symbol: renamed.from, new_symbol: renamed.to, process_date: renamed.date }];
    return json({ corporate_actions: change ? { name_changes: change } : {}, next_page_token: null });
  }
  const page = query.get('page_token');
  const dates = {
    process_date: '2023-06-01',
    ex_date: '2023-06-01',
    record_date: '2023-06-02',
    payable_date: '2023-06-15',
  };
  const corporate_actions = page
    ? { cash_dividends: [{ symbol, rate: 0.25, special: false, foreign: false, ...dates, ex_date: '2023-09-01' }] }
    : { forward_splits: [{ symbol, new_rate: 2, old_rate: 1, ...dates, due_bill_redemption_date: null }] };
  return json({ corporate_actions, next_page_token: page ? null : 'cGFnZTI=' });
}

/** Two quarters, the half year, nine months and the year of an invented company; the first quarter is restated a year later. */
function companyFacts(cik: number, restated: string) {
  const fact = (start: string | null, end: string, val: number, filed: string, form = '10-Q') => ({
    ...(start ? { start } : {}),
    end,
    val,
    accn: `000${cik}-${filed.slice(2, 4)}-${filed.slice(5, 7)}${filed.slice(8)}`,
    fy: Number(end.slice(0, 4)),
    fp: form === '10-K' ? 'FY' : 'Q1',
    form,
    filed,
  });
  const flow = (unit: number) => [
    fact('2022-01-01', '2022-03-31', unit, '2022-05-04'),
    fact('2022-04-01', '2022-06-30', 2 * unit, '2022-08-03'),
    fact('2022-01-01', '2022-06-30', 3 * unit, '2022-08-03'),
    fact('2022-01-01', '2022-09-30', 6 * unit, '2022-11-02'),
    fact('2022-01-01', '2022-12-31', 10 * unit, '2023-02-15', '10-K'),
    fact('2022-01-01', '2022-03-31', unit + 1, restated),
  ];
  const stock = (unit: number) => [
    fact(null, '2022-03-31', unit, '2022-05-04'),
    fact(null, '2022-06-30', unit + 5, '2022-08-03'),
  ];
  const usd = (facts: unknown[]) => ({ label: null, description: null, units: { USD: facts } });
  return {
    cik,
    entityName: 'Invented Inc.',
    facts: {
      dei: { EntityCommonStockSharesOutstanding: { label: '', description: '', units: { shares: stock(1_000) } } },
      'us-gaap': {
        NetIncomeLoss: usd(flow(100)),
        RevenueFromContractWithCustomerExcludingAssessedTax: usd(flow(1_000)),
        NetCashProvidedByUsedInOperatingActivities: usd(flow(150)),
        Assets: usd(stock(9_000)),
        StockholdersEquity: usd(stock(4_000)),
      },
    },
  };
}

const FRED_VINTAGES = ['2023-02-13', '2023-03-15', '2023-03-16', '2023-04-13', '2023-05-14'];

function fredObservations(query: URLSearchParams, extra: string | null) {
  const [from, to] = [query.get('realtime_start') ?? '', query.get('realtime_end') ?? '~'];
  const vintages = query.get('realtime_start') !== null;
  const months = ['2023-01-01', '2023-02-01', '2023-03-01', '2023-04-01'];
  const observations = months.flatMap((date, i) => {
    const first = {
      realtime_start: vintages ? isoOfDay(dayOfIso(date) + 43) : '2024-01-03',
      realtime_end: '9999-12-31',
      date,
    };
    const value = i === 2 ? '.' : (3.4 + i / 10).toFixed(1);
    if (!vintages) return [{ ...first, value }];
    const revised = { ...first, realtime_start: isoOfDay(dayOfIso(date) + 73), value: (3.5 + i / 10).toFixed(1) };
    const all =
      i === 0 ? [{ ...first, value, realtime_end: isoOfDay(dayOfIso(date) + 72) }, revised] : [{ ...first, value }];
    return all
      .filter((each) => each.realtime_start <= to && each.realtime_end >= from)
      .map((each) => ({ ...each, realtime_start: [each.realtime_start, from].sort()[1] }));
  });
  if (extra) observations.push({ realtime_start: '2024-01-03', realtime_end: '9999-12-31', date: extra, value: '9.9' });
  const [limit, offset] = [Number(query.get('limit')), Number(query.get('offset'))];
  return {
    realtime_start: '2024-01-03',
    realtime_end: '2024-01-03',
    observation_start: query.get('observation_start'),
    observation_end: '9999-12-31',
    units: 'lin',
    output_type: 1,
    file_type: 'json',
    order_by: 'observation_date',
    sort_order: 'asc',
    count: observations.length,
    offset,
    limit,
    observations: observations.slice(offset, offset + limit),
  };
}

function bisCsv(url: URL, wrong: Mischief | null): string {
  const header = 'STRUCTURE,STRUCTURE_ID,ACTION,FREQ,REF_AREA,UNIT_MEASURE,TIME_PERIOD,OBS_VALUE,OBS_STATUS';
  const areas = url.pathname
    .split('/D.')[1]
    .split('+')
    .slice(wrong === 'missingArea' ? 1 : 0);
  const days = ['2023-01-30', '2023-01-31', '2023-02-01', '2023-02-02', ...(wrong === 'future' ? ['2031-01-01'] : [])];
  const rows = areas.flatMap((area, a) =>
    days.map(
      (day, d) => `dataflow,BIS:WS_CBPOL(1.0),I,D,${area},368,${day},${d === 3 ? '' : a + (d < 2 ? 4.25 : 4.5)},A`,
    ),
  );
  return `${[header, ...rows].join('\n')}\n`;
}
