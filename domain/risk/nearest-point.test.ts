import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { createRandom } from '../simulation/random.ts';
import { NearestPoint, type Polyhedron } from './nearest-point.ts';

interface Case {
  id: number;
  kind: string;
  v: number[];
  budget: 'equal' | 'at_most';
  cash_min: number;
  lower: number[];
  upper: number[];
  sectors: number[];
  sector_caps: Record<string, number> | null;
  w0: number[] | null;
  turnover_max: number | null;
  gross_max: number | null;
  expected: { w: number[] } | 'infeasible';
}

const { projections } = JSON.parse(readFileSync(new URL('./oracles/projections.json', import.meta.url), 'utf8')) as {
  projections: Case[];
};

/**
 * The oracle's turnover is sum |w - w0|, two-sided and without cash. Where the budget is an equality cash does not change, so it is
 * twice our one-way turnover; elsewhere it is the two-sided limit itself.
 */
function polyhedron(c: Case): Polyhedron {
  const everyone = Int32Array.from(c.v.keys());
  const sectors = Object.entries(c.sector_caps ?? {}).map(([sector, cap]) => ({
    members: everyone.filter((i) => c.sectors[i] === Number(sector)),
    cap,
  }));
  const oneWay = c.turnover_max !== null && c.budget === 'equal' ? c.turnover_max / 2 : 10;
  return {
    lower: Float64Array.from(c.lower),
    upper: Float64Array.from(c.upper),
    rows: [{ members: everyone, cap: 1 - c.cash_min, equality: c.budget === 'equal' }, ...sectors],
    gross: c.gross_max,
    reference: c.turnover_max === null ? null : Float64Array.from(c.w0 as number[]),
    maxBuys: oneWay,
    maxSells: oneWay,
    ...(c.turnover_max !== null && c.budget === 'at_most' ? { maxTraded: c.turnover_max } : {}),
  };
}

describe('the nearest point of a polyhedron', () => {
  const nearest = new NearestPoint();

  test.each(projections.map((c) => [c.id, c.kind, c] as const))('oracle case %i (%s) to 1e-12', (_id, _kind, c) => {
    const out = new Float64Array(c.v.length);
    const found = nearest.solve(c.v, polyhedron(c), out);
    expect(found).toBe(c.expected !== 'infeasible');
    if (c.expected !== 'infeasible') {
      expect(Math.max(...c.expected.w.map((w, i) => Math.abs(w - out[i])))).toBeLessThan(1e-12);
    }
  });

  test('ends within few Newton steps and satisfies every constraint on random overlapping problems', () => {
    const random = createRandom(11);
    let steps = 0;
    for (let trial = 0; trial < 600; trial += 1) {
      const { set, v } = randomProblem(random, 3 + random.integer(25), trial % 2 === 0);
      const out = new Float64Array(v.length);
      expect(nearest.solve(v, set, out)).toBe(true);
      steps = Math.max(steps, nearest.steps);
      expect(violation(out, set)).toBeLessThan(1e-11);
      const again = new Float64Array(v.length);
      nearest.solve(out, set, again);
      expect(distance(out, again)).toBeLessThan(1e-10);
    }
    expect(steps).toBeLessThan(100);
  });

  test('is nearest: the angle to every other feasible point is obtuse', () => {
    const random = createRandom(12);
    for (let trial = 0; trial < 120; trial += 1) {
      const { set, v, inside } = randomProblem(random, 3 + random.integer(12), trial % 2 === 0);
      const w = new Float64Array(v.length);
      nearest.solve(v, set, w);
      for (let k = 0; k < 20; k += 1) {
        const y = feasibleNear(inside, set, random);
        let angle = 0;
        for (let i = 0; i < v.length; i += 1) angle += (v[i] - w[i]) * (y[i] - w[i]);
        expect(angle).toBeLessThan(1e-10);
      }
    }
  });
});

type Random = ReturnType<typeof createRandom>;

/** Overlapping rows, perhaps short positions and gross, turnover round a reference; `inside` satisfies everything. */
function randomProblem(
  random: Random,
  n: number,
  longOnly: boolean,
): { set: Polyhedron; v: Float64Array; inside: Float64Array } {
  const low = longOnly ? 0 : -0.2;
  const inside = Float64Array.from({ length: n }, () => low / 2 + random.uniform() * 0.1);
  const rows = Array.from({ length: 1 + random.integer(5) }, () => {
    const members = Int32Array.from(Array.from({ length: n }, (_, i) => i).filter(() => random.uniform() < 0.5));
    return { members, cap: members.reduce((sum, i) => sum + inside[i], 0) + 0.1 * random.uniform() };
  });
  const reference = random.uniform() < 0.7 ? inside.map((w) => w + 0.02 * random.normal()) : null;
  const [buys, sells] = [0.001, 0.001].map((slack) => slack + 0.2 * random.uniform());
  const shift = (sign: number): number =>
    reference ? reference.reduce((sum, r, i) => sum + Math.max(0, sign * (inside[i] - r)), 0) : 0;
  const set: Polyhedron = {
    lower: new Float64Array(n).fill(low),
    upper: inside.map((w) => Math.max(w, 0.05) + 0.1 * random.uniform()),
    rows,
    gross: longOnly ? null : inside.reduce((sum, w) => sum + Math.abs(w), 0) + 0.2 * random.uniform(),
    reference,
    maxBuys: shift(1) + buys,
    maxSells: shift(-1) + sells,
  };
  return { set, v: Float64Array.from({ length: n }, () => 0.1 + 0.3 * random.normal()), inside };
}

function violation(w: Float64Array, set: Polyhedron): number {
  const excess = set.rows.map(({ members, cap }) => members.reduce((sum, i) => sum + w[i], 0) - cap);
  w.forEach((x, i) => {
    excess.push(set.lower[i] - x, x - set.upper[i]);
  });
  if (set.gross !== null) excess.push(w.reduce((sum, x) => sum + Math.abs(x), 0) - set.gross);
  const { reference } = set;
  if (reference) {
    excess.push(w.reduce((sum, x, i) => sum + Math.max(0, x - reference[i]), 0) - set.maxBuys);
    excess.push(w.reduce((sum, x, i) => sum + Math.max(0, reference[i] - x), 0) - set.maxSells);
  }
  return Math.max(...excess);
}

/** A feasible point found without the solver: from `inside` along a random direction as far as the constraints allow. */
function feasibleNear(inside: Float64Array, set: Polyhedron, random: Random): Float64Array {
  const direction = inside.map(() => random.normal());
  let step = 1;
  for (let i = 0; i < 60; i += 1) {
    const y = inside.map((w, j) => w + step * direction[j]);
    if (violation(y, set) <= 0) return y;
    step *= 0.6;
  }
  return inside;
}

const distance = (a: Float64Array, b: Float64Array): number => Math.max(...a.map((x, i) => Math.abs(x - b[i])));
