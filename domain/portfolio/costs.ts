import { z } from 'zod';

/** Trading and holding costs. Cost of a trade, as a fraction of NAV: sum |dw| x (commission + slippage) / 10,000 + impact. */
export const costsSchema = z.strictObject({
  commissionBps: z.number().nonnegative(),
  /** Half the bid-ask spread; per-asset overrides by symbol. */
  slippageBps: z.number().nonnegative(),
  slippageOverrides: z.record(z.string(), z.number().nonnegative()).default({}),
  /** Square-root impact: coefficient x daily volatility x sqrt(traded value / daily traded value); 0 where volume is unknown. */
  impactCoefficient: z.number().nonnegative(),
  /** NAV in the numeraire that impact is computed for. */
  capital: z.number().positive(),
  /** Interest on cash, annual, simple, act/252. */
  cashRateAnnual: z.number().default(0),
  /** Fee on the value of what is sold short, annual, simple, act/252; per-asset overrides by symbol. */
  borrowRateAnnual: z.number().nonnegative().optional(),
  borrowRateOverrides: z.record(z.string(), z.number().nonnegative()).optional(),
  /** What cash that is owed costs above the rate on cash, annual, simple, act/252. */
  financingSpreadAnnual: z.number().nonnegative().optional(),
});
export type Costs = z.infer<typeof costsSchema>;

/** Trading and holding are free. */
export const NO_COSTS: Costs = {
  commissionBps: 0,
  slippageBps: 0,
  slippageOverrides: {},
  impactCoefficient: 0,
  capital: 1,
  cashRateAnnual: 0,
};
