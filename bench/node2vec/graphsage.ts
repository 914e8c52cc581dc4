import { createRandom } from '../../domain/simulation/random.ts';
import { zeros } from '../../graph/embeddings/graphsage/matrix.ts';
import { forward } from '../../graph/embeddings/graphsage/sage.ts';
import { createSage, type SageOptions, trainSage } from '../../graph/embeddings/graphsage/train-sage.ts';
import type { WalkGraph } from '../../graph/embeddings/walks/walk-graph.ts';

/** Random numbers by which a node is known, beside 1 and the root of its degree: the graph comes without features. */
const MARKS = 62;

/** GraphSAGE's vectors of a graph without features, float32 [nodes, dimensions]. It is made for features: what it says here is for information. */
export function graphSage(graph: WalkGraph, options: SageOptions, steps: number): Float32Array {
  const random = createRandom(options.seed).fork(2);
  const features = zeros(graph.nodes, 2 + MARKS);
  for (let node = 0; node < graph.nodes; node++) {
    const row = features.data.subarray(node * features.columns, (node + 1) * features.columns);
    row.forEach((_, d) => {
      row[d] = random.normal() / Math.sqrt(MARKS);
    });
    row[0] = 1;
    row[1] = Math.sqrt(graph.offsets[node + 1] - graph.offsets[node]) / 4;
  }
  const weights = trainSage(createSage(features.columns, options), graph, features, options, steps);
  return Float32Array.from(forward(weights, graph, features).vectors.data);
}
