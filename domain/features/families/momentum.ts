import type { FeatureDefinition, FeatureFamily } from '../definition.ts';

/** Log return over t - days .. t - skip in units of its expected size: divided by sigma63 x sqrt(days - skip). */
const momentum = (days: number, skip: number, description: string, source?: string): FeatureDefinition => ({
  description,
  lookbackDays: Math.max(days, 63),
  needs: [],
  ...(source !== undefined && { source }),
  compute: (view) => {
    const sigmaOf = view.volatilityOf(63);
    const root = Math.sqrt(days - skip);
    return view.perAsset(Math.max(days, 63), ({ level }, known, out, from, asset) => {
      const sigma = sigmaOf(asset);
      for (let t = from; t < out.length; t++) {
        if (known[t] === 1) out[t] = (level[t - skip] - level[t - days]) / (sigma[t] * root);
      }
    });
  },
});

const momentum63 = momentum(63, 0, 'log return of 63 sessions / (sigma63 sqrt 63)');

/** Mean over the assets of the same group (sector, bloc) whose value is known, the asset itself among them. */
const groupMomentum63: FeatureDefinition = {
  description: "mean momentum63 of the asset's group, itself among them",
  lookbackDays: 63,
  needs: [],
  source: 'Moskowitz and Grinblatt (1999), Do industries explain momentum?',
  compute: (view) => {
    const own = view.columnOf('momentum63', momentum63.compute);
    const { sessions, assets, panel } = view;
    const of = (column: Float64Array, asset: number) => column.subarray(asset * sessions, (asset + 1) * sessions);
    const groups = new Map(
      panel.groups.map((name) => [name, { sums: new Float64Array(sessions), counts: new Int32Array(sessions) }]),
    );
    const column = new Float64Array(own.length);
    const groupOf = (asset: number) => groups.get(panel.groups[asset]) as { sums: Float64Array; counts: Int32Array };
    for (let a = 0; a < assets; a++) addKnown(of(own, a), groupOf(a).sums, groupOf(a).counts);
    for (let a = 0; a < assets; a++) writeMeans(of(own, a), groupOf(a).sums, groupOf(a).counts, of(column, a));
    return column;
  },
};

function addKnown(values: Float64Array, sums: Float64Array, counts: Int32Array): void {
  for (let t = 0; t < values.length; t++) {
    if (Number.isNaN(values[t])) continue;
    sums[t] += values[t];
    counts[t]++;
  }
}

function writeMeans(values: Float64Array, sums: Float64Array, counts: Int32Array, into: Float64Array): void {
  for (let t = 0; t < into.length; t++) into[t] = Number.isNaN(values[t]) ? Number.NaN : sums[t] / counts[t];
}

const RISK_ADJUSTED = 'Jegadeesh and Titman (1993), Returns to buying winners and selling losers; over volatility';

export const MOMENTUM: FeatureFamily = {
  momentum5: momentum(5, 0, 'log return of 5 sessions / (sigma63 sqrt 5)'),
  momentum21: momentum(21, 0, 'log return of 21 sessions / (sigma63 sqrt 21)'),
  momentum63,
  momentum126: momentum(126, 5, 'log return of t-126..t-5 / (sigma63 sqrt 121)', RISK_ADJUSTED),
  momentum252: momentum(
    252,
    21,
    'log return of t-252..t-21 / (sigma63 sqrt 231): the last month is left out',
    RISK_ADJUSTED,
  ),
  groupMomentum63,
};
