/**
 * What every policy is: a pure function from an observation to an action. The same shapes in training, backtest, decide and api.
 *
 * Observation: float32 [batch, A, F]. Column f means `spec.columns[f]`. The last columns are always these, in this order, and
 * are never normalised:
 */
export const STATE_COLUMNS = [
  'heldWeight',
  'drawdown',
  'cashWeight',
  'anchorLogit',
  'anchorExposure',
  'tradable',
] as const;
/*
 *   heldWeight      weight held at the close of t, after the fill at t
 *   drawdown        1 - NAV / high-water mark, the same for every asset (>= 0)
 *   cashWeight      weight of cash, the same for every asset
 *   anchorLogit     log of the anchor's weight within the risky part (inverse volatility: -log sigma_a, shifted by its mean)
 *   anchorExposure  log of the anchor's exposure (<= 0), the same for every asset: min(1, targetVolatility / anchor volatility)
 *   tradable        1 or 0
 *
 * Action: float32 [batch, A + 1]: A logits, then the log exposure. `actionToWeights` is the one map to weights:
 *   w_a = min(1, exp(action_A)) x softmax(action_0..A-1 over tradable assets); cash = 1 - sum w.
 * A policy whose action is (anchorLogit, anchorExposure) therefore *is* inverse volatility with a volatility target: model 0.
 * A trained policy adds to it a tilt per asset and an exposure shift, both initialised to zero.
 */

export interface Policy {
  /** `observations` is [batch, A, F] row-major; returns [batch, A + 1]. */
  act(
    observations: Float32Array,
    batch: number,
    assets: number,
    features: number,
  ): Promise<Float32Array> | Float32Array;
}

/** Names of the ONNX graph's input and output. Shapes ['batch', 'assets', F] and ['batch', 'assets + 1'], float32, opset 20. */
export const POLICY_INPUT = 'observation';
export const POLICY_OUTPUT = 'action';
