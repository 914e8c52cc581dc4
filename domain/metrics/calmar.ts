import { cagr } from './cagr.ts';
import { maxDrawdown } from './max-drawdown.ts';
import { defined } from './moments.ts';

/** CAGR / |max drawdown| (Young 1991). null without a drawdown. */
export function calmar(returns: ArrayLike<number>): number | null {
  const growth = cagr(returns);
  const worst = maxDrawdown(returns);
  return growth === null || worst === null ? null : defined(growth / Math.abs(worst));
}
