/** Adam (Kingma and Ba 2015, algorithm 1) on one flat vector, in float64; eps is added outside the root, as in PyTorch. */
export class Adam {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
  steps = 0;
  readonly #beta1: number;
  readonly #beta2: number;
  readonly #epsilon: number;

  constructor(size: number, options: { beta1?: number; beta2?: number; epsilon?: number } = {}) {
    this.mean = new Float64Array(size);
    this.variance = new Float64Array(size);
    this.#beta1 = options.beta1 ?? 0.9;
    this.#beta2 = options.beta2 ?? 0.999;
    this.#epsilon = options.epsilon ?? 1e-5;
  }

  step(parameters: Float64Array, gradient: Float64Array, learningRate: number): void {
    this.steps++;
    const { mean, variance } = this;
    const [beta1, beta2, epsilon] = [this.#beta1, this.#beta2, this.#epsilon];
    const rate = learningRate / (1 - beta1 ** this.steps);
    const root = Math.sqrt(1 - beta2 ** this.steps);
    for (let i = 0; i < parameters.length; i++) {
      const g = gradient[i];
      mean[i] = beta1 * mean[i] + (1 - beta1) * g;
      variance[i] = beta2 * variance[i] + (1 - beta2) * g * g;
      parameters[i] -= (rate * mean[i]) / (Math.sqrt(variance[i]) / root + epsilon);
    }
  }
}

/** Scale a gradient to a norm of at most `maxNorm`; returns the norm before. As torch.nn.utils.clip_grad_norm_ (1e-6 in the divisor). */
export function clipGradientNorm(gradient: Float64Array, maxNorm: number): number {
  let sum = 0;
  for (let i = 0; i < gradient.length; i++) sum += gradient[i] * gradient[i];
  const norm = Math.sqrt(sum);
  const scale = maxNorm / (norm + 1e-6);
  if (scale < 1) for (let i = 0; i < gradient.length; i++) gradient[i] *= scale;
  return norm;
}
