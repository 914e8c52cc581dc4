import { availableParallelism } from 'node:os';
import { createRandom } from '../domain/simulation/random.ts';
import { node2vec } from '../graph/embeddings/node2vec/node2vec.ts';
import { aliasTables, fillWalk, startNodes } from '../graph/embeddings/walks/walks.ts';
import { microF1 } from './node2vec/classify.ts';
import { graphSage } from './node2vec/graphsage.ts';
import { type LabelledGraph, loadPpi } from './node2vec/ppi.ts';
import { runGdsPeer } from './peers/run-gds-peer.ts';
import { runNode2vecPeer } from './peers/run-node2vec-peer.ts';
import { printFigure, report } from './report.ts';

/** The protocol of `docs/evidence`: 10 walks x 80 nodes, window 10, 1 epoch, 5 noise nodes, 128 dimensions, on two cores. */
const OPTIONS = { dimensions: 128, walks: 10, walkLength: 80, window: 10, epochs: 1, negatives: 5, p: 1, q: 1 };
const GRAPHSAGE_STEPS = 30;
const THREADS = Math.min(2, availableParallelism());

/** `--seeds 20`: other than 5 */
function seedsAsked(): number[] {
  const at = process.argv.indexOf('--seeds');
  const count = at < 0 ? 5 : Number(process.argv[at + 1]);
  return Array.from({ length: count }, (_, seed) => seed + 1);
}

/** Pairs of a centre and a context that a job trains, expected over the drawn windows. */
function pairsOf(nodes: number): number {
  const { walks, walkLength, window } = OPTIONS;
  let pairs = 0;
  for (let distance = 1; distance <= window; distance++)
    pairs += (2 * (walkLength - distance) * (window - distance + 1)) / window;
  return pairs * walks * nodes;
}

/** One thread. */
function walksPerSecond({ graph }: LabelledGraph, seed: number): number {
  const started = performance.now();
  const tables = aliasTables(graph);
  const starts = startNodes(graph.nodes, { ...OPTIONS, seed });
  const walk = new Int32Array(OPTIONS.walkLength);
  for (const start of starts) {
    walk[0] = start;
    fillWalk(walk, graph, tables, { ...OPTIONS, seed }, createRandom(start));
  }
  return (starts.length * 1000) / (performance.now() - started);
}

const ppi = loadPpi();
if (ppi === null) {
  process.stderr.write(
    'node2vec: the graph lies in shared/data beside the project and is not here, so nothing is measured\n',
  );
} else {
  const seconds: number[] = [];
  const scores: number[] = [];
  for (const seed of seedsAsked()) {
    const started = performance.now();
    const vectors = await node2vec(ppi.graph, { ...OPTIONS, seed }, THREADS);
    seconds.push((performance.now() - started) / 1000);
    scores.push(microF1(vectors, ppi.labels, seed));
  }
  const { value } = printFigure('node2vec', `whole_job_s_${THREADS}_threads`, 's', seconds);
  printFigure(
    'node2vec',
    'pairs_per_s',
    'pairs/s',
    seconds.map((time) => pairsOf(ppi.graph.nodes) / time),
  );
  await report('node2vec', 'walks_per_s_one_thread', 'walks/s', 5, async () => walksPerSecond(ppi, 1));
  printFigure('node2vec', 'micro_f1', 'F1', scores);
  if (process.argv.includes('--graphsage'))
    await report('node2vec', 'micro_f1_graphsage', 'F1', 1, async () => {
      const options = { ...OPTIONS, seed: 1 };
      return microF1(graphSage(ppi.graph, options, GRAPHSAGE_STEPS), ppi.labels, options.seed);
    });
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  printFigure('node2vec', 'micro_f1_mean', 'F1', [mean]);
  if (process.argv.includes('--peers')) {
    const ours = { seconds: value, microF1: mean };
    await runNode2vecPeer(ppi, OPTIONS, ours);
    await runGdsPeer(ppi, OPTIONS, ours);
  }
}
