export interface ChartLine {
  name: string;
  values: ArrayLike<number | null>;
  tone: 'champion' | 'challenger' | 'yardstick' | 'baseline';
}

export interface LineChart {
  title: string;
  dates: readonly string[];
  lines: readonly ChartLine[];
  format: (value: number) => string;
  /** A level to draw across, always inside the chart. */
  level?: number;
  /** Fill between the champion's line (else the first) and the level. */
  fill?: boolean;
  /** Lines of context do not widen the axis beyond this range. */
  range?: { low: number; high: number };
}

const POINTS = 500;
const WIDTH = 1000;
const HEIGHT = 300;

export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/**
 * A line chart that fits any width: the lines are one SVG stretched to its box (strokes keep their width), the labels are
 * text around it, so they stay readable on a phone. No script, no external file; the same input gives the same text.
 */
export function lineChart(chart: LineChart): string {
  const { dates, lines, format, level } = chart;
  const picks = sampled(dates.length);
  const { low, high, ticks } = axis(lines, picks, level, chart.range);
  const x = (i: number): string => ((i / Math.max(1, dates.length - 1)) * WIDTH).toFixed(1);
  const y = (value: number): string => ((1 - (value - low) / (high - low)) * HEIGHT).toFixed(1);
  const ordered = [...lines].sort((a, b) => DEPTH[a.tone] - DEPTH[b.tone]);
  const body = [
    ...ticks.map((tick) => `<line class="grid" x1="0" x2="${WIDTH}" y1="${y(tick)}" y2="${y(tick)}"/>`),
    level === undefined ? '' : `<line class="level" x1="0" x2="${WIDTH}" y1="${y(level)}" y2="${y(level)}"/>`,
    chart.fill && lines.length > 0
      ? area(lines.find((line) => line.tone === 'champion') ?? lines[0], picks, x, y, level ?? low)
      : '',
    ...ordered.map(
      (line) =>
        `<path class="line ${line.tone}" d="${path(line.values, picks, x, y)}"><title>${escapeHtml(line.name)}</title></path>`,
    ),
  ].join('');
  const yLabels = ticks.map(
    (tick) => `<span style="top:${((1 - (tick - low) / (high - low)) * 100).toFixed(2)}%">${format(tick)}</span>`,
  );
  const xLabels = dateTicks(dates).map(
    ({ at, label }) => `<span style="left:${((at / Math.max(1, dates.length - 1)) * 100).toFixed(2)}%">${label}</span>`,
  );
  return `<figure class="chart"><figcaption>${escapeHtml(chart.title)}</figcaption>
<div class="plot"><div class="y">${yLabels.join('')}</div><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${escapeHtml(chart.title)}">${body}</svg></div>
<div class="x">${xLabels.join('')}</div>${legend(lines)}</figure>`;
}

const DEPTH = { baseline: 0, yardstick: 1, challenger: 2, champion: 3 } as const;

function legend(lines: readonly ChartLine[]): string {
  const named = lines.filter((line) => line.tone !== 'baseline').sort((a, b) => DEPTH[b.tone] - DEPTH[a.tone]);
  const others = lines.filter((line) => line.tone === 'baseline');
  const entries = named.map((line) => `<li class="${line.tone}">${escapeHtml(line.name)}</li>`);
  if (others.length > 0)
    entries.push(`<li class="baseline">${escapeHtml(others.map((line) => line.name).join(', '))}</li>`);
  return lines.length > 1 ? `<ul class="legend">${entries.join('')}</ul>` : '';
}

function path(
  values: ArrayLike<number | null>,
  picks: readonly number[],
  x: (i: number) => string,
  y: (v: number) => string,
): string {
  let pen = false;
  return picks
    .map((i) => {
      const value = values[i];
      if (value === null || !Number.isFinite(value)) {
        pen = false;
        return '';
      }
      const command = pen ? 'L' : 'M';
      pen = true;
      return `${command}${x(i)} ${y(value)}`;
    })
    .join('');
}

function area(
  line: ChartLine,
  picks: readonly number[],
  x: (i: number) => string,
  y: (v: number) => string,
  level: number,
): string {
  const known = picks.filter((i) => line.values[i] !== null);
  if (known.length < 2) return '';
  return `<path class="area" d="M${x(known[0])} ${y(level)}${path(line.values, known, x, y).replace(/^M/, 'L')}L${x(known[known.length - 1])} ${y(level)}Z"/>`;
}

/** Every session, or an even choice of them that keeps the first and the last. */
function sampled(n: number): number[] {
  if (n <= POINTS) return Array.from({ length: n }, (_, i) => i);
  return Array.from({ length: POINTS }, (_, k) => Math.round((k * (n - 1)) / (POINTS - 1)));
}

function axis(
  lines: readonly ChartLine[],
  picks: readonly number[],
  level: number | undefined,
  range: LineChart['range'],
) {
  let low = level ?? Number.POSITIVE_INFINITY;
  let high = level ?? Number.NEGATIVE_INFINITY;
  for (const line of lines) {
    for (const i of picks) {
      const value = line.values[i];
      if (value === null || !Number.isFinite(value)) continue;
      low = Math.min(low, range ? Math.max(value, range.low) : value);
      high = Math.max(high, range ? Math.min(value, range.high) : value);
    }
  }
  if (!Number.isFinite(low)) [low, high] = [0, 1];
  if (low === high)
    [low, high] = [low - Math.max(1e-3, Math.abs(low) * 0.01), high + Math.max(1e-3, Math.abs(high) * 0.01)];
  const step = niceStep((high - low) / 4);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  const ticks = Array.from({ length: last - first + 1 }, (_, k) => (first + k) * step);
  return { low: first * step, high: last * step, ticks };
}

/** 1, 2, 2.5 or 5 times a power of ten, at least `rough`. */
export function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  return ([1, 2, 2.5, 5].find((factor) => factor * power >= rough * (1 - 1e-9)) ?? 10) * power;
}

/** About five labels: the first session of a year, or of a month when the span is short; each day when it is shorter still. */
function dateTicks(dates: readonly string[]): { at: number; label: string }[] {
  for (const length of [4, 7, 10]) {
    const firsts = dates.flatMap((date, at) =>
      at > 0 && date.slice(0, length) !== dates[at - 1].slice(0, length) ? [{ at, label: date.slice(0, length) }] : [],
    );
    if (firsts.length >= 3 || length === 10) {
      const every = Math.max(1, Math.ceil(firsts.length / 5));
      return firsts.filter((_, k) => k % every === 0);
    }
  }
  return [];
}

/** Before and after, one row an asset: two bars on one scale. Values are fractions; `change` is written at the end. */
export function weightBars(
  rows: readonly { name: string; before: number; after: number; label: string; change: string }[],
): string {
  const widest = Math.max(0.01, ...rows.flatMap((row) => [row.before, row.after]));
  const width = (value: number): string => ((value / widest) * 100).toFixed(2);
  const bars = rows.map(
    ({ name, before, after, label, change }) =>
      `<tr><th scope="row">${escapeHtml(name)}</th><td class="bars"><svg viewBox="0 0 100 14" preserveAspectRatio="none" aria-hidden="true"><rect class="before" x="0" y="1" width="${width(before)}" height="4"/><rect class="after" x="0" y="6" width="${width(after)}" height="7"/></svg></td><td class="number">${label}</td><td class="number change">${change}</td></tr>`,
  );
  return `<table class="weights"><thead><tr><th>asset</th><th class="bars"><span class="key before">before</span> <span class="key after">after</span></th><th class="number">weight</th><th class="number">change</th></tr></thead><tbody>${bars.join('')}</tbody></table>`;
}

/** A signed bar about a middle line, for tilts and effects. */
export function signedBar(value: number, widest: number): string {
  const share = widest === 0 ? 0 : Math.min(1, Math.abs(value) / widest) * 50;
  const from = value < 0 ? 50 - share : 50;
  return `<svg class="signed" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><line class="level" x1="50" x2="50" y1="0" y2="10"/><rect class="${value < 0 ? 'minus' : 'plus'}" x="${from.toFixed(2)}" y="2" width="${share.toFixed(2)}" height="6"/></svg>`;
}
