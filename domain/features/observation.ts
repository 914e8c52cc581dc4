import { badInput, ProductError } from '../errors.ts';
import type { MarketPanel } from '../market/panel.ts';
import { STATE_COLUMNS } from '../policy/policy.ts';
import { isComplete } from './normaliser.ts';
import type { FeatureSpec, FeatureTensor, Normaliser } from './spec.ts';

/** Columns of an observation: the spec's features of each day, the newest day first, then the state columns. */
export const observationWidth = ({ columns }: FeatureSpec, { lookbackDays = 1 }: Partial<Normaliser> = {}): number =>
  columns.length * lookbackDays + STATE_COLUMNS.length;

export interface ObservationState {
  /** [A] weights held at the close of t, after the fill at t. */
  held: Float64Array;
  cash: number;
  /** 1 - NAV / high-water mark. */
  drawdown: number;
  /** [A] what `usable` returned, or a subset of it. */
  usable: Uint8Array;
}

interface Prepared {
  /** float32 [T, A, F + 6]: features scaled and clipped, 0 where not known; then the state columns, of which the anchor's two are filled in. */
  rows: Float32Array;
  /** [T, A]: 1 where the row is complete. */
  complete: Uint8Array;
  /** The rows of each session, made on first use: to copy them at once is what makes observations fast. */
  sessions: (Float32Array | undefined)[];
}

const STATE = STATE_COLUMNS.length;
/** Place of each state column behind the features. */
const [HELD, DRAWDOWN, CASH, ANCHOR_LOGIT, ANCHOR_EXPOSURE, TRADABLE] = STATE_COLUMNS.keys();

/** Scaling a whole tensor costs more than an episode, and many environments share one tensor. */
const prepared = new WeakMap<FeatureTensor, WeakMap<Normaliser, Prepared>>();

/** The one way from features and book to what a policy sees: training, backtest, decide and api all use it. */
export class ObservationBuilder {
  readonly assets: number;
  /** Features and state columns. */
  readonly width: number;
  readonly #tensor: FeatureTensor;
  readonly #lookbackDays: number;
  readonly #prepared: Prepared;

  constructor(tensor: FeatureTensor, normaliser: Normaliser) {
    if (normaliser.mean.length !== tensor.columns.length || normaliser.std.length !== tensor.columns.length) {
      throw badInput('OBSERVATION_WIDTH', 'The normaliser was fitted on another set of features', {
        facts: { features: tensor.columns.length, mean: normaliser.mean.length, std: normaliser.std.length },
        remedy: 'Use the normaliser of the model that was trained on this feature spec.',
      });
    }
    this.assets = tensor.symbols.length;
    this.#lookbackDays = normaliser.lookbackDays ?? 1;
    this.width = tensor.columns.length * this.#lookbackDays + STATE_COLUMNS.length;
    this.#tensor = tensor;
    const ofTensor = prepared.get(tensor) ?? new WeakMap<Normaliser, Prepared>();
    prepared.set(tensor, ofTensor);
    this.#prepared = ofTensor.get(normaliser) ?? prepare(tensor, normaliser);
    ofTensor.set(normaliser, this.#prepared);
  }

  /** Name of a column of an observation. */
  columnAt(column: number): string {
    const { columns } = this.#tensor;
    const day = Math.floor(column / columns.length);
    if (day >= this.#lookbackDays) return STATE_COLUMNS[column - columns.length * this.#lookbackDays];
    const name = columns[column % columns.length];
    return day === 0 ? name : `${name} ${day} sessions before`;
  }

  /** [A]: 1 where the asset has a bar at session t and all its features are known. */
  usable(t: number, panel: MarketPanel): Uint8Array {
    const result = new Uint8Array(this.assets);
    const row = t * this.assets;
    for (let a = 0; a < this.assets; a++) result[a] = panel.tradable[row + a] & this.#prepared.complete[row + a];
    return result;
  }

  /**
   * Write the observation of session t, float32 [A, F x days + 6] row-major, at `offset`. Features of earlier days that are not known are 0,
   * as the mean is.
   * Throws `FEATURES_NOT_FINITE` (asset, day, field) when an asset is called usable whose features are not known.
   */
  write(t: number, state: ObservationState, out: Float32Array, offset: number): void {
    const { assets, width } = this;
    const { complete } = this.#prepared;
    const { held, cash, drawdown, usable } = state;
    if (this.#lookbackDays === 1) out.set(this.#session(t), offset);
    else this.#writeDays(t, out, offset);
    const row = t * assets;
    let at = offset + width - STATE;
    for (let a = 0; a < assets; a++) {
      if (usable[a] === 1 && complete[row + a] === 0) this.#refuse(t, a);
      out[at + HELD] = held[a];
      out[at + DRAWDOWN] = drawdown;
      out[at + CASH] = cash;
      out[at + TRADABLE] = usable[a];
      at += width;
    }
  }

  /** [A, F + 6] of session t, to be read alone. */
  #session(t: number): Float32Array {
    const { rows, sessions } = this.#prepared;
    const size = this.assets * (this.#tensor.columns.length + STATE);
    sessions[t] ??= rows.subarray(t * size, (t + 1) * size);
    return sessions[t] as Float32Array;
  }

  /** Features of several days, the newest first, and the anchor of the newest. */
  #writeDays(t: number, out: Float32Array, offset: number): void {
    const { assets, width } = this;
    const features = this.#tensor.columns.length;
    const stride = features + STATE;
    const { rows } = this.#prepared;
    const days = Math.min(this.#lookbackDays, t + 1);
    for (let a = 0; a < assets; a++) {
      const row = t * assets + a;
      let to = offset + a * width;
      for (let day = 0; day < days; day++) {
        const from = (row - day * assets) * stride;
        for (let f = 0; f < features; f++) out[to++] = rows[from + f];
      }
      to += (this.#lookbackDays - days) * features;
      out.fill(0, offset + a * width + days * features, to);
      for (const column of [ANCHOR_LOGIT, ANCHOR_EXPOSURE]) out[to + column] = rows[row * stride + features + column];
    }
  }

  #refuse(t: number, asset: number): never {
    const { columns, values, dates, symbols } = this.#tensor;
    const row = (t * this.assets + asset) * columns.length;
    const field = columns.find((_, f) => !Number.isFinite(values[row + f])) ?? 'anchorLogit';
    throw new ProductError('FEATURES_NOT_FINITE', `Feature ${field} of ${symbols[asset]} on ${dates[t]} is not known`, {
      facts: { asset: symbols[asset], day: dates[t], field },
      remedy: 'Only assets that `usable` returns may be traded.',
    });
  }
}

function prepare(tensor: FeatureTensor, { mean, std, clip }: Normaliser): Prepared {
  const { columns, dates, symbols } = tensor;
  const width = columns.length;
  const [sessions, assets] = [dates.length, symbols.length];
  const rows = new Float32Array(sessions * assets * (width + STATE));
  const complete = new Uint8Array(sessions * assets);
  for (let row = 0; row < complete.length; row++) {
    complete[row] = isComplete(tensor, row) ? 1 : 0;
    const to = row * (width + STATE);
    for (let f = 0; f < width; f++) {
      const scaled = (tensor.values[row * width + f] - mean[f]) / std[f];
      rows[to + f] = Number.isNaN(scaled) ? 0 : Math.max(-clip, Math.min(clip, scaled));
    }
    const exposure = tensor.anchorExposure[Math.floor(row / assets)];
    rows[to + width + ANCHOR_LOGIT] = Number.isNaN(tensor.anchorLogit[row]) ? 0 : tensor.anchorLogit[row];
    rows[to + width + ANCHOR_EXPOSURE] = Number.isNaN(exposure) ? 0 : exposure;
  }
  return { rows, complete, sessions: new Array<Float32Array | undefined>(sessions).fill(undefined) };
}
