import type { FeatureTensor } from '../../domain/features/spec.ts';
import type { MarketPanel } from '../../domain/market/panel.ts';

/**
 * The first session on which some asset has a bar and all its features, so that a policy can do more than hold cash. The session
 * before the last where there is none: a history that short is all cash.
 */
export function firstUsableSession(tensor: FeatureTensor, panel: MarketPanel): number {
  const assets = panel.symbols.length;
  const width = tensor.columns.length;
  for (let row = 0; row < panel.dates.length * assets; row += 1) {
    if (panel.tradable[row] === 0 || !Number.isFinite(tensor.anchorLogit[row])) continue;
    let known = true;
    for (let f = 0; f < width && known; f += 1) known = Number.isFinite(tensor.values[row * width + f]);
    if (known) return Math.min(Math.floor(row / assets), panel.dates.length - 2);
  }
  return Math.max(0, panel.dates.length - 2);
}
