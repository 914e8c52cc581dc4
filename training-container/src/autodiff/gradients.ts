import { ProductError } from '../../../domain/errors.ts';
import type { GraphBuilder } from './graph-builder.ts';
import { sizeOf, type Tensor } from './tensor.ts';

/**
 * Reverse-mode differentiation: emits the nodes of d loss / d leaf for every leaf, in the shape of the leaf.
 * Nodes are visited in the reverse of their construction, which is a topological order; a tensor that is read several times
 * sums its gradients in that order, so the graph, and its float32 result, are a function of the forward code alone.
 */
export function gradients(builder: GraphBuilder, loss: Tensor, leaves: readonly Tensor[]): Tensor[] {
  if (sizeOf(loss.dims) !== 1)
    throw new ProductError('GRAPH_LOSS', 'Only a scalar loss can be differentiated', {
      facts: { dims: [...loss.dims] },
    });
  const gradientOf = new Map<string, Tensor>([[loss.name, builder.constant([1], loss.dims as number[])]]);
  for (const entry of builder.tape.slice().reverse()) {
    const gradient = gradientOf.get(entry.output.name);
    if (!gradient) continue;
    const inputGradients = entry.backward(gradient);
    entry.inputs.forEach((input, i) => {
      const part = inputGradients[i];
      if (!part || !input.differentiable) return;
      const before = gradientOf.get(input.name);
      gradientOf.set(input.name, before ? builder.accumulate(before, part) : part);
    });
  }
  return leaves.map(
    (leaf) => gradientOf.get(leaf.name) ?? builder.constant(new Float32Array(sizeOf(leaf.dims)), leaf.dims as number[]),
  );
}
