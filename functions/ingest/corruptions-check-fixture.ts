import { ProductError } from '../../domain/errors.ts';
import { parseBarsCsv } from '../../domain/market/bars.ts';
import { fixtureBars } from '../../domain/market/bars-fixture.ts';
import { checkBars } from '../../domain/market/quality.ts';
import { createRandom } from '../../domain/simulation/random.ts';
import type { Corruption, Damaged, Ground } from './corruptions-fixture.ts';
import { decodeText } from './decode.ts';

const [SYMBOLS, SESSIONS] = [5, 34];

/** A clean market of its own for each seed. The row that is damaged has an ordinary volume, a flat open, and another symbol at another price. */
export function groundOf(seed: number): Ground {
  const random = createRandom(seed);
  const bars = fixtureBars({ symbols: SYMBOLS, sessions: SESSIONS, seed });
  const at = random.integer(SYMBOLS) * SESSIONS + 22 + random.integer(7);
  const before = bars.slice(at - 20, at).map(({ volume }) => volume);
  // The median itself: 5 times that is a split's volume, and 1,000 times that beyond any bar's.
  bars[at].volume = before.sort((a, b) => a - b)[10];
  return { bars, at, random };
}

/** Runs a file through the contracts as the ingest stage does; null: it did what it must, else what it did instead. */
export function failureOf(corruption: Corruption, seed: number): string | null {
  const damaged = corruption(groundOf(seed));
  const { outcome } = damaged;
  const found = examine(damaged);
  if (typeof found === 'string') return 'error' in outcome && outcome.error === found ? null : `error ${found}`;
  if ('error' in outcome) return 'no error';
  const keys = found.map(({ reason, symbol, date }) => `${reason} ${symbol} ${date}`);
  for (const row of outcome.rows)
    if (!keys.includes(`${outcome.reason} ${row}`)) return `${row} not in ${keys.join(', ')}`;
  return outcome.andLater || found.length === outcome.rows.length ? null : `others too: ${keys.join(', ')}`;
}

function examine({ bytes, name = 'bars.csv', actions, lifeEnds }: Damaged) {
  try {
    const parsed = parseBarsCsv(decodeText(bytes, name), name);
    const rules = {
      calendar: 'XNYS' as const,
      asOf: '9999-12-31',
      today: '2026-10-31',
      members: null,
      actions,
      lifeEnds,
    };
    return checkBars([parsed], rules).quarantined;
  } catch (error) {
    if (error instanceof ProductError) return error.code;
    throw error;
  }
}
