/**
 * The market as the simulation sees it: dense arrays over sessions (T) x assets (A), row-major, `index = t * A + a`.
 * Built only from what was known at the close of `dates[T - 1]`.
 */
export interface MarketPanel {
  /** Sessions, ascending ISO dates. */
  readonly dates: readonly string[];
  /** Assets, ascending by code unit. Cash is not among them. */
  readonly symbols: readonly string[];
  /** Group of each asset (sector, bloc), same order as `symbols`. */
  readonly groups: readonly string[];
  /** Close in the numeraire, as quoted at t (not back-adjusted); NaN where there is no bar. */
  readonly close: Float64Array;
  /**
   * Simple total return of one unit of value held from t-1 to t (splits, dividends included); 0 where not listed, halted,
   * or at t = 0. After a halt the whole move falls on the first bar.
   */
  readonly returns: Float64Array;
  /** 1 where a bar exists at t: the weight may change at this close. */
  readonly tradable: Uint8Array;
  /** 1 from the first bar to the last session of the asset's life: it may be held (perhaps halted). */
  readonly listed: Uint8Array;
  /** Traded value in the numeraire; NaN where unknown (FX reference rates have none). */
  readonly volume: Float64Array;
  /** Ends of life, ascending by t. */
  readonly exits: readonly PanelExit[];
}

/**
 * Before the fill at session `t`, the holding of `asset` earns `finalReturn` (settlement value / last close - 1) and moves,
 * free of cost, to `successor` (an asset index) or, when -1, to cash.
 */
export interface PanelExit {
  readonly t: number;
  readonly asset: number;
  readonly successor: number;
  readonly finalReturn: number;
}

/** The panel up to and including session index `end` (exclusive): views, no copy. */
export function panelUntil(panel: MarketPanel, end: number): MarketPanel {
  const size = end * panel.symbols.length;
  return {
    dates: panel.dates.slice(0, end),
    symbols: panel.symbols,
    groups: panel.groups,
    close: panel.close.subarray(0, size),
    returns: panel.returns.subarray(0, size),
    tradable: panel.tradable.subarray(0, size),
    listed: panel.listed.subarray(0, size),
    volume: panel.volume.subarray(0, size),
    exits: panel.exits.filter((exit) => exit.t < end),
  };
}
