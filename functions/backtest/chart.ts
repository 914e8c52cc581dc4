/** One line of a chart: a value per session. */
export interface ChartSeries {
  name: string;
  values: ArrayLike<number>;
  colour: string;
}

export interface ChartOptions {
  title: string;
  dates: readonly string[];
  /** How a value of the axis is written. */
  format: (value: number) => string;
  /** Fill between the line and this value. */
  fillTo?: number;
}

const WIDTH = 860;
const HEIGHT = 240;
const MARGIN = { left: 64, right: 12, top: 28, bottom: 24 };
const MOST_POINTS = 800;

/** A line chart as self-contained SVG: no script, no external file. The same input gives the same text. */
export function lineChart(series: readonly ChartSeries[], options: ChartOptions): string {
  const n = options.dates.length;
  const values = series.flatMap(({ values: line }) => Array.from(line));
  const low = Math.min(...[options.fillTo ?? Number.POSITIVE_INFINITY, minimum(values)]);
  const high = Math.max(...[options.fillTo ?? Number.NEGATIVE_INFINITY, maximum(values)]);
  const span = high - low || 1;
  const x = (i: number): number => MARGIN.left + (i / Math.max(1, n - 1)) * (WIDTH - MARGIN.left - MARGIN.right);
  const y = (value: number): number => MARGIN.top + (1 - (value - low) / span) * (HEIGHT - MARGIN.top - MARGIN.bottom);
  const lines = series.map(({ name, values: line, colour }) => {
    const points = sampled(n).map((i) => `${x(i).toFixed(1)},${y(line[i]).toFixed(1)}`);
    const area =
      options.fillTo === undefined
        ? ''
        : `<polygon fill="${colour}" fill-opacity="0.18" points="${x(0).toFixed(1)},${y(options.fillTo).toFixed(1)} ${points.join(' ')} ${x(n - 1).toFixed(1)},${y(options.fillTo).toFixed(1)}"/>`;
    return `${area}<polyline fill="none" stroke="${colour}" stroke-width="1.4" points="${points.join(' ')}"><title>${escapeText(name)}</title></polyline>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeText(options.title)}" font-family="sans-serif" font-size="11">`,
    `<text x="${MARGIN.left}" y="16" font-size="13">${escapeText(options.title)}</text>`,
    ...[0, 0.25, 0.5, 0.75, 1].map((part) => horizontal(low + part * span, y, options.format)),
    ...yearTicks(options.dates).map(
      ({ index, label }) => `<text x="${x(index).toFixed(1)}" y="${HEIGHT - 8}" text-anchor="middle">${label}</text>`,
    ),
    ...lines,
    '</svg>',
  ].join('\n');
}

export const escapeText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

function horizontal(value: number, y: (value: number) => number, format: (value: number) => string): string {
  const at = y(value).toFixed(1);
  return `<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${at}" y2="${at}" stroke="#8884" /><text x="${MARGIN.left - 6}" y="${at}" text-anchor="end" dominant-baseline="middle">${format(value)}</text>`;
}

/** Indices to draw: every session, or an even choice of them that keeps the last. */
function sampled(n: number): number[] {
  if (n <= MOST_POINTS) return Array.from({ length: n }, (_, i) => i);
  return Array.from({ length: MOST_POINTS }, (_, k) => Math.round((k * (n - 1)) / (MOST_POINTS - 1)));
}

/** The first session of about eight years. */
function yearTicks(dates: readonly string[]): { index: number; label: string }[] {
  const firsts = dates.flatMap((date, index) =>
    index > 0 && date.slice(0, 4) !== dates[index - 1].slice(0, 4) ? [{ index, label: date.slice(0, 4) }] : [],
  );
  const every = Math.max(1, Math.ceil(firsts.length / 8));
  return firsts.filter((_, k) => k % every === 0);
}

const minimum = (values: readonly number[]): number =>
  values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
const maximum = (values: readonly number[]): number =>
  values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
