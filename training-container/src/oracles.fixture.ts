import { readFileSync } from 'node:fs';

/** Golden values computed by torch and stable_baselines3; the file says how. */
export interface RlOracles {
  gae: {
    name: string;
    gamma: number;
    lam: number;
    rewards: number[][];
    values: number[][];
    dones: number[][];
    last_values: number[];
    truncation: { step: number; env: number; terminal_value: number } | null;
    advantages: number[][];
    returns: number[][];
  }[];
  ppo: {
    name: string;
    clip_range: number;
    clip_range_vf: number | null;
    normalize_advantage: boolean;
    ent_coef: number;
    vf_coef: number;
    advantages: number[];
    old_log_prob: number[];
    new_log_prob: number[];
    values: number[];
    returns: number[];
    entropy: number[];
    expected: Record<string, number> & {
      normalized_advantages: number[];
      grad_new_log_prob: number[];
      grad_values: number[];
      grad_entropy: number[];
    };
  }[];
  ppo_update: {
    hyperparameters: {
      learning_rate: number;
      clip_range: number;
      ent_coef: number;
      vf_coef: number;
      max_grad_norm: number;
      gamma: number;
      gae_lambda: number;
    };
    parameters_before: Record<string, number[] | number[][]>;
    observations: number[][];
    actions: number[][];
    rewards: number[];
    episode_starts: number[];
    old_values: number[];
    old_log_prob: number[];
    last_value: number;
    last_done: number;
    expected: {
      advantages: number[];
      returns: number[];
      log_prob: number[];
      values: number[];
      log: Record<string, number>;
      parameters_after: Record<string, number[] | number[][]>;
    };
  };
  explained_variance: { predicted: number[]; actual: number[]; expected: number | 'NaN' }[];
  gaussian: {
    mean: number[];
    log_std: number[];
    z: number[];
    expected: { log_prob_z: number; entropy_z: number; grad_mean: number[]; grad_log_std: number[] };
  }[];
  sac: {
    mean: number[];
    log_std: number[];
    pre_tanh: number[];
    expected: { action: number[]; log_prob: number };
  }[];
  sac_targets: {
    rewards: number[];
    dones: number[];
    next_q1: number[];
    next_q2: number[];
    next_log_prob: number[];
    gamma: number;
    log_alpha: number;
    target_entropy: number;
    expected: {
      target: number[];
      grad_log_alpha: number;
      polyak: { tau: number; source: number[]; target_before: number[]; target_after: number[] };
    };
  };
  adam: {
    optimizer: string;
    settings: { lr: number; betas: [number, number]; eps: number; weight_decay?: number };
    parameters: number[];
    gradients: number[][];
    expected: { parameters: number[][] };
  }[];
  clip_grad_norm: {
    max_norm: number;
    gradients: [number[], number[][]];
    expected: { norm: number; clipped: [number[], number[][]] };
  }[];
}

export const oracles: RlOracles = JSON.parse(readFileSync(new URL('../oracles/rl.json', import.meta.url), 'utf8'));
