import { paddedTo4 } from './kernel.ts';

/** Where things lie in the memory of a job, in bytes. */
export interface Layout {
  /** Bytes of a row: the dimensions, padded. */
  readonly rowBytes: number;
  /** First row of the input vectors (those that are wanted) and of the output vectors. */
  readonly input: number;
  readonly output: number;
  /** Context rows, output rows and scores of a step of `lane`. */
  scratch(lane: number): { inputs: number; outputs: number; scores: number };
  readonly pages: number;
}

const PAGE = 65536;
const aligned = (bytes: number): number => Math.ceil(bytes / 64) * 64;

export function layoutOf(
  nodes: number,
  lanes: number,
  { dimensions, window, negatives }: { dimensions: number; window: number; negatives: number },
): Layout {
  const rowBytes = 4 * paddedTo4(dimensions);
  const outputs = aligned(4 * 2 * window);
  const scores = outputs + aligned(4 * (1 + negatives));
  const scratchBytes = scores + aligned(4 * 2 * window * (1 + negatives));
  const input = lanes * scratchBytes;
  const output = input + aligned(nodes * rowBytes);
  return {
    rowBytes,
    input,
    output,
    scratch: (lane) => ({
      inputs: lane * scratchBytes,
      outputs: lane * scratchBytes + outputs,
      scores: lane * scratchBytes + scores,
    }),
    pages: Math.ceil((output + nodes * rowBytes) / PAGE),
  };
}
