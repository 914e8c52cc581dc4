import { expect, test } from '@jest/globals';
import { createRandom } from '../../domain/simulation/random.ts';
import { microF1 } from './classify.ts';

const [NODES, LABELS, DIMENSIONS] = [400, 5, 6];

/** Label l of a node is at coordinate l; `noise` hides it. */
function problem(noise: number) {
  const random = createRandom(1);
  const labels = Array.from({ length: LABELS }, () => new Uint8Array(NODES));
  const vectors = new Float32Array(NODES * DIMENSIONS);
  for (let node = 0; node < NODES; node++) {
    const own = [node % LABELS, ...(node % 3 === 0 ? [(node + 2) % LABELS] : [])];
    for (const label of own) labels[label][node] = 1;
    for (let d = 0; d < DIMENSIONS; d++) {
      vectors[node * DIMENSIONS + d] = (own.includes(d) ? 1 : 0) + noise * random.normal();
    }
  }
  return { labels, vectors };
}

test('labels that lie open are found, hidden ones no better than by chance', () => {
  const open = problem(0.1);
  expect(microF1(open.vectors, open.labels, 1)).toBeGreaterThan(0.99);
  const hidden = problem(100);
  const chance = 4 / 3 / LABELS;
  expect(Math.abs(microF1(hidden.vectors, hidden.labels, 1) - chance)).toBeLessThan(0.1);
});
