import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pinned, venvPython } from '../../e2e/python/venv.ts';
import { microF1 } from '../node2vec/classify.ts';
import type { LabelledGraph } from '../node2vec/ppi.ts';
import { printFigure } from '../report.ts';
import { PeerProcess } from './peer-process.ts';

const REQUIREMENTS = fileURLToPath(new URL('./node2vec-requirements.txt', import.meta.url));
const SEEDS = [1, 2, 3];

/** PecanPy and gensim on the same graph, judged by the same classifier. Compilation of their walks is not timed. */
export async function runNode2vecPeer(
  { labels, names, edgeList }: LabelledGraph,
  options: object,
  ours: { seconds: number; microF1: number },
): Promise<void> {
  const python = venvPython('bench-node2vec-peers', REQUIREMENTS);
  if (python === null) {
    process.stderr.write('peers: no Python 3.11 or later with venv here, so the figures are ours alone\n');
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'drl-node2vec-'));
  const [edges, file] = [join(folder, 'edges.tsv'), join(folder, 'vectors.f32')];
  writeFileSync(edges, edgeList);
  const [seconds, scores]: [number[], number[]] = [[], []];
  const peer = await PeerProcess.start(python, 'node2vec_speed.py', { edges, names, options });
  try {
    for (const seed of SEEDS) {
      seconds.push(await peer.ask<number>({ seed, file }));
      const bytes = readFileSync(file);
      scores.push(microF1(new Float32Array(Uint8Array.from(bytes).buffer), labels, seed));
    }
  } finally {
    peer.close();
    rmSync(folder, { recursive: true });
  }
  const name = `pecanpy ${pinned(REQUIREMENTS, 'pecanpy')} + gensim ${pinned(REQUIREMENTS, 'gensim')}`;
  const median = [...seconds].sort((a, b) => a - b)[Math.floor(seconds.length / 2)];
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  printFigure('node2vec', 'whole_job_s_2_threads', 's', seconds, { peer: name, ratio: median / ours.seconds });
  printFigure('node2vec', 'micro_f1', 'F1', scores, { peer: name, ratio: ours.microF1 / mean });
}
