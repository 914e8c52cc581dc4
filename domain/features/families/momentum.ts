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
    const names = [...new Set(panel.groups)];
    const group = Int32Array.from(panel.groups, (name) => names.indexOf(name));
    const sums = new Float64Array(names.length);
    const counts = new Int32Array(names.length);
    const column = view.column();
    const meansAt = (t: number): void => {
      sums.fill(0);
      counts.fill(0);
      for (let a = 0, i = t; a < assets; a++, i += sessions) {
        if (Number.isNaN(own[i])) continue;
        sums[group[a]] += own[i];
        counts[group[a]]++;
      }
      for (let g = 0; g < sums.length; g++) sums[g] /= counts[g];
      for (let a = 0, i = t; a < assets; a++, i += sessions) if (!Number.isNaN(own[i])) column[i] = sums[group[a]];
    };
    for (let t = view.first; t < sessions; t++) meansAt(t);
    return column;
  },
};

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
