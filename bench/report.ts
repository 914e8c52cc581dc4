/** One line of a benchmark. `value` is the median of `runs` runs. */
export interface BenchLine {
  bench: string;
  figure: string;
  value: number;
  unit: string;
  runs: number;
  min: number;
  max: number;
}

/** What a line says of somebody else's software that was measured beside ours. */
export interface Beside {
  /** Whose figure it is, with its version. */
  peer: string;
  /** How many times better ours is. */
  ratio: number;
  /** The ratio is at least this: the peer was stopped before it was done. */
  atLeast?: true;
}

/** Run `measure` several times and print its median, as a JSON line with `--json`, else for people. */
export async function report(
  bench: string,
  figure: string,
  unit: string,
  runs: number,
  measure: () => Promise<number>,
): Promise<BenchLine> {
  const values: number[] = [];
  for (let run = 0; run < runs; run++) values.push(await measure());
  return printFigure(bench, figure, unit, values);
}

/** Print the median of what was measured. */
export function printFigure(
  bench: string,
  figure: string,
  unit: string,
  values: readonly number[],
  beside?: Beside,
): BenchLine {
  const sorted = [...values].sort((a, b) => a - b);
  const runs = sorted.length;
  const round = (value: number): number => Number(value.toPrecision(6));
  const line = {
    bench,
    figure,
    value: round(sorted[Math.floor(runs / 2)]),
    unit,
    runs,
    min: round(sorted[0]),
    max: round(sorted[runs - 1]),
  };
  const text = process.argv.includes('--json')
    ? JSON.stringify({ ...line, ...beside, ...(beside && { ratio: round(beside.ratio) }) })
    : `${figure.padEnd(34)} ${line.value} ${unit}   (${line.min} .. ${line.max}, ${runs} runs)${besideText(beside)}`;
  process.stdout.write(`${text}\n`);
  return line;
}

const besideText = (beside?: Beside): string =>
  beside ? `   ${beside.peer}: ours is ${beside.atLeast ? '> ' : ''}${Number(beside.ratio.toPrecision(3))} x` : '';
