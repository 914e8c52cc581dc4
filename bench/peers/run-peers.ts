import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PortfolioShape, portfolioNetwork } from '../../training-container/src/networks/portfolio.ts';
import type { PpoSettings } from '../../training-container/src/ppo.ts';
import { printFigure } from '../report.ts';
import { agreement } from './agreement.ts';
import { writeMarket } from './market.ts';
import { PeerProcess } from './peer-process.ts';
import { peerPython, pinned } from './python.ts';

export interface Ours {
  readonly shape: PortfolioShape;
  readonly settings: PpoSettings;
  stepsPerSecond(epochs: number): Promise<number>;
  /** Median of `time_to_learn_s`. */
  readonly timeToLearnS: number;
}

/** The largest relative difference of loss and gradient for which two implementations count as the same, in float32. */
const TOLERANCE = 1e-4;
const ROUNDS = 3;
const EPOCHS = [4, 10];
const SECONDS = 8;
/** Environment steps per second of FinRL's environments alone, stored, not run here. */
const FINRL = { slow: 200, fast: 1500 };

/** The peers beside ours, all on two cores. Without Python one line says so. */
export async function runPeers(ours: Ours): Promise<void> {
  const python = peerPython();
  if (python === null) {
    process.stderr.write('peers: no Python 3.11 or later with venv here, so the figures are ours alone\n');
    return;
  }
  await checkAgreement(python, ours.shape);
  await compareSpeed(python, ours);
  await compareTimeToLearn(python, ours.timeToLearnS);
}

async function checkAgreement(python: string, shape: PortfolioShape): Promise<void> {
  for (const [peer, { loss, gradient }] of Object.entries(await agreement(python, shape))) {
    printFigure('train', `difference_of_loss_${peer}`, 'relative', [loss]);
    printFigure('train', `difference_of_gradient_${peer}`, 'relative', [gradient]);
    // Written so that NaN fails.
    if (!(loss <= TOLERANCE && gradient <= TOLERANCE))
      throw new Error(
        `Loss or gradient of ${peer} is not ours (tolerance ${TOLERANCE}): a comparison would say nothing`,
      );
  }
}

/** Rounds of ours, SB3, JAX, one after the other, so that a machine that warms up or is disturbed treats all alike. */
async function compareSpeed(python: string, { shape, settings, stepsPerSecond }: Ours): Promise<void> {
  const { assets, features } = shape;
  const { parameters } = portfolioNetwork(shape);
  const facts = { epochs: EPOCHS, assets, features, parameters, settings };
  const peers = new Map([
    [`stable-baselines3 ${pinned('stable-baselines3')}`, await PeerProcess.start(python, 'sb3_speed.py', facts)],
    [`jax ${pinned('jax')}`, await PeerProcess.start(python, 'jax_speed.py', facts)],
  ]);
  for (const epochs of EPOCHS) {
    const own: number[] = [];
    const theirs = new Map([...peers.keys()].map((peer) => [peer, [] as number[]]));
    for (let round = 0; round < ROUNDS; round++) {
      own.push(await stepsPerSecond(epochs));
      for (const [peer, process] of peers) theirs.get(peer)?.push(await process.ask({ epochs, seconds: SECONDS }));
    }
    const figure = `env_steps_per_s_${epochs}_epochs`;
    const { value } = printFigure('train', figure, 'steps/s', own, { peer: 'ours, beside them', ratio: 1 });
    for (const [peer, values] of theirs) {
      const ratio = value / median(values);
      printFigure('train', figure, 'steps/s', values, { peer, ratio });
    }
    if (epochs === 10) compareStored(figure, value);
  }
  for (const process of peers.values()) process.close();
}

/** Training end to end against what FinRL needs for its environments alone. */
function compareStored(figure: string, ours: number): void {
  for (const [name, stepsPerSecond] of Object.entries(FINRL)) {
    const peer = `FinRL, ${name} environment alone (stored figure, not run)`;
    printFigure('train', figure, 'steps/s', [stepsPerSecond], { peer, ratio: ours / stepsPerSecond });
  }
}

interface Learned {
  learned: boolean;
  seconds: number;
  share: number;
  steps: number;
}

const PATIENCE = 10;
const LEARN_SEEDS = [1, 2, 3];
/** SB3's defaults came to a share of 0.006 with 1 environment in 38 s and 0.008 with 8 in 54 s, on a busy machine. */
const LEARN_ENVIRONMENTS = 8;

/** SB3's PPO with its defaults on our market, until it has learned it or ten times our time is over. */
async function compareTimeToLearn(python: string, ours: number): Promise<void> {
  const peer = await PeerProcess.start(python, 'sb3_time_to_learn.py', {});
  const folder = mkdtempSync(join(tmpdir(), 'drl-market-'));
  const results: Learned[] = [];
  try {
    for (const seed of LEARN_SEEDS) {
      writeMarket(folder, seed);
      await checkMarket(peer, folder, seed);
      const request = { kind: 'learn', folder, seed, environments: LEARN_ENVIRONMENTS, limitSeconds: PATIENCE * ours };
      results.push(await peer.ask<Learned>(request));
    }
  } finally {
    peer.close();
    rmSync(folder, { recursive: true });
  }
  const seconds = results.map((result) => result.seconds);
  const learned = results.filter((result) => result.learned).length;
  const name = `stable-baselines3 ${pinned('stable-baselines3')}, defaults, learned by ${learned} of ${results.length} seeds`;
  const stopped = learned <= results.length / 2;
  const ratio = stopped ? PATIENCE : median(seconds) / ours;
  printFigure('train', 'time_to_learn_s', 's', seconds, { peer: name, ratio, ...(stopped && { atLeast: true }) });
  printFigure(
    'train',
    'time_to_learn_share_of_peer',
    'of the known optimum',
    results.map((result) => result.share),
  );
  printFigure(
    'train',
    'time_to_learn_env_steps_of_peer',
    'steps',
    results.map((result) => result.steps),
  );
}

/** The peer's market must be ours before anything is learned on it. */
async function checkMarket(peer: PeerProcess, folder: string, seed: number): Promise<void> {
  const { reward, observation } = await peer.ask<{ reward: number; observation: number }>({ kind: 'check', folder });
  if (seed === LEARN_SEEDS[0]) printFigure('train', 'difference_of_reward', 'relative', [reward]);
  if (!(reward <= 1e-9 && observation <= 1e-6)) throw new Error(`The peer's market is not ours (seed ${seed})`);
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
