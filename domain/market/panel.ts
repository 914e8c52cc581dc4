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
  /** Prices as quoted at t, like `close`; absent where only features of closes are asked for. */
  readonly open?: Float64Array;
  readonly high?: Float64Array;
  readonly low?: Float64Array;
  /** Units after for one unit before, in force from t; 1 where nothing happens. Absent: no splits. */
  readonly split?: Float64Array;
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
export const panelUntil = (panel: MarketPanel, end: number): MarketPanel => panelBetween(panel, 0, end);

/** Sessions `from`..`end` (exclusive) of the panel: views, no copy. Only exits among them. */
export function panelBetween(panel: MarketPanel, from: number, end: number): MarketPanel {
  const assets = panel.symbols.length;
  const cut = <T extends Float64Array | Uint8Array>(values: T): T => values.subarray(from * assets, end * assets) as T;
  return {
    dates: panel.dates.slice(from, end),
    symbols: panel.symbols,
    groups: panel.groups,
    close: cut(panel.close),
    returns: cut(panel.returns),
    tradable: cut(panel.tradable),
    listed: cut(panel.listed),
    volume: cut(panel.volume),
    ...(panel.open && { open: cut(panel.open) }),
    ...(panel.high && { high: cut(panel.high) }),
    ...(panel.low && { low: cut(panel.low) }),
    ...(panel.split && { split: cut(panel.split) }),
    exits: panel.exits.filter((exit) => exit.t >= from && exit.t < end).map((exit) => ({ ...exit, t: exit.t - from })),
  };
}
