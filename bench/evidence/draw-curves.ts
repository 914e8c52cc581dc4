import { type Box, COLOURS, INK, line, px, svg, text, ticks, written } from './svg.ts';

export interface CurveLine {
  readonly name: string;
  /** Positive, ascending. */
  readonly x: readonly number[];
  readonly mean: readonly number[];
  /** The band. */
  readonly lower: readonly number[];
  readonly upper: readonly number[];
}

export interface CurvesFigure {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  /** A level to draw across. */
  readonly level: number;
  /** What lies below is not drawn. */
  readonly floor: number;
  readonly panels: readonly { readonly title: string; readonly lines: readonly CurveLine[] }[];
}

const WIDTH = 976;
const PANEL = { width: 400, height: 250, gapX: 56, gapY: 66 };
const MARGIN = { left: 84, top: 84, bottom: 60 };

/** Panels two by two on one scale: a mean line and its band for each name, over a logarithmic axis. */
export function drawCurves({ title, xLabel, yLabel, level, floor, panels }: CurvesFigure): string {
  const lines = panels.flatMap((panel) => panel.lines);
  const all = lines.flatMap(({ lower, upper, mean }) => [...lower, ...upper, ...mean, level, 0]);
  const range = {
    x: [Math.min(...lines.map(({ x }) => x[0])), Math.max(...lines.map(({ x }) => x[x.length - 1]))],
    y: [Math.max(floor, Math.min(...all)), Math.max(...all) + 0.05],
  };
  const names = [...new Set(lines.map(({ name }) => name))];
  const rows = Math.ceil(panels.length / 2);
  const height = MARGIN.top + rows * PANEL.height + (rows - 1) * PANEL.gapY + MARGIN.bottom;
  const boxes = panels.map((_, i) => ({
    left: MARGIN.left + (i % 2) * (PANEL.width + PANEL.gapX),
    top: MARGIN.top + Math.floor(i / 2) * (PANEL.height + PANEL.gapY),
    width: PANEL.width,
    height: PANEL.height,
  }));
  const middle = MARGIN.left + PANEL.width + PANEL.gapX / 2;
  return svg(WIDTH, height, title, [
    ...legend(names),
    ...panels.flatMap((panel, i) => drawPanel(panel, boxes[i], range, level, names, i)),
    text(middle, height - 14, xLabel, { size: 13, anchor: 'middle' }),
    text(24, (MARGIN.top + height - MARGIN.bottom) / 2, yLabel, { size: 13, anchor: 'middle', upright: true }),
  ]);
}

function legend(names: readonly string[]): string[] {
  return names.flatMap((name, i) => {
    const x = MARGIN.left + i * 110;
    const colour = COLOURS[i];
    return [
      `<rect x="${x}" y="42" width="26" height="14" fill="${colour}" fill-opacity="0.2"/>`,
      line(x, 49, x + 26, 49, colour, ' stroke-width="2.2"'),
      text(x + 32, 53, name, { size: 13 }),
    ];
  });
}

function drawPanel(
  { title, lines }: CurvesFigure['panels'][number],
  box: Box,
  range: { x: number[]; y: number[] },
  level: number,
  names: readonly string[],
  index: number,
): string[] {
  const { left, top, width, height } = box;
  const [first, last] = range.x.map(Math.log);
  const [low, high] = range.y;
  const x = (value: number): number => left + ((Math.log(value) - first) / (last - first || 1)) * width;
  const y = (value: number): number => top + (1 - (value - low) / (high - low)) * height;
  const clip = `panel-${index}`;
  const places = (xs: readonly number[], ys: readonly number[]): string[] =>
    xs.map((at, i) => `${px(x(at))},${px(y(ys[i]))}`);
  return [
    text(left, top - 10, title, { size: 14, bold: true }),
    ...ticks(low, high, 6).flatMap((tick) => [
      line(left, y(tick), left + width, y(tick)),
      text(left - 8, y(tick) + 4, written(tick), { anchor: 'end' }),
    ]),
    ...powersOfTwo(range.x).flatMap((tick) => [
      line(x(tick), top, x(tick), top + height),
      text(x(tick), top + height + 18, `${tick / 1024}k`, { anchor: 'middle' }),
    ]),
    line(left, y(level), left + width, y(level), INK, ' stroke-dasharray="5 4"'),
    `<clipPath id="${clip}"><rect x="${left}" y="${top}" width="${width}" height="${height}"/></clipPath>`,
    `<g clip-path="url(#${clip})">`,
    ...lines.flatMap(({ name, x: steps, mean, lower, upper }) => {
      const colour = COLOURS[names.indexOf(name)];
      const band = [...places(steps, upper), ...places(steps, lower).reverse()].join(' ');
      return [
        `<polygon points="${band}" fill="${colour}" fill-opacity="0.2"/>`,
        `<polyline points="${places(steps, mean).join(' ')}" fill="none" stroke="${colour}" stroke-width="2.2"/>`,
      ];
    }),
    '</g>',
  ];
}

/** 4k, 16k, 64k ... within the range. */
function powersOfTwo([low, high]: number[]): number[] {
  const powers = Array.from({ length: 16 }, (_, k) => 4 ** k * 1024);
  return powers.filter((power) => power >= low && power <= high);
}
