import { getArtifactJson, getPointer, type ObjectStore } from '../../adapters/object-store/port.ts';
import type { Decision } from '../../domain/lineage/decision.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import { CASH } from '../../domain/market/instrument.ts';
import { cagr } from '../../domain/metrics/cagr.ts';
import { conditionalValueAtRisk } from '../../domain/metrics/cvar.ts';
import { maxDrawdown } from '../../domain/metrics/max-drawdown.ts';
import { rollingSharpe, sharpe } from '../../domain/metrics/sharpe.ts';
import { sortino } from '../../domain/metrics/sortino.ts';
import { totalReturn } from '../../domain/metrics/total-return.ts';
import { annualTurnover } from '../../domain/metrics/turnover.ts';
import { valueAtRisk } from '../../domain/metrics/var.ts';
import { volatility } from '../../domain/metrics/volatility.ts';
import { type LiveBook, type Monitor, monitorSchema, type RiskFigures } from '../../domain/monitoring/monitor.ts';
import { loadDecision } from '../artifacts/decision.ts';

export const ROLLING_DAYS = 63;
/** A rate or a ratio a year from fewer sessions is noise, and turnover mostly the first purchase. */
const LEAST_FOR_A_YEAR = 63;

/** The monitor of the session that a decision follows, when it was made for exactly that decision. */
export async function previousMonitor(
  store: ObjectStore,
  strategy: string,
  previous: Decision,
  hash: string,
): Promise<Monitor | null> {
  const pointer = await getPointer<{ monitor: ArtifactRef }>(store, strategy, `monitors/by-date/${previous.date}`);
  if (!pointer) return null;
  const monitor = monitorSchema.parse(await getArtifactJson(store, strategy, pointer.value.monitor, 'monitor.json'));
  return monitor.decision === hash ? monitor : null;
}

const exposureOf = (decision: Decision): number => 1 - (decision.book.held[CASH] ?? 0);

/**
 * The book that the decisions made, from the first to this one. The chain is walked back only to the last session that was
 * monitored; the same chain gives the same book whichever way it was read.
 */
export async function liveBook(
  store: ObjectStore,
  strategy: string,
  decision: Decision,
): Promise<{ book: LiveBook; previous: Monitor | null }> {
  const chain = [decision];
  let known: Monitor | null = null;
  for (
    let hash = decision.previousDecision;
    hash !== null && known === null;
    hash = chain[chain.length - 1].previousDecision
  ) {
    const earlier = await loadDecision(store, strategy, { kind: 'decisions', hash });
    known = await previousMonitor(store, strategy, earlier, hash);
    if (known === null) chain.push(earlier);
  }
  chain.reverse();
  const start = known?.book ?? { dates: [], nav: [], turnover: [], exposure: [] };
  const book = {
    dates: [...start.dates, ...chain.map((one) => one.date)],
    nav: [...start.nav, ...chain.map((one) => one.book.nav)],
    turnover: [...start.turnover, ...chain.map((one) => one.turnover)],
    exposure: [...start.exposure, ...chain.map(exposureOf)],
  };
  return { book, previous: known };
}

/** Risk figures of the live book. Returns are from decision date to decision date, after costs. */
export function riskFigures(book: LiveBook, decision: Decision, groupOf: ReadonlyMap<string, string>): RiskFigures {
  const returns = Float64Array.from({ length: book.nav.length - 1 }, (_, i) => book.nav[i + 1] / book.nav[i] - 1);
  const groupExposure: Record<string, number> = {};
  for (const [symbol, weight] of Object.entries(decision.book.held)) {
    if (symbol === CASH || weight === 0) continue;
    const group = groupOf.get(symbol) ?? 'other';
    groupExposure[group] = (groupExposure[group] ?? 0) + weight;
  }
  const enough = returns.length >= 2;
  const yearly = returns.length >= LEAST_FOR_A_YEAR;
  return {
    sessions: book.dates.length,
    totalReturn: totalReturn(returns),
    annualReturn: yearly ? cagr(returns) : null,
    volatility: volatility(returns),
    sharpe: yearly ? sharpe(returns) : null,
    rollingSharpe: rollingSharpe(returns, ROLLING_DAYS),
    sortino: yearly ? sortino(returns) : null,
    maxDrawdown: maxDrawdown(returns),
    drawdown: Math.min(0, decision.book.nav / decision.book.highWaterMark - 1),
    valueAtRisk95: enough ? valueAtRisk(returns, 0.95) : null,
    expectedShortfall95: enough ? conditionalValueAtRisk(returns, 0.95) : null,
    turnoverAnnual: yearly ? annualTurnover(book.turnover) : null,
    exposure: exposureOf(decision),
    groupExposure,
  };
}
