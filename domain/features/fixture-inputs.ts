import { dayOfIso, isoOfDay } from '../market/days.ts';
import type { MarketPanel } from '../market/panel.ts';
import { type PointInTimeTable, pointInTimeTable } from '../market/point-in-time.ts';
import { createRandom, type Random } from '../simulation/random.ts';
import { fixturePanel, type PanelFixture } from './fixture-panel.ts';
import type { FeatureInputs } from './market-view.ts';

/** A seeded market for tests, with ranges, some splits and returns of exactly 0, and everything that a feature may read beside it. */
export function fixtureWorld(fixture: PanelFixture): { panel: MarketPanel; inputs: Required<FeatureInputs> } {
  const random = createRandom(fixture.seed + 1000);
  const panel = withRanges(fixturePanel(fixture), random);
  const from = dayOfIso(panel.dates[0]) - 1000;
  const to = dayOfIso(panel.dates[panel.dates.length - 1]);
  return {
    panel,
    inputs: {
      fundamentals: drawFundamentals(random, panel.symbols, from, to),
      macro: drawMacro(random, panel.symbols, from, to),
      embeddings: drawEmbeddings(random, panel),
      graph: drawGraph(random, panel),
    },
  };
}

function withRanges(panel: MarketPanel, random: Random): MarketPanel {
  const [open, high, low] = [panel.close.slice(), panel.close.slice(), panel.close.slice()];
  const split = new Float64Array(panel.close.length).fill(1);
  for (let i = 0; i < panel.close.length; i++) {
    open[i] *= 1 + 0.004 * random.normal();
    high[i] = Math.max(open[i], panel.close[i]) * (1 + 0.003 * random.uniform());
    low[i] = Math.min(open[i], panel.close[i]) / (1 + 0.003 * random.uniform());
    if (panel.tradable[i] === 1 && random.uniform() < 0.005) split[i] = 2;
    if (random.uniform() < 0.05) panel.returns[i] = 0;
  }
  return { ...panel, open, high, low, split };
}

class Rows {
  readonly #table = {
    series: [] as string[],
    symbol: [] as string[],
    eventDate: [] as string[],
    knownDate: [] as string[],
  };
  readonly #values: number[] = [];

  add(series: string, symbol: string, event: number, known: number, value: number): void {
    this.#table.series.push(series);
    this.#table.symbol.push(symbol);
    this.#table.eventDate.push(isoOfDay(event));
    this.#table.knownDate.push(isoOfDay(known));
    this.#values.push(value);
  }

  table = (): PointInTimeTable => pointInTimeTable({ ...this.#table, value: Float64Array.from(this.#values) });
}

const QUARTERLY = { revenue: 50, netIncome: 5, operatingCashFlow: 8, capex: 3, totalAssets: 300, equity: 100 };

/** Quarters with lags, restatements, one that is missing now and then, and the second asset without any. */
function drawFundamentals(random: Random, symbols: readonly string[], from: number, to: number): PointInTimeTable {
  const rows = new Rows();
  for (const symbol of symbols.filter((_, a) => a !== 1)) {
    for (let event = from; event < to; event += 91) {
      if (random.uniform() < 0.06) continue;
      const known = event + 20 + random.integer(40);
      rows.add('sharesOutstanding', symbol, event, known, 1000 + random.integer(50));
      for (const [series, size] of Object.entries(QUARTERLY)) {
        rows.add(series, symbol, event, known, 1000 * size * (1 + 0.3 * random.normal()));
        if (random.uniform() < 0.2) {
          rows.add(series, symbol, event, known + random.integer(200), 1000 * size * (1 + 0.3 * random.normal()));
        }
      }
    }
  }
  return rows.table();
}

function drawMacro(random: Random, symbols: readonly string[], from: number, to: number): PointInTimeTable {
  const rows = new Rows();
  for (let day = from; day < to; day++) {
    rows.add('DFF', '', day, day + 1, 3 + random.normal());
    if (random.uniform() < 0.7) rows.add('DGS10', '', day, day + 1, 4 + random.normal());
    if ((day - from) % 30 > 0) continue;
    rows.add('CPIAUCSL', '', day, day + 13, 200 + 0.01 * (day - from) + random.normal());
    if (random.uniform() < 0.3) rows.add('CPIAUCSL', '', day, day + 45, 200 + 0.01 * (day - from));
    rows.add('UNRATE', '', day, day + 5, 5 + random.normal());
    for (const currency of ['USD', ...symbols.slice(1)]) {
      rows.add('policyRate', currency, day, day + 2, 2 + random.normal());
    }
  }
  return rows.table();
}

function drawEmbeddings(random: Random, { dates, symbols }: MarketPanel) {
  const asOf = dates.filter((_, t) => t % 120 === 100);
  const vectors = new Float32Array(asOf.length * symbols.length * 4).map(() => random.normal());
  return { dates: asOf, symbols, dimensions: 4, vectors };
}

/** The last asset is never a member; edges come and go. */
function drawGraph(random: Random, { dates, symbols }: MarketPanel) {
  const members = symbols.slice(0, -1);
  const asOf = dates.filter((_, t) => t % 63 === 60);
  const snapshots = asOf.map(() => ({
    symbols: members,
    edges: members.flatMap((source, a) =>
      members
        .slice(a + 1)
        .filter(() => random.uniform() < 0.4)
        .map((target) => ({ source, target, weight: 0.3 + 0.7 * random.uniform() })),
    ),
  }));
  return { dates: asOf, snapshots };
}
