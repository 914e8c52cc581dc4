import { element, lineChart, pairOfBars } from './charts.js';
import { watchTraining } from './training.js';

const byId = (id) => document.getElementById(id);
const percent = (value, digits = 2) =>
  value === null || value === undefined ? '–' : `${(value * 100).toFixed(digits)} %`;
const decimal = (value, digits = 2) => (value === null || value === undefined ? '–' : value.toFixed(digits));
const signed = (text) => (text.startsWith('-') || /^0(\.0*)? %$/.test(text) ? text : `+${text}`);
const words = (name) => name.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
const hash = (value) => element('span', { class: 'hash' }, value);

class Problem extends Error {
  constructor(problem) {
    super([problem.detail, problem.remedy].filter(Boolean).join('. '));
    this.status = problem.status;
  }
}

let token = null;

/** A token from the front that serves this page. */
async function openSession() {
  const response = await fetch('/session', { method: 'POST', headers: { 'x-dashboard': '1' } });
  const body = await response.json();
  if (!response.ok) throw new Problem(body);
  token = body.token;
}

async function api(path, again = true) {
  const response = await fetch(path, { headers: token ? { authorization: `Bearer ${token}` } : {} });
  if (response.status === 401 && again) {
    await openSession();
    return api(path, false);
  }
  const body = await response.json();
  if (!response.ok) throw new Problem(body);
  return body;
}

/** null where there is nothing yet. */
const apiOrNull = (path) =>
  api(path).catch((error) => {
    if (error instanceof Problem && error.status === 404) return null;
    throw error;
  });

function show(id, ...children) {
  byId(id).replaceChildren(...children);
}

function table(head, rows, numbers = 0) {
  const number = (column) => (column >= head.length - numbers ? { class: 'number' } : {});
  const cell = (content, column) => {
    if (column === 0) return element('th', { scope: 'row' }, content);
    const tone =
      content === 'pass'
        ? { class: 'good' }
        : content === 'FAIL' || content === 'drift'
          ? { class: 'bad' }
          : number(column);
    return element('td', head[column] === 'why' ? { class: 'prose' } : tone, content);
  };
  const header = element('tr', {}, ...head.map((text, column) => element('th', number(column), text)));
  const body = rows.map((row) => element('tr', {}, ...row.map(cell)));
  return element(
    'div',
    { class: 'scroll' },
    element('table', {}, element('thead', {}, header), element('tbody', {}, ...body)),
  );
}

const soft = (text) => element('p', { class: 'soft' }, text);
const definitions = (rows) =>
  element('dl', {}, ...rows.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]));

function showTiles(health, risk, champion) {
  const tiles = [
    [risk ? decimal(risk.book.nav.at(-1), 4) : '–', 'NAV of the live book'],
    [risk ? percent(risk.risk.drawdown) : '–', 'drawdown now'],
    [risk ? decimal(risk.risk.sharpe) : '–', 'Sharpe, live'],
    [risk ? percent(risk.risk.exposure, 1) : '–', 'exposure'],
    [champion ? champion.name : 'none', 'champion'],
    [risk ? String(risk.alerts.length) : '–', 'alerts', risk && risk.alerts.length > 0 ? 'bad' : 'good'],
  ];
  show(
    'tiles',
    ...tiles.map(([value, name, tone]) => element('li', {}, element('b', tone ? { class: tone } : {}, value), name)),
  );
  byId('subtitle').textContent = health.latestDecision
    ? `strategy ${health.strategy}, last decision ${health.latestDecision.date}`
    : `strategy ${health.strategy}, no decision yet`;
  byId('title').textContent = health.universe;
  document.title = `${health.universe}: portfolio`;
  byId('source').textContent = health.sourceLine;
}

function showWeights({ decision }) {
  const { weightsBps, previousBps } = decision;
  const symbols = [...new Set([...Object.keys(weightsBps), ...Object.keys(previousBps)])].filter(
    (symbol) => symbol !== 'CASH',
  );
  symbols.sort((a, b) => (weightsBps[b] ?? 0) - (weightsBps[a] ?? 0) || (a < b ? -1 : 1));
  const shown = [...symbols.filter((symbol) => weightsBps[symbol] || previousBps[symbol]), 'CASH'];
  const widest = Math.max(1, ...shown.flatMap((symbol) => [weightsBps[symbol] ?? 0, previousBps[symbol] ?? 0]));
  const rows = shown.map((symbol) => {
    const before = previousBps[symbol] ?? 0;
    const after = weightsBps[symbol] ?? 0;
    return element(
      'tr',
      {},
      element('th', { scope: 'row' }, symbol),
      element('td', { class: 'bars' }, pairOfBars(before, after, widest)),
      element('td', { class: 'number' }, percent(after / 10000)),
      element('td', { class: 'number soft' }, before === after ? '' : signed(percent((after - before) / 10000))),
    );
  });
  show('weights', element('table', {}, element('tbody', {}, ...rows)), soft('grey: before; colour: after'));
}

function showDecision({ hash: decisionHash, decision, settlement }) {
  const settled = settlement === 'not settled';
  show(
    'settlement',
    definitions([
      ['date', decision.date],
      [
        'decided by',
        `${decision.champion.name}${decision.challenger ? ` with ${decision.challenger.name} at ${percent(decision.challenger.alpha, 0)}` : ''}`,
      ],
      ['turnover, cost', `${percent(decision.turnover)}, ${decimal(decision.expectedCostBps)} bps`],
      [
        'limits hit',
        decision.limitsHit.length === 0
          ? 'none'
          : decision.limitsHit.map((hit) => `${words(hit.limit)} on ${hit.on}`).join(', '),
      ],
      ['transaction', settled ? 'not settled' : hash(settlement.transaction)],
      ...(settled ? [] : [['status', `${settlement.status}, epoch ${settlement.epoch}, chain ${settlement.chainId}`]]),
      ['decision', hash(decisionHash)],
      ['model', hash(decision.champion.modelHash)],
      ['dataset', hash(decision.dataset.hash)],
    ]),
  );
}

function showRisk(monitor) {
  if (!monitor) {
    for (const id of ['nav', 'drawdown', 'risk', 'watch']) show(id, soft('No session has been monitored yet.'));
    return;
  }
  const { book, risk, alerts, drift } = monitor;
  let peak = 0;
  const drawdowns = book.nav.map((nav) => {
    peak = Math.max(peak, nav);
    return nav / peak - 1;
  });
  const enough = book.dates.length >= 3;
  const waiting = soft('The chart begins with the third session.');
  show('nav', enough ? lineChart('Net asset value', book.dates, book.nav, 1, (value) => value.toFixed(3)) : waiting);
  show(
    'drawdown',
    enough ? lineChart('Drawdown', book.dates, drawdowns, 0, (value) => percent(value, 1)) : waiting.cloneNode(true),
  );
  show(
    'risk',
    table(
      ['figure', 'value'],
      [
        ['profit or loss', percent(risk.totalReturn)],
        ['return a year', percent(risk.annualReturn, 1)],
        ['volatility', percent(risk.volatility, 1)],
        ['Sharpe', decimal(risk.sharpe)],
        ['Sortino', decimal(risk.sortino)],
        ['worst drawdown', percent(risk.maxDrawdown)],
        ['value at risk, 95 %, a day', percent(risk.valueAtRisk95)],
        ['expected shortfall, 95 %, a day', percent(risk.expectedShortfall95)],
        ['turnover a year', percent(risk.turnoverAnnual, 0)],
        ...Object.entries(risk.groupExposure).map(([group, weight]) => [`held in ${group}`, percent(weight)]),
      ],
      1,
    ),
  );
  const list = alerts.map((alert) =>
    element('li', {}, element('b', { class: 'bad' }, alert.condition), `: ${alert.message}`),
  );
  show(
    'watch',
    list.length > 0 ? element('ul', {}, ...list) : element('p', { class: 'good' }, 'No alert.'),
    drift.assessed
      ? table(
          ['feature', 'of', 'KS', 'p adjusted', ''],
          drift.features
            .slice(0, 6)
            .map((f) => [f.feature, f.of, decimal(f.ks), decimal(f.adjusted, 3), f.drifted ? 'drift' : '']),
        )
      : soft(`Drift was not assessed: ${drift.reason}.`),
  );
}

function showGates({ gateReport }) {
  const { gates, verdict, name, outOfSample } = gateReport;
  const figures = Object.entries(outOfSample).map(([policy, f]) => [
    words(policy),
    decimal(f.sharpe),
    percent(f.annualReturn, 1),
    percent(f.volatility, 1),
    percent(f.maxDrawdown, 1),
    percent(f.turnover, 0),
  ]);
  show(
    'gates',
    element('p', {}, `${name}: `, element('b', { class: verdict === 'accepted' ? 'good' : 'bad' }, verdict)),
    table(
      ['gate', 'kind', 'value', 'threshold', 'result', 'why'],
      gates.map((gate) => [
        words(gate.gate),
        gate.group,
        gate.value === null ? 'not assessed' : decimal(gate.value, 3),
        decimal(gate.threshold, 3),
        gate.pass ? 'pass' : 'FAIL',
        gate.reason ?? '',
      ]),
    ),
    element('h2', { style: 'margin-top:1rem' }, 'Out of sample'),
    figures.length > 0
      ? table(['policy', 'Sharpe', 'return a year', 'volatility', 'worst drawdown', 'turnover a year'], figures, 5)
      : soft('Too little history.'),
  );
}

function choices(id, options, selected, onChange) {
  const select = byId(id);
  select.replaceChildren(
    ...options.map(([value, text]) =>
      element('option', value === selected ? { value, selected: '' } : { value }, text),
    ),
  );
  select.onchange = () => guarded(() => onChange(select.value));
  select.hidden = options.length === 0;
}

async function guarded(work) {
  try {
    await work();
    byId('notice').hidden = true;
  } catch (error) {
    byId('notice').textContent =
      error instanceof Problem ? error.message : 'The service does not answer. Is `npm start` still running?';
    byId('notice').hidden = false;
  }
}

async function showOneDecision(decisionHash) {
  const detail = await api(`/v1/decisions/${decisionHash}`);
  showWeights(detail);
  showDecision(detail);
}

async function start() {
  const [health, { decisions }, { models }, monitor] = await Promise.all([
    api('/v1/health'),
    api('/v1/decisions?limit=250'),
    api('/v1/models?limit=100'),
    apiOrNull('/v1/risk'),
  ]);
  showTiles(
    health,
    monitor,
    models.find((model) => model.champion),
  );
  showRisk(monitor);
  choices(
    'decision',
    decisions.map((one) => [one.decision, one.date]),
    decisions[0]?.decision,
    showOneDecision,
  );
  choices(
    'model',
    models.map((one) => [one.modelHash, `${one.name} v${one.version}${one.champion ? ' (champion)' : ''}`]),
    models[0]?.modelHash,
    async (modelHash) => showGates(await api(`/v1/models/${modelHash}`)),
  );
  if (decisions[0]) await showOneDecision(decisions[0].decision);
  else {
    show('weights', soft('Nothing has been decided yet: npm run drl -- run daily'));
    show('settlement', soft('No decision yet.'));
    setTimeout(() => guarded(start), 5_000); // the first day may be under way
  }
  if (models[0]) showGates(await api(`/v1/models/${models[0].modelHash}`));
  else show('gates', soft('No model yet.'));
}

watchTraining();
await guarded(async () => {
  await openSession();
  await start();
});
