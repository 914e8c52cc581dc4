import { fileURLToPath } from 'node:url';
import { loadSettings } from '../../config/load.ts';
import { modelPolicy, runBacktest } from '../../domain/backtest/backtest.ts';
import { returnsBetween } from '../../domain/backtest/figures.ts';
import type { EnvironmentData } from '../../domain/environment/environment.ts';
import { fitNormaliser } from '../../domain/features/normaliser.ts';
import { createExactPolicy } from '../../domain/policy/exact/exact.ts';
import { STATE_COLUMNS } from '../../domain/policy/policy.ts';
import { WARM_UP_DAYS } from '../../domain/simulation/pretraining/market.ts';
import { bundledHistory } from '../../training-container/proofs/history.fixture.ts';
import { baselineModel } from '../../training-container/src/networks/portfolio.ts';
import type { TrainingMarket } from './trained.ts';

/** Days of the history, ISO: learned from until `learnTo`, judged from `judgeFrom` to `judgeTo`. */
export interface Split {
  readonly learnTo: string;
  readonly judgeFrom: string;
  readonly judgeTo: string;
}

export const SPLIT: Split = { learnTo: '2015-12-31', judgeFrom: '2016-01-01', judgeTo: '2020-12-31' };

export const titleOf = ({ learnTo, judgeFrom, judgeTo }: Split): string =>
  `15 currencies, learned from until ${learnTo}, judged ${judgeFrom} to ${judgeTo}`;

/** The history, made when it is first asked for: not every run of a study needs it. */
export function openOnce(split: Split): () => History {
  let history: History | null = null;
  return () => {
    history ??= new History(split);
    return history;
  };
}

/** The bundled real market under the limits and costs of its universe. */
export class History {
  readonly market: TrainingMarket;
  readonly #judgeFrom: number;
  readonly #judgeTo: number;

  constructor({ learnTo, judgeFrom, judgeTo }: Split) {
    const { panel, tensor } = bundledHistory();
    const root = fileURLToPath(new URL('../../', import.meta.url));
    const { limits, costs } = loadSettings({ root, universe: 'fx-ecb' }).universe;
    const last = (date: string): number => panel.dates.findLastIndex((session) => session <= date);
    const to = last(learnTo);
    const normaliser = fitNormaliser(tensor, panel.dates[WARM_UP_DAYS], panel.dates[to]);
    const data: EnvironmentData = { panel, tensor, normaliser, groups: null, limits, costs };
    this.market = { data, from: WARM_UP_DAYS, to };
    this.#judgeFrom = panel.dates.findIndex((session) => session >= judgeFrom);
    this.#judgeTo = last(judgeTo);
  }

  /** Net returns of a served policy on the sessions that it has not seen. */
  async returnsOf(onnx: Uint8Array): Promise<Float64Array> {
    const { data } = this.market;
    const policy = modelPolicy('policy', createExactPolicy(onnx), data.tensor, data.normaliser);
    return returnsBetween(await runBacktest(data, policy, this.#judgeFrom, this.#judgeTo));
  }

  /** The same of the anchor, which every learner starts from. */
  anchorReturns(): Promise<Float64Array> {
    return this.returnsOf(baselineModel(this.market.data.tensor.columns.length + STATE_COLUMNS.length));
  }
}
