import { curvesChart, element, shareBar } from './charts.js';

const byId = (id) => document.getElementById(id);
const BUSY_MS = 1_000;
const IDLE_MS = 4_000;
const TONES = 8;

const thousands = (value) => (value >= 10_000 ? `${(value / 1000).toFixed(value % 1000 === 0 ? 0 : 1)}k` : `${value}`);
const percent = (value) => `${(value * 100).toFixed(1)} %`;
const clock = (seconds) =>
  seconds < 90 ? `${Math.round(seconds)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;

/** What a curve can show: how it is drawn, and what it means. */
const METRICS = {
  meanReward: {
    name: 'mean reward',
    format: (value) => value.toFixed(3),
    note: 'mean reward of a session: log return in per cent after costs, less penalties, less what the baseline earned without costs',
  },
  netGrowth: {
    name: 'net growth a year',
    format: percent,
    note: 'log growth a year after costs, over the training sessions that the learner went through, exploration included',
  },
};

/** Poll what this process trains, and draw it, for as long as the page is open. Hidden where nothing is trained. */
export function watchTraining() {
  const select = byId('metric');
  let trainings = [];
  select.replaceChildren(...Object.entries(METRICS).map(([value, { name }]) => element('option', { value }, name)));
  select.onchange = () => draw(trainings, select.value);
  const poll = async () => {
    trainings = document.hidden ? trainings : await read();
    byId('training').hidden = trainings.length === 0;
    if (trainings.length > 0 && !document.hidden) draw(trainings, select.value);
    setTimeout(poll, trainings.some(running) ? BUSY_MS : IDLE_MS);
  };
  void poll();
}

/** None where the service does not answer (the rest of the page says so), or cannot train. */
async function read() {
  try {
    const response = await fetch('/training.json');
    return response.ok ? (await response.json()).trainings : [];
  } catch {
    return [];
  }
}

const running = ({ step, total }) => step < total;

function draw(trainings, metric) {
  const { name, format, note } = METRICS[metric];
  const toned = trainings.map((training, index) => ({ ...training, tone: `tone-${index % TONES}` }));
  const series = toned
    .map(({ points, tone, ...training }) => ({
      tone: running(training) ? tone : `${tone} ended`,
      points: points.flatMap((point) => (point[metric] === null ? [] : [[point.step, point[metric]]])),
    }))
    .filter(({ points }) => points.length > 1);
  const most = Math.max(...trainings.map(({ total }) => total));
  byId('curves').replaceChildren(
    series.length > 0
      ? curvesChart(`Learning curves: ${name}`, series, most, { format, formatX: thousands })
      : element('p', { class: 'soft' }, 'The curves begin with the second update.'),
    element('p', { class: 'soft small' }, `${note}; by environment steps`),
  );
  byId('trials').replaceChildren(table(toned));
}

function table(trainings) {
  const head = ['training', 'done', 'steps', 'steps/s', 'left', 'mean reward', 'growth a year'];
  const rows = [...trainings].sort((a, b) => Number(running(b)) - Number(running(a)));
  return element(
    'div',
    { class: 'scroll' },
    element(
      'table',
      {},
      element(
        'thead',
        {},
        element('tr', {}, ...head.map((text, k) => element('th', k > 1 ? { class: 'number' } : {}, text))),
      ),
      element('tbody', {}, ...rows.map(row)),
    ),
  );
}

function row({ name, step, total, stepsPerSecond, secondsLeft, points, tone }) {
  const last = points.at(-1);
  const shown = (value, format) => (value === null || value === undefined ? '–' : format(value));
  const left = step >= total ? 'done' : shown(secondsLeft, clock);
  const numbers = [
    `${thousands(step)} of ${thousands(total)}`,
    shown(stepsPerSecond, (value) => thousands(Math.round(value))),
    left,
    shown(last?.meanReward, METRICS.meanReward.format),
    shown(last?.netGrowth, percent),
  ];
  return element(
    'tr',
    {},
    element('th', { scope: 'row', class: `swatch ${tone}` }, name),
    element('td', { class: 'share' }, shareBar(Math.min(1, step / total), tone)),
    ...numbers.map((text) => element('td', { class: 'number' }, text)),
  );
}
