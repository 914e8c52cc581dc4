import { startWorld } from '../contracts/test/settlement-world.ts';
import { settleStage } from '../functions/settle/settle.ts';
import { printFigure } from './report.ts';

/** From a decision in the store to a transaction that is final: signed, recorded, broadcast, mined, final. Local chain, PGlite, local keys; one after the other. */
const SETTLEMENTS = 200;

const world = await startWorld();
const milliseconds: number[] = [];
for (let n = 0; n < SETTLEMENTS; n++) {
  const { ref } = await world.decide({ A000: 1000 + (n % 200), A001: 500 });
  const input = settleStage.input.parse(world.event(ref));
  const started = performance.now();
  const { status } = await settleStage.run(input, world.ports);
  milliseconds.push(performance.now() - started);
  if (status !== 'finalized') throw new Error(`settlement ${n} is ${status}`);
}
await world.close();
milliseconds.sort((a, b) => a - b);
printFigure('settle', 'decision to final, p50', 'ms', milliseconds);
printFigure('settle', 'decision to final, p99', 'ms', [milliseconds[Math.floor(0.99 * SETTLEMENTS)]]);
