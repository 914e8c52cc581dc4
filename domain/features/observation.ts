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
  /** float32 [T, A, F]: scaled and clipped; 0 where a feature is not known. */
  values: Float32Array;
  /** [T, A]: 1 where the row is complete. */
  complete: Uint8Array;
}

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
    const features = this.#tensor.columns.length;
    const { values, complete } = this.#prepared;
    const days = Math.min(this.#lookbackDays, t + 1);
    const unknown = (this.#lookbackDays - days) * features;
    const { anchorLogit, anchorExposure } = this.#tensor;
    const exposure = Number.isNaN(anchorExposure[t]) ? 0 : anchorExposure[t];
    for (let a = 0; a < assets; a++) {
      const row = t * assets + a;
      if (state.usable[a] === 1 && complete[row] === 0) this.#refuse(t, a);
      let to = offset + a * width;
      for (let day = 0; day < days; day++) {
        const from = (row - day * assets) * features;
        for (let f = 0; f < features; f++) out[to++] = values[from + f];
      }
      for (let f = 0; f < unknown; f++) out[to++] = 0;
      out[to++] = state.held[a];
      out[to++] = state.drawdown;
      out[to++] = state.cash;
      out[to++] = Number.isNaN(anchorLogit[row]) ? 0 : anchorLogit[row];
      out[to++] = exposure;
      out[to] = state.usable[a];
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
  const width = tensor.columns.length;
  const rows = tensor.dates.length * tensor.symbols.length;
  const values = new Float32Array(rows * width);
  const complete = new Uint8Array(rows);
  for (let row = 0; row < rows; row++) {
    complete[row] = isComplete(tensor, row) ? 1 : 0;
    for (let f = 0; f < width; f++) {
      const scaled = (tensor.values[row * width + f] - mean[f]) / std[f];
      values[row * width + f] = Number.isNaN(scaled) ? 0 : Math.max(-clip, Math.min(clip, scaled));
    }
  }
  return { values, complete };
}
