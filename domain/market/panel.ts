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

/**
 * The panel for a book that goes on from session `from`: what it holds ([A]) although it had left by then, which became known only later, leaves at the next
 * session.
 */
export function withLateExits(panel: MarketPanel, held: Float64Array, from: number): MarketPanel {
  const late = [...held.keys()]
    .filter((asset) => held[asset] !== 0 && hasLeft(panel, asset, from))
    .flatMap((asset) => lateExit(panel, asset, from) ?? []);
  if (late.length === 0) return panel;
  return { ...panel, exits: [...panel.exits, ...late].sort((x, y) => x.t - y.t || x.asset - y.asset) };
}

const hasLeft = ({ listed, symbols }: MarketPanel, asset: number, t: number): boolean =>
  asset >= 0 && listed[t * symbols.length + asset] === 0;

/** With what the successors have earned since; one that has left as well is followed to its own. */
function lateExit(panel: MarketPanel, asset: number, from: number): PanelExit | null {
  let [now, worth, since] = [asset, 1, 0];
  while (hasLeft(panel, now, from)) {
    const exit = panel.exits.findLast((each) => each.asset === now && each.t >= since && each.t <= from);
    if (!exit) return null;
    worth *= 1 + exit.finalReturn;
    [now, since] = [exit.successor, exit.t + 1];
    const until = hasLeft(panel, now, from) ? from : from + 1;
    for (let t = since; now >= 0 && t <= until; t++) worth *= 1 + panel.returns[t * panel.symbols.length + now];
  }
  return { t: from + 1, asset, successor: now, finalReturn: worth - 1 };
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
