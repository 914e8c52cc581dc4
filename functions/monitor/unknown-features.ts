import type { FeatureSpec, FeatureTensor } from '../../domain/features/spec.ts';
import type { MarketPanel } from '../../domain/market/panel.ts';

/** Features that no asset with a bar on the date has, once the history is as long as the longest look-back: an asset is traded only where all are known. */
export function unknownFeatures(
  panel: MarketPanel,
  { dates, symbols, columns, values }: FeatureTensor,
  spec: FeatureSpec,
  date: string,
): string[] {
  const t = dates.indexOf(date);
  if (t < Math.max(...spec.columns.map(({ lookbackDays }) => lookbackDays))) return [];
  const session = panel.dates.indexOf(date) * panel.symbols.length;
  const quoted = new Set(panel.symbols.filter((_, a) => panel.tradable[session + a] === 1));
  const rows = symbols.flatMap((symbol, a) => (quoted.has(symbol) ? [(t * symbols.length + a) * columns.length] : []));
  if (rows.length === 0) return [];
  return columns.filter((_, f) => rows.every((row) => !Number.isFinite(values[row + f])));
}
