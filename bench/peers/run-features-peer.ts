import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pinned, venvPython } from '../../e2e/python/venv.ts';
import { printFigure } from '../report.ts';
import { PeerProcess } from './peer-process.ts';

const REQUIREMENTS = fileURLToPath(new URL('./features-requirements.txt', import.meta.url));
const ENGINES = ['pandas', 'polars'] as const;
const ROUNDS = 5;

/** Relative difference within which two values count as the same, and what must hold of all cells that both know. */
const TOLERANCE = 1e-3;
const LEAST = { share: 0.99, known: 0.99, medianDifference: 1e-5 };

export interface FeaturesTask {
  /** Where the dataset's bars lie, a file a year. */
  readonly bars: string;
  /** Group by symbol. */
  readonly groups: Readonly<Record<string, string>>;
  /** Whether the bars have dividends and splits. */
  readonly actions: boolean;
}

interface Tensor {
  readonly columns: readonly string[];
  readonly values: Float32Array;
}

interface Seconds {
  clock: number;
  processor: number;
}

/** pandas and polars make the same tensor of the same files: first they must agree with ours, then ours and theirs are timed in turns. */
export async function runFeaturesPeers(task: FeaturesTask, ours: () => Promise<Tensor>): Promise<void> {
  const python = venvPython('bench-features-peers', REQUIREMENTS);
  if (python === null) {
    process.stderr.write('peers: no Python 3.11 or later with venv here, so the figures are ours alone\n');
    return;
  }
  const expected = await ours();
  const facts = { ...task, columns: expected.columns };
  const peers = new Map<string, PeerProcess>();
  try {
    for (const engine of ENGINES) {
      const peer = await PeerProcess.start(python, 'features_peer.py', facts, ['--engine', engine]);
      peers.set(engine, peer);
      await checkAgreement(engine, peer, expected);
    }
    await compareSpeed(peers, ours, expected.columns.length);
  } finally {
    for (const peer of peers.values()) peer.close();
  }
}

/** Also the run of the peer that is not counted. */
async function checkAgreement(engine: string, peer: PeerProcess, expected: Tensor): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'drl-features-'));
  try {
    const file = join(folder, 'tensor.f32');
    await peer.ask<Seconds>({ file });
    const theirs = new Float32Array(Uint8Array.from(readFileSync(file)).buffer);
    if (theirs.length !== expected.values.length)
      throw new Error(`${engine}: ${theirs.length} values and ${expected.values.length} of ours`);
    const { share, known, medianDifference, byColumn } = agreement(expected, theirs);
    printFigure('features', `${engine}_agreement`, 'of cells that both know', [share]);
    printFigure('features', `${engine}_known`, 'of cells that either knows', [known]);
    printFigure('features', `${engine}_median_difference`, 'relative', [medianDifference]);
    // Written so that NaN fails.
    if (!(share >= LEAST.share && known >= LEAST.known && medianDifference < LEAST.medianDifference))
      throw new Error(
        `The features of ${engine} are not ours: a comparison would say nothing. Shares by column: ${JSON.stringify(byColumn)}`,
      );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function agreement({ columns, values }: Tensor, theirs: Float32Array) {
  const [same, both] = [new Float64Array(columns.length), new Float64Array(columns.length)];
  const differences = new Float64Array(values.length);
  let [compared, either] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    const [a, b] = [values[i], theirs[i]];
    const finite = Number(Number.isFinite(a)) + Number(Number.isFinite(b));
    if (finite > 0) either++;
    if (finite < 2) continue;
    const difference = a === b ? 0 : Math.abs(a - b) / Math.max(Math.abs(a), Math.abs(b));
    const column = i % columns.length;
    both[column]++;
    if (difference <= TOLERANCE) same[column]++;
    differences[compared++] = difference;
  }
  const total = (counts: Float64Array): number => counts.reduce((sum, count) => sum + count, 0);
  return {
    share: total(same) / compared,
    known: compared / either,
    medianDifference: differences.subarray(0, compared).sort()[compared >> 1],
    byColumn: Object.fromEntries(columns.map((name, c) => [name, same[c] / both[c]])),
  };
}

/** Rounds of ours, pandas, polars, one after the other, so that a machine that is disturbed treats all alike. */
async function compareSpeed(
  peers: ReadonlyMap<string, PeerProcess>,
  ours: () => Promise<Tensor>,
  count: number,
): Promise<void> {
  const own: Seconds[] = [];
  const theirs = new Map([...peers.keys()].map((engine) => [engine, [] as Seconds[]]));
  for (let round = 0; round < ROUNDS; round++) {
    own.push(await secondsOf(ours));
    for (const [engine, peer] of peers) theirs.get(engine)?.push(await peer.ask<Seconds>({}));
  }
  const figure = `parquet_to_tensor_${count}`;
  const clock = (seconds: readonly Seconds[]): number[] => seconds.map((one) => one.clock);
  const processor = (seconds: readonly Seconds[]): number[] => seconds.map((one) => one.processor);
  const { value } = printFigure('features', figure, 's', clock(own), { peer: 'ours, beside them', ratio: 1 });
  printFigure('features', `${figure}_processor`, 's', processor(own));
  for (const [engine, seconds] of theirs) {
    const peer = `${engine} ${pinned(REQUIREMENTS, engine)}`;
    const ratio = median(clock(seconds)) / value;
    printFigure('features', `${engine}_${figure}`, 's', clock(seconds), { peer, ratio });
    printFigure('features', `${engine}_${figure}_processor`, 's', processor(seconds));
    const ratios = seconds.map((one, round) => own[round].clock / one.clock);
    printFigure('features', `ours_over_${engine}_${count}`, 'x', ratios);
  }
}

async function secondsOf(run: () => Promise<unknown>): Promise<Seconds> {
  const [started, used] = [performance.now(), process.cpuUsage()];
  await run();
  const { user, system } = process.cpuUsage(used);
  return { clock: (performance.now() - started) / 1000, processor: (user + system) / 1e6 };
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
