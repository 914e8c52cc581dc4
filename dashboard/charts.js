const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 1000;
const HEIGHT = 300;

/** An element with attributes and children; text is always text, never markup. */
export function element(name, attributes = {}, ...children) {
  const node = name === 'svg' || attributes.svg ? document.createElementNS(SVG, name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (key !== 'svg') node.setAttribute(key, value);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

const shape = (name, attributes) => element(name, { ...attributes, svg: true });

function niceStep(rough) {
  const power = 10 ** Math.floor(Math.log10(rough));
  return ([1, 2, 2.5, 5].find((factor) => factor * power >= rough * (1 - 1e-9)) ?? 10) * power;
}

function axis(values, level) {
  let low = Math.min(level, ...values);
  let high = Math.max(level, ...values);
  if (low === high) [low, high] = [low - 0.001, high + 0.001];
  const step = niceStep((high - low) / 4);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  return {
    low: first * step,
    high: last * step,
    ticks: Array.from({ length: last - first + 1 }, (_, k) => (first + k) * step),
  };
}

/** Labels where the year, the month or the day changes: as coarse as three of them allow. */
function dateTicks(dates) {
  for (const length of [4, 7, 10]) {
    const firsts = dates.flatMap((date, at) =>
      at > 0 && date.slice(0, length) !== dates[at - 1].slice(0, length) ? [{ at, label: date.slice(0, length) }] : [],
    );
    if (firsts.length >= 3 || length === 10)
      return firsts.filter((_, k) => k % Math.max(1, Math.ceil(firsts.length / 4)) === 0);
  }
  return [];
}

/** Grid, level line and labels around what `draw(share)` draws; labels are text beside the drawing, so they stay readable on any width. */
function frame(title, { low, high, ticks }, level, format, labels, draw) {
  const share = (value) => 1 - (value - low) / (high - low);
  const svg = element('svg', {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    preserveAspectRatio: 'none',
    role: 'img',
    'aria-label': title,
  });
  for (const tick of ticks)
    svg.append(shape('line', { class: 'grid', x1: 0, x2: WIDTH, y1: share(tick) * HEIGHT, y2: share(tick) * HEIGHT }));
  const at = (share(level) * HEIGHT).toFixed(1);
  svg.append(shape('line', { class: 'level', x1: 0, x2: WIDTH, y1: at, y2: at }), ...draw(share, at));
  const y = element(
    'div',
    { class: 'y' },
    ...ticks.map((tick) => element('span', { style: `top:${share(tick) * 100}%` }, format(tick))),
  );
  const x = labels.map(({ left, label }) => element('span', { style: `left:${left * 100}%` }, label));
  return element('div', {}, element('div', { class: 'plot' }, y, svg), element('div', { class: 'x' }, ...x));
}

const pathOf = (points, share) =>
  points.map(([x, value]) => `${(x * WIDTH).toFixed(1)} ${(share(value) * HEIGHT).toFixed(1)}`).join('L');

/** One line over time, filled to a level. */
export function lineChart(title, dates, values, level, format) {
  const x = (i) => i / Math.max(1, dates.length - 1);
  const points = values.map((value, i) => [x(i), value]);
  const labels = dateTicks(dates).map(({ at, label }) => ({ left: x(at), label }));
  return frame(title, axis(values, level), level, format, labels, (share, at) => {
    const line = pathOf(points, share);
    return [
      shape('path', { class: 'area', d: `M0 ${at}L${line}L${x(values.length - 1) * WIDTH} ${at}Z` }),
      shape('path', { class: 'line', d: `M${line}` }),
    ];
  });
}

/** Several lines over 0 to `most`: `series` is [{tone, points: [[x, value], ...]}], later ones above earlier ones. */
export function curvesChart(title, series, most, { format, formatX }) {
  const values = series.flatMap(({ points }) => points.map(([, value]) => value));
  const step = niceStep(most / 4);
  const labels = Array.from({ length: Math.floor(most / step) + 1 }, (_, k) => ({
    left: (k * step) / most,
    label: formatX(k * step),
  }));
  return frame(title, axis(values, 0), 0, format, labels, (share) =>
    series.map(({ tone, points }) =>
      shape('path', {
        class: `line ${tone}`,
        d: `M${pathOf(
          points.map(([x, value]) => [x / most, value]),
          share,
        )}`,
      }),
    ),
  );
}

/** How much of a whole is done. */
export function shareBar(share, tone) {
  const svg = element('svg', { viewBox: '0 0 100 6', preserveAspectRatio: 'none', 'aria-hidden': 'true' });
  svg.append(
    shape('rect', { class: 'track', x: 0, y: 0, width: 100, height: 6 }),
    shape('rect', { class: tone, x: 0, y: 0, width: share * 100, height: 6 }),
  );
  return svg;
}

/** Two bars on one scale, before and after. */
export function pairOfBars(before, after, widest) {
  const svg = element('svg', { viewBox: '0 0 100 14', preserveAspectRatio: 'none', 'aria-hidden': 'true' });
  const bar = (kind, value, y, height) =>
    svg.append(shape('rect', { class: kind, x: 0, y, width: (value / widest) * 100, height }));
  bar('before', before, 1, 4);
  bar('after', after, 6, 7);
  return svg;
}
