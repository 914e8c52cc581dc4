/** Sets of nodes that grow together; the least node stands for its set. */
class Components {
  readonly #parent: Int32Array;

  constructor(nodes: number) {
    this.#parent = Int32Array.from({ length: nodes }, (_, i) => i);
  }

  of(node: number): number {
    let root = node;
    while (this.#parent[root] !== root) root = this.#parent[root];
    for (let i = node; i !== root; ) [i, this.#parent[i]] = [this.#parent[i], root];
    return root;
  }

  /** Whether the two were apart. */
  join(a: number, b: number): boolean {
    const [low, high] = [this.of(a), this.of(b)].sort((x, y) => x - y);
    this.#parent[high] = low;
    return low !== high;
  }
}

/** Edges [i, j, distance] of the minimum spanning tree (forest) by Kruskal (1956), ascending by i, j. Ties fall to the first edge by i, j. */
export function minimumSpanningTree(
  nodes: number,
  edges: readonly (readonly [number, number, number])[],
): (readonly [number, number, number])[] {
  const components = new Components(nodes);
  return [...edges]
    .sort((a, b) => a[2] - b[2] || a[0] - b[0] || a[1] - b[1])
    .filter(([i, j]) => components.join(i, j))
    .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
}

/** The component of each node, named by its least node. */
export function connectedComponents(
  nodes: number,
  edges: readonly (readonly [number, number, ...number[]])[],
): number[] {
  const components = new Components(nodes);
  for (const [i, j] of edges) components.join(i, j);
  return Array.from({ length: nodes }, (_, i) => components.of(i));
}
