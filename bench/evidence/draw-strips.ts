import { type Box, COLOURS, INK, line, px, svg, text, ticks, written } from './svg.ts';

export interface StripRow {
  readonly name: string;
  /** One a seed. */
  readonly values: readonly number[];
  /** Where the bar is drawn. */
  readonly centre: number;
  /** The band. */
  readonly lower: number;
  readonly upper: number;
  /** Written at the right. */
  readonly note: string;
}

export interface StripsFigure {
  readonly title: string;
  /** What a dot, the band, the bar and the notes are. */
  readonly key: string;
  readonly panels: readonly {
    readonly title: string;
    readonly xLabel: string;
    /** A level to draw across, and what it is. */
    readonly level: number;
    readonly rows: readonly StripRow[];
  }[];
}

const WIDTH = 960;
const BOX = { left: 230, width: 420 };
const ROW = 34;
const GAP = 92;
const TOP = 96;

/** Panels below each other; in each a row for every arm: a dot a seed, the band, a bar, a note. */
export function drawStrips({ title, key, panels }: StripsFigure): string {
  let top = TOP;
  const boxes = panels.map(({ rows }) => {
    const box = { ...BOX, top, height: rows.length * ROW };
    top += box.height + GAP;
    return box;
  });
  return svg(WIDTH, top - GAP + 62, title, [
    text(20, 50, key, { size: 12 }),
    ...panels.flatMap((panel, i) =>
      drawPanel(panel, boxes[i], rangeOf(panels.filter(({ xLabel }) => xLabel === panel.xLabel))),
    ),
  ]);
}

/** Panels that measure the same have one scale. */
function rangeOf(panels: StripsFigure['panels']): [low: number, high: number] {
  const all = panels.flatMap(({ level, rows }) => [level, ...rows.flatMap(({ values }) => values)]);
  const [least, most] = [Math.min(...all), Math.max(...all)];
  const pad = 0.04 * (most - least || 1);
  return [least - pad, most + pad];
}

function drawPanel(
  { title, xLabel, level, rows }: StripsFigure['panels'][number],
  box: Box,
  [low, high]: [low: number, high: number],
): string[] {
  const { left, top, width, height } = box;
  const x = (value: number): number => left + ((value - low) / (high - low)) * width;
  return [
    text(20, top - 10, title, { size: 14, bold: true }),
    ...ticks(low, high, 6).flatMap((tick) => [
      line(x(tick), top, x(tick), top + height),
      text(x(tick), top + height + 17, written(tick), { anchor: 'middle' }),
    ]),
    line(x(level), top, x(level), top + height, INK, ' stroke-dasharray="5 4"'),
    ...rows.flatMap((row, i) => drawRow(row, i, top + (i + 0.5) * ROW, x)),
    text(left + width / 2, top + height + 36, xLabel, { anchor: 'middle' }),
  ];
}

function drawRow(row: StripRow, index: number, y: number, x: (value: number) => number): string[] {
  const colour = COLOURS[index % COLOURS.length];
  const [lower, upper] = [x(row.lower), x(row.upper)];
  return [
    text(BOX.left - 12, y + 4, row.name, { anchor: 'end' }),
    `<rect x="${px(lower)}" y="${px(y - 9)}" width="${px(Math.max(1, upper - lower))}" height="18" fill="${colour}" fill-opacity="0.2"/>`,
    ...row.values.map(
      (value) => `<circle cx="${px(x(value))}" cy="${px(y)}" r="3.5" fill="${colour}" fill-opacity="0.6"/>`,
    ),
    line(x(row.centre), y - 11, x(row.centre), y + 11, colour, ' stroke-width="3"'),
    text(BOX.left + BOX.width + 14, y + 4, row.note),
  ];
}
