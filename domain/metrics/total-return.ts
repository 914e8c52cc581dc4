/** prod(1 + r) - 1; 0 for no returns. */
export function totalReturn(returns: ArrayLike<number>): number {
  let growth = 1;
  for (let i = 0; i < returns.length; i += 1) growth *= 1 + returns[i];
  return growth - 1;
}
