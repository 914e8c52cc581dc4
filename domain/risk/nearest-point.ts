import { positivePart } from '../portfolio/trade-cost.ts';

/**
 * The nearest point of a polyhedron: minimise 1/2 |w - v|^2 subject to
 *
 *   lower <= w <= upper
 *   sum of w over the members of a row <= cap   (or = cap; or minus the sum, with `sign` -1)
 *   sum |w| <= gross
 *   sum (w - reference)+ <= maxBuys,  sum (reference - w)+ <= maxSells,  sum |w - reference| <= maxTraded
 *
 * One-way turnover with cash implied is max(buys, sells), so a turnover limit is the two before the last.
 *
 * Method: the few coupling constraints get multipliers m, the rest is separable. For fixed m every w_i is the minimum of a convex
 * piecewise quadratic with kinks at 0 and at the reference, in closed form. The dual is concave, once differentiable and
 * piecewise quadratic in m; a Newton step on the active multipliers with an exact line search ends in finitely many steps, at
 * the exact solution of the right active set (semismooth Newton; Hager and Zhang 2016, "Projection onto a polyhedron that exploits sparsity").
 */
export interface Polyhedron {
  lower: Float64Array;
  upper: Float64Array;
  /** Coupling rows; `members` are indices. */
  rows: readonly { members: Int32Array; cap: number; equality?: boolean; sign?: -1 }[];
  /** null: none. Where every lower bound is >= 0 use a row instead: it is cheaper. */
  gross: number | null;
  reference: Float64Array | null;
  maxBuys: number;
  maxSells: number;
  /** Two-sided, cash left out; undefined: none. */
  maxTraded?: number;
}

/**
 * Many rows that overlap take long where each step keeps one more multiplier from falling below 0: after the first number of steps all that would
 * are kept at once, and a coarser violation ends the search.
 */
const [FINE_STEPS, MAX_STEPS] = [200, 5000];
/** Constraint violation that counts as none, at first and after many steps, and the largest that is accepted. */
const [TOLERANCE, LATE_TOLERANCE, ACCEPTED] = [1e-14, 1e-11, 1e-9];
/** A multiplier beyond this times the scale of the data means that no point satisfies all constraints. */
const UNBOUNDED = 1e9;

/** Places of these constraints, counted from the last row. */
const [BUYS, SELLS] = [0, 1];

/** Reusable: the workspace grows to the largest problem seen. */
export class NearestPoint {
  #n = 0;
  #w = new Float64Array(0);
  #slope: Uint8Array = new Uint8Array(0);
  #alpha = new Float64Array(0);
  #m = 0;
  #dual = new Float64Array(0);
  #trial = new Float64Array(0);
  #gradient = new Float64Array(0);
  #step = new Float64Array(0);
  #matrix = new Float64Array(0);
  /** Row by active multiplier: small integers, so that their products add up exactly in any order. */
  #jacobian = new Int8Array(0);
  #solution = new Float64Array(0);
  #v: ArrayLike<number> = [];
  #set!: Polyhedron;
  #scale = 1;
  /** Newton steps of the last call: what the speed bench reads. */
  steps = 0;

  /** Writes the nearest point to `out` and returns true; false when the polyhedron is empty (`out` is then meaningless). */
  solve(v: ArrayLike<number>, set: Polyhedron, out: Float64Array): boolean {
    this.#prepare(v, set);
    this.#evaluate(this.#dual);
    for (this.steps = 0; this.steps < MAX_STEPS; this.steps += 1) {
      if (this.#violation() <= (this.steps < FINE_STEPS ? TOLERANCE : LATE_TOLERANCE) * this.#scale) break;
      if (!this.#newtonStep()) break;
      for (let k = 0; k < this.#m; k += 1) if (Math.abs(this.#dual[k]) > UNBOUNDED * this.#scale) return false;
    }
    for (let i = 0; i < this.#n; i += 1) out[i] = this.#w[i];
    return this.#violation() <= ACCEPTED * this.#scale;
  }

  #prepare(v: ArrayLike<number>, set: Polyhedron): void {
    const n = set.lower.length;
    const m =
      set.rows.length +
      (set.gross === null ? 0 : 1) +
      (set.reference === null ? 0 : set.maxTraded === undefined ? 2 : 3);
    this.#n = n;
    this.#m = m;
    if (n > this.#w.length) {
      this.#w = new Float64Array(n);
      this.#alpha = new Float64Array(n);
      this.#slope = new Uint8Array(n);
    }
    if (m > this.#dual.length) {
      this.#dual = new Float64Array(m);
      this.#trial = new Float64Array(m);
      this.#gradient = new Float64Array(m);
      this.#step = new Float64Array(m);
      this.#matrix = new Float64Array(m * m);
      this.#solution = new Float64Array(m);
    }
    if (m * n > this.#jacobian.length) this.#jacobian = new Int8Array(m * n);
    this.#v = v;
    this.#set = set;
    this.#dual.fill(0);
    let scale = 1;
    for (let i = 0; i < n; i += 1) scale = Math.max(scale, Math.abs(v[i]));
    this.#scale = scale;
  }

  /** w(m), which assets may move, and the gradient of the dual (the constraint values) for the multipliers given. */
  #evaluate(dual: Float64Array): void {
    const { lower, upper, rows, gross, reference, maxTraded } = this.#set;
    const n = this.#n;
    const v = this.#v;
    const w = this.#w;
    const alpha = this.#alpha;
    const free = this.#slope;
    alpha.fill(0);
    for (let k = 0; k < rows.length; k += 1) {
      const value = dual[k];
      if (value === 0) continue;
      const { members, sign = 1 } = rows[k];
      for (let j = 0; j < members.length; j += 1) alpha[members[j]] += sign * value;
    }
    const grossAt = rows.length;
    const mu = gross === null ? 0 : dual[grossAt];
    const buysAt = grossAt + (gross === null ? 0 : 1);
    const rho = reference === null || maxTraded === undefined ? 0 : dual[buysAt + 2];
    const beta = reference === null ? 0 : dual[buysAt] + rho;
    const sigma = reference === null ? 0 : dual[buysAt + 1] + rho;
    for (let i = 0; i < n; i += 1) {
      const z = v[i] - alpha[i];
      const anchor = reference === null ? 0 : reference[i];
      let kink = false;
      let x: number;
      // the two kinks in ascending order, with the slope of the penalty left and right of each
      const anchorFirst = anchor < 0;
      const c1 = anchorFirst ? anchor : 0;
      const c2 = anchorFirst ? 0 : anchor;
      const l1 = anchorFirst ? -sigma : -mu;
      const r1 = anchorFirst ? beta : mu;
      const l2 = anchorFirst ? -mu : -sigma;
      const r2 = anchorFirst ? mu : beta;
      if (z - l1 - l2 < c1) x = z - l1 - l2;
      else if (z - r1 - l2 <= c1) {
        x = c1;
        kink = l1 !== r1 || (c1 === c2 && l2 !== r2);
      } else if (z - r1 - l2 < c2) x = z - r1 - l2;
      else if (z - r1 - r2 <= c2) {
        x = c2;
        kink = l2 !== r2;
      } else x = z - r1 - r2;
      if (x <= lower[i]) {
        x = lower[i];
        kink = true;
      } else if (x >= upper[i]) {
        x = upper[i];
        kink = true;
      }
      w[i] = x;
      free[i] = kink ? 0 : 1;
    }
    this.#constraints();
  }

  #constraints(): void {
    const { rows, gross, reference, maxBuys, maxSells, maxTraded } = this.#set;
    const w = this.#w;
    const g = this.#gradient;
    for (let k = 0; k < rows.length; k += 1) {
      const { members, cap, sign = 1 } = rows[k];
      let sum = 0;
      for (let j = 0; j < members.length; j += 1) sum += w[members[j]];
      g[k] = sign * sum - cap;
    }
    let k = rows.length;
    if (gross !== null) {
      let sum = 0;
      for (let i = 0; i < this.#n; i += 1) sum += Math.abs(w[i]);
      g[k] = sum - gross;
      k += 1;
    }
    if (reference !== null) {
      let buys = 0;
      let sells = 0;
      for (let i = 0; i < this.#n; i += 1) {
        const change = w[i] - reference[i];
        buys += positivePart(change);
        sells += positivePart(-change);
      }
      g[k] = buys - maxBuys;
      g[k + 1] = sells - maxSells;
      if (maxTraded !== undefined) g[k + 2] = buys + sells - maxTraded;
    }
  }

  #isEquality(k: number): boolean {
    return k < this.#set.rows.length && this.#set.rows[k].equality === true;
  }

  /** Largest violation of feasibility or complementarity. */
  #violation(): number {
    let worst = 0;
    for (let k = 0; k < this.#m; k += 1) {
      const g = this.#gradient[k];
      const here = g > 0 || this.#dual[k] > 0 || this.#isEquality(k) ? Math.abs(g) : 0;
      if (here > worst) worst = here;
    }
    return worst;
  }

  /** How constraint k changes with each w_i that may move, into row `r` of `#jacobian`; 0 where w_i may not move. */
  #fillJacobian(r: number, k: number): void {
    const { gross, reference, rows } = this.#set;
    const n = this.#n;
    const at = r * n;
    const w = this.#w;
    const free = this.#slope;
    const jacobian = this.#jacobian;
    if (k < rows.length) {
      const { members, sign = 1 } = rows[k];
      jacobian.fill(0, at, at + n);
      for (let j = 0; j < members.length; j += 1) jacobian[at + members[j]] = sign * free[members[j]];
      return;
    }
    const kind = k - rows.length - (gross === null ? 0 : 1);
    for (let i = 0; i < n; i += 1) {
      const change = free[i] * (kind < 0 || reference === null ? w[i] : w[i] - reference[i]);
      if (kind === BUYS) jacobian[at + i] = change > 0 ? 1 : 0;
      else if (kind === SELLS) jacobian[at + i] = change < 0 ? -1 : 0;
      else jacobian[at + i] = Math.sign(change);
    }
  }

  /** The curvature of the dual among the active multipliers: its lower triangle, into `#matrix`. */
  #fillMatrix(active: readonly number[]): void {
    const n = this.#n;
    const size = active.length;
    const jacobian = this.#jacobian;
    for (let r = 0; r < size; r += 1) {
      this.#fillJacobian(r, active[r]);
      for (let c = 0; c <= r; c += 1) {
        let sum = 0;
        for (let i = 0; i < n; i += 1) sum += jacobian[r * n + i] * jacobian[c * n + i];
        this.#matrix[r * size + c] = sum;
      }
    }
  }

  /** One Newton step with line search on the multipliers that are positive or violated. False: no ascent is left. */
  #newtonStep(): boolean {
    const m = this.#m;
    const active: number[] = [];
    for (let k = 0; k < m; k += 1) {
      if (this.#isEquality(k) || this.#dual[k] > 0 || this.#gradient[k] > 0) active.push(k);
    }
    if (active.length === 0) return false;
    this.#fillMatrix(active);
    this.#solveActive(active);
    let slope = 0;
    for (const k of active) slope += this.#gradient[k] * this.#step[k];
    if (!(slope > 0)) return false;
    return this.#lineSearch(slope);
  }

  /** (H + ridge) step = gradient on the active multipliers, by Cholesky; the ridge carries directions without curvature. */
  #solveActive(active: readonly number[]): void {
    const size = active.length;
    const h = this.#matrix;
    const x = this.#solution;
    for (let r = 0; r < size; r += 1) {
      x[r] = this.#gradient[active[r]];
      h[r * size + r] += 1e-9 * (1 + h[r * size + r]);
    }
    for (let r = 0; r < size; r += 1) {
      for (let c = 0; c <= r; c += 1) {
        let sum = h[r * size + c];
        for (let k = 0; k < c; k += 1) sum -= h[r * size + k] * h[c * size + k];
        h[r * size + c] = r === c ? Math.sqrt(Math.max(sum, 1e-12)) : sum / h[c * size + c];
      }
    }
    for (let r = 0; r < size; r += 1) {
      for (let k = 0; k < r; k += 1) x[r] -= h[r * size + k] * x[k];
      x[r] /= h[r * size + r];
    }
    for (let r = size - 1; r >= 0; r -= 1) {
      for (let k = r + 1; k < size; k += 1) x[r] -= h[k * size + r] * x[k];
      x[r] /= h[r * size + r];
    }
    this.#step.fill(0);
    for (let r = 0; r < size; r += 1) this.#step[active[r]] = x[r];
  }

  /**
   * The maximum of the dual along the step, up to where a multiplier reaches 0. The derivative along the step falls piecewise
   * linearly from `slope`, so its root is bracketed and found by bisection with secant steps.
   */
  #lineSearch(slope: number): boolean {
    const m = this.#m;
    let end = 1;
    let blocked = -1;
    let longest = 0;
    for (let k = 0; k < m; k += 1) {
      longest = Math.max(longest, Math.abs(this.#step[k]));
      if (this.#step[k] < 0 && !this.#isEquality(k)) {
        const room = -this.#dual[k] / this.#step[k];
        if (room < end) {
          end = room;
          blocked = k;
        }
      }
    }
    // a direction without curvature gives a huge step: shorten it, growing with the multipliers already there
    let largest = this.#scale;
    for (let k = 0; k < m; k += 1) largest = Math.max(largest, Math.abs(this.#dual[k]));
    const limit = (16 * largest) / longest;
    if (limit < end) {
      end = limit;
      blocked = -1;
    }
    if (end === 0) {
      for (let k = 0; k < m; k += 1) {
        const falls = this.#dual[k] === 0 && this.#step[k] < 0 && !this.#isEquality(k);
        if (k === blocked || (falls && this.steps >= FINE_STEPS)) this.#gradient[k] = Math.min(this.#gradient[k], 0);
      }
      return true;
    }
    const best = this.#root(end, slope);
    for (let k = 0; k < m; k += 1) this.#dual[k] += best * this.#step[k];
    if (best === end && blocked >= 0) this.#dual[blocked] = 0;
    for (let k = 0; k < m; k += 1) if (this.#dual[k] < 0 && !this.#isEquality(k)) this.#dual[k] = 0;
    if (!this.#isLastTrial()) this.#evaluate(this.#dual);
    return true;
  }

  /** Whether the multipliers are those of the last trial, so that all that depends on them is known. */
  #isLastTrial(): boolean {
    for (let k = 0; k < this.#m; k += 1) if (this.#dual[k] !== this.#trial[k]) return false;
    return true;
  }

  #slopeAt(t: number): number {
    for (let k = 0; k < this.#m; k += 1) this.#trial[k] = this.#dual[k] + t * this.#step[k];
    this.#evaluate(this.#trial);
    let slope = 0;
    for (let k = 0; k < this.#m; k += 1) slope += this.#gradient[k] * this.#step[k];
    return slope;
  }

  #root(end: number, slopeAtStart: number): number {
    let low = 0;
    let lowSlope = slopeAtStart;
    let high = end;
    let highSlope = this.#slopeAt(end);
    const small = 1e-15 * Math.max(1, Math.abs(lowSlope));
    if (highSlope >= -small) return end;
    for (let i = 0; i < 200 && high - low > 1e-17 * end; i += 1) {
      const secant = low + ((high - low) * lowSlope) / (lowSlope - highSlope);
      const middle = i % 3 === 2 ? 0.5 * (low + high) : secant;
      if (!(middle > low && middle < high)) break;
      const slope = this.#slopeAt(middle);
      if (Math.abs(slope) <= small) return middle;
      if (slope > 0) {
        low = middle;
        lowSlope = slope;
      } else {
        high = middle;
        highSlope = slope;
      }
    }
    return low > 0 ? low : high;
  }
}
