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

/** One line over time, filled to a level; labels are text beside the drawing, so they stay readable on any width. */
export function lineChart(title, dates, values, level, format) {
  const { low, high, ticks } = axis(values, level);
  const share = (value) => 1 - (value - low) / (high - low);
  const x = (i) => (i / Math.max(1, dates.length - 1)) * WIDTH;
  const points = values.map((value, i) => `${x(i).toFixed(1)} ${(share(value) * HEIGHT).toFixed(1)}`).join('L');
  const at = (share(level) * HEIGHT).toFixed(1);
  const svg = element('svg', {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    preserveAspectRatio: 'none',
    role: 'img',
    'aria-label': title,
  });
  for (const tick of ticks)
    svg.append(shape('line', { class: 'grid', x1: 0, x2: WIDTH, y1: share(tick) * HEIGHT, y2: share(tick) * HEIGHT }));
  svg.append(
    shape('path', { class: 'area', d: `M0 ${at}L${points}L${x(values.length - 1)} ${at}Z` }),
    shape('line', { class: 'level', x1: 0, x2: WIDTH, y1: at, y2: at }),
    shape('path', { class: 'line', d: `M${points}` }),
  );
  const y = element(
    'div',
    { class: 'y' },
    ...ticks.map((tick) => element('span', { style: `top:${share(tick) * 100}%` }, format(tick))),
  );
  const labels = dateTicks(dates).map(({ at: i, label }) => element('span', { style: `left:${x(i) / 10}%` }, label));
  return element('div', {}, element('div', { class: 'plot' }, y, svg), element('div', { class: 'x' }, ...labels));
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
