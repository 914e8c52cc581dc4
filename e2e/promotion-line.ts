import { exactRuntime } from '../adapters/policy-runtime/exact.ts';
import { onnxRuntime } from '../adapters/policy-runtime/onnx.ts';
import { createSubprocessTrainingJob } from '../adapters/training-job/subprocess.ts';
import type { GatesConfig, Settings } from '../config/schema.ts';
import type { Limits } from '../domain/risk/limits.ts';
import type { KnownOptimum } from '../domain/simulation/known-optimum.ts';
import { type WalkForwardPlan, walkForwardTrials } from '../domain/validation/walk-forward.ts';
import { loadGateReport } from '../functions/artifacts/gate-report.ts';
import { decideStage } from '../functions/decide/decide.ts';
import { promoteStage } from '../functions/promote/promote.ts';
import type { PromoteOutput } from '../functions/promote/types.ts';
import { registerStage } from '../functions/register/register.ts';
import { trainStage } from '../functions/train/train.ts';
import { validateStage } from '../functions/validate/validate.ts';
import { ApprovalChain, KnownMarketHome, UNIVERSE } from './known-market.ts';

export interface LineOptions {
  market: KnownOptimum;
  limits: Limits;
  gates(gates: GatesConfig): GatesConfig;
  plan: WalkForwardPlan;
  totalSteps: number;
  /** Steps of the learning control, which else runs with the same settings. */
  controlSteps: number;
  stepDays: number;
}

/** The product's own settings, but for what `options` say. A step is unhealthy only far behind: a few days of one asset are mostly luck. */
export function settingsFor(settings: Settings, options: LineOptions): Settings {
  const { market, limits, gates, totalSteps, controlSteps, stepDays } = options;
  const { profile, config } = settings;
  return {
    ...settings,
    universe: { ...settings.universe, id: UNIVERSE, limits, costs: market.costs },
    profile: {
      ...profile,
      training: { ...profile.training, totalSteps },
      learningControl: { ...profile.learningControl, totalSteps: controlSteps },
    },
    config: {
      ...config,
      gates: gates(config.gates),
      promotion: {
        stepDays: { shadow: stepDays, ten: stepDays, fifty: stepDays },
        maxShortfall: 0.1,
        maxDrawdown: 0.3,
      },
    },
  };
}

/** The lifecycle stages over the market with the known optimum, with the real trainer, runtimes, store and ledger. */
export class PromotionLine {
  readonly home: KnownMarketHome;
  readonly chain = new ApprovalChain('0xcontract');
  readonly options: LineOptions;

  private constructor(home: KnownMarketHome, options: LineOptions) {
    this.home = home;
    this.options = options;
  }

  static async open(options: LineOptions): Promise<PromotionLine> {
    return new PromotionLine(
      await KnownMarketHome.open(options.market, (settings) => settingsFor(settings, options)),
      options,
    );
  }

  get ports() {
    return {
      ...this.home,
      settings: settingsFor(this.home.settings, this.options),
      chain: this.chain.port,
      exactRuntime,
      onnxRuntime,
      trainingJob: createSubprocessTrainingJob(),
      progress: () => undefined,
      codeVersion: 'test',
    };
  }

  /** The training machine of session `t`: train each trial of the plan, validate, register, propose. */
  async train(t: number) {
    const trials = walkForwardTrials(this.home.dates.slice(0, t + 1), this.options.plan);
    const day = await this.home.day(t, trials);
    const train = [];
    for (const trial of trials) train.push(await trainStage.run({ ...day, trial }, this.ports));
    const validate = await validateStage.run({ ...day, train }, this.ports);
    const register = await registerStage.run({ ...day, validate }, this.ports);
    const promote = await promoteStage.run({ ...day, register, action: 'propose' }, this.ports);
    const reports = await Promise.all(
      validate.reports.map(({ gateReport }) => loadGateReport(this.home.store, this.home.strategy, gateReport)),
    );
    return { day, train, validate, register, promote, reports };
  }

  /** The promotion machine of session `t`. */
  async promote(t: number): Promise<PromoteOutput> {
    const day = await this.home.day(t);
    const status = await promoteStage.run({ ...day, action: 'status' }, this.ports);
    if (status.step === 'none' || status.step === 'hundred') return status;
    return promoteStage.run({ ...day, action: 'advance', from: status.step }, this.ports);
  }

  async decide(t: number) {
    return (await decideStage.run(await this.home.day(t), this.ports)).decision;
  }

  /** Flip the last byte of a stored object; flipping again restores it. */
  async flip(key: string): Promise<void> {
    const bytes = Uint8Array.from((await this.home.store.get(key))?.bytes ?? []);
    bytes[bytes.length - 1] ^= 1;
    await this.home.store.put(key, bytes);
  }
}
