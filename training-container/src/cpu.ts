import { readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';

/** Instruction sets on which the bits of ONNX Runtime depend. */
const RELEVANT = /^(sse4_2|avx|avx2|fma|avx512\w*|avx_vnni|amx\w*|asimd\w*|sve\w*|bf16|i8mm)$/;

/** Cores that this process may use. */
export const usableCores = (): number => availableParallelism();

/** What a training record says of the machine: results of ONNX Runtime are bit-identical only between equal ones. */
export function cpuFeatures(): { architecture: string; model: string; features: string[] } {
  let flags: string[] = [];
  try {
    flags = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1].split(' ') ?? [];
  } catch {
    // not Linux: the model name has to do
  }
  return {
    architecture: process.arch,
    model: cpus()[0]?.model.trim() ?? 'unknown',
    features: flags.filter((flag) => RELEVANT.test(flag)).sort(),
  };
}
