import { defined } from './moments.ts';

/** Sum of gains over sum of losses at threshold 0 (Keating and Shadwick 2002). null without a loss. */
export function omega(returns: ArrayLike<number>): number | null {
  let gains = 0;
  let losses = 0;
  for (let i = 0; i < returns.length; i += 1) {
    if (returns[i] > 0) gains += returns[i];
    else losses -= returns[i];
  }
  return defined(gains / losses);
}
