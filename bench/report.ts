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
  values.sort((a, b) => a - b);
  const round = (value: number): number => Number(value.toPrecision(6));
  const line = {
    bench,
    figure,
    value: round(values[Math.floor(runs / 2)]),
    unit,
    runs,
    min: round(values[0]),
    max: round(values[runs - 1]),
  };
  const text = process.argv.includes('--json')
    ? JSON.stringify(line)
    : `${figure.padEnd(34)} ${line.value} ${unit}   (${line.min} .. ${line.max}, ${runs} runs)`;
  process.stdout.write(`${text}\n`);
  return line;
}
