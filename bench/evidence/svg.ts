import { escapeHtml, niceStep } from '../../functions/report/charts.ts';

/** Where a panel lies in its figure, in pixels. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Colours that people with any colour vision tell apart (Okabe and Ito 2008). */
export const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#7a4fa3', '#555555'] as const;
export const INK = '#222222';
const GRID = '#dddddd';

export interface TextStyle {
  size?: number;
  anchor?: 'start' | 'middle' | 'end';
  colour?: string;
  bold?: boolean;
  /** Turned to be read from below. */
  upright?: boolean;
}

export function text(x: number, y: number, content: string, style: TextStyle = {}): string {
  const { size = 12, anchor = 'start', colour = INK, bold = false, upright = false } = style;
  const turn = upright ? ` transform="rotate(-90 ${px(x)} ${px(y)})"` : '';
  const weight = bold ? ' font-weight="bold"' : '';
  return `<text x="${px(x)}" y="${px(y)}" font-size="${size}" text-anchor="${anchor}" fill="${colour}"${weight}${turn}>${escapeHtml(content)}</text>`;
}

export const line = (x1: number, y1: number, x2: number, y2: number, colour = GRID, more = ''): string =>
  `<line x1="${px(x1)}" y1="${px(y1)}" x2="${px(x2)}" y2="${px(y2)}" stroke="${colour}"${more}/>`;

/** A whole figure: self-contained, on white, so that it reads the same on a dark page. */
export function svg(width: number, height: number, title: string, parts: readonly string[]): string {
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(title)}" font-family="Helvetica, Arial, sans-serif">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    text(20, 28, title, { size: 16, bold: true }),
    ...parts,
    '</svg>',
  ].join('\n')}\n`;
}

/** About `count` round values that lie within [low, high]. */
export function ticks(low: number, high: number, count: number): number[] {
  const step = niceStep((high - low) / count);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, k) => Number(((first + k) * step).toPrecision(12)));
}

/** A number with a minus sign instead of a hyphen. */
export const written = (value: number, decimals?: number): string =>
  (decimals === undefined ? String(value) : value.toFixed(decimals)).replace('-', '−');

export const px = (value: number): string => String(Number(value.toFixed(1)));
