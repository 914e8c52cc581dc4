/** A seeded source of randomness: xoshiro128** (Blackman and Vigna 2018), seeded by splitmix32. Same seed, same stream, on every machine. */
export interface Random {
  /** Uniform in [0, 1), 32 bits of resolution. */
  uniform(): number;
  /** Uniform integer in [0, n). */
  integer(n: number): number;
  /** Standard normal (Box-Muller, both values used). */
  normal(): number;
  /** An independent stream: the same label gives the same stream. */
  fork(label: number): Random;
  /** The four state words and the spare normal, to resume from a checkpoint to the same bits. */
  state(): { words: [number, number, number, number]; spare: number | null };
}

// Taken once: in Jest's sandbox each use of a global name is a slow look-up.
const { PI, cos, floor, imul, log, sin, sqrt } = Math;

const rotl = (x: number, k: number): number => (x << k) | (x >>> (32 - k));

function splitmix32(seed: number): () => number {
  let a = seed | 0;
  return () => {
    a = (a + 0x9e3779b9) | 0;
    let t = a ^ (a >>> 16);
    t = imul(t, 0x21f0aaad);
    t ^= t >>> 15;
    t = imul(t, 0x735a2d97);
    return (t ^ (t >>> 15)) >>> 0;
  };
}

export function createRandom(seed: number | ReturnType<Random['state']>): Random {
  const mix = typeof seed === 'number' ? splitmix32(seed) : null;
  let [s0, s1, s2, s3] = mix ? [mix(), mix(), mix(), mix()] : (seed as ReturnType<Random['state']>).words;
  let spare: number | null = mix ? null : (seed as ReturnType<Random['state']>).spare;

  const next = (): number => {
    const result = imul(rotl(imul(s1, 5), 7), 9) >>> 0;
    const t = s1 << 9;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= t;
    s3 = rotl(s3, 11);
    return result;
  };

  return {
    uniform: () => next() / 4294967296,
    integer: (n) => floor((next() / 4294967296) * n),
    normal() {
      if (spare !== null) {
        const value = spare;
        spare = null;
        return value;
      }
      const radius = sqrt(-2 * log((next() + 1) / 4294967296));
      const angle = 2 * PI * (next() / 4294967296);
      spare = radius * sin(angle);
      return radius * cos(angle);
    },
    fork: (label) => createRandom((next() ^ imul(label + 1, 0x9e3779b9)) | 0),
    state: () => ({ words: [s0 >>> 0, s1 >>> 0, s2 >>> 0, s3 >>> 0], spare }),
  };
}
