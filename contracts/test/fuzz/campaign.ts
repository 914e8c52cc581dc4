import { deepStrictEqual } from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PORTFOLIO } from '../../../adapters/chain/codec.ts';
import { createRandom, type Random } from '../../../domain/simulation/random.ts';
import { type LedgerLimits, LIMIT_NAMES, type LimitSet } from '../../../local/chain/limits.ts';
import { applyCall, type Call, looseness, type ModelLedger, ZERO } from '../reference-model.ts';
import { drawCall } from './draw.ts';
import { type FuzzLedger, FuzzWorld } from './world.ts';

/** Calls in one block, blocks in the life of a ledger, ledgers on one chain (which remembers every transaction). */
const [PER_BLOCK, BLOCKS, LEDGERS] = [100, 6, 30];
/** Decoding logs takes as long as all the rest: of one ledger in so many they must tell the whole state. */
const LOGS_OF_EVERY = 6;

const START: LedgerLimits = {
  ...{ maxWeightBps: 2500, maxGrossBps: 9500, maxTurnoverBps: 5000, driftBpsPerDay: 500 },
  ...{ passiveBandBps: 500, maxDrawdownBps: 1500, maxNavChangeBpsPerDay: 2000, resetAfterDays: 9 },
};

export interface Campaign {
  calls: number;
  seconds: number;
  /** Calls by name and result, `rebalance ok`. */
  results: Map<string, number>;
}

/**
 * Random lives of ledgers: every call is predicted by the reference model and then made on the contract, which must give the same error, or,
 * after a call that it takes, the same answer of every view.
 * @throws AssertionError at the first difference, with the seed and the call.
 */
export async function runCampaign(wanted: {
  calls: number;
  seed: number;
  /** Told after each chain what has been done so far. */
  onProgress?: (soFar: Campaign) => void;
}): Promise<Campaign> {
  const random = createRandom(wanted.seed);
  const results = new Map<string, number>();
  const started = performance.now();
  let calls = 0;
  const soFar = (): Campaign => ({ calls, seconds: (performance.now() - started) / 1000, results });
  while (calls < wanted.calls) {
    const home = mkdtempSync(join(tmpdir(), 'fuzz-'));
    const world = await FuzzWorld.start(home);
    try {
      for (let made = 0; made < LEDGERS && calls < wanted.calls; made++) {
        const ledger = await world.create(random, ...drawShape(random));
        // The next block is drawn while the chain works on this one: the model knows already how it ends.
        let working = Promise.resolve();
        for (let block = 0; block < BLOCKS; block++) {
          const drawn = drawBlock(world, ledger, random);
          await working;
          working = checkBlock(world, ledger, drawn, wanted.seed);
          for (const { call, result } of drawn.calls) {
            const key = `${call.name} ${result}`;
            results.set(key, (results.get(key) ?? 0) + 1);
          }
          calls += drawn.calls.length;
        }
        await working;
        if (made % LOGS_OF_EVERY === 0) world.checkLogs(ledger);
      }
    } finally {
      await world.close();
      rmSync(home, { recursive: true, force: true });
    }
    wanted.onProgress?.(soFar());
  }
  return soFar();
}

export const reportOf = ({ calls, seconds, results }: Campaign): string =>
  [
    `${calls} calls in ${seconds.toFixed(1)} s, no difference`,
    ...[...results].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, count]) => `${key.padEnd(36)} ${count}`),
  ].join('\n');

/** Word counts on both sides of a full word. */
function drawShape(random: Random): [assets: number, limits: LimitSet] {
  const assets = [3, 7, 15, 16, 20][random.integer(5)];
  const groups = Math.min(assets, 1 + random.integer(4));
  return [assets, { limits: START, groupCapsBps: Array.from({ length: groups }, () => 4000 + random.integer(3000)) }];
}

/** At once, some days later, at the second at which what waits is due, and at the one before. */
function drawTime(random: Random, now: number, { pending }: ModelLedger): number {
  const kind = random.integer(4);
  if (pending.dueAt > now + 1 && kind < 2) return pending.dueAt - kind;
  return now + 1 + (kind === 2 ? random.integer(3 * 86_400) : 0);
}

interface DrawnBlock {
  time: number;
  calls: { from: string; call: Call; data: string; result: string; word: string }[];
}

/** Calls of one block, with what must come of each; the model goes on as it predicts. */
function drawBlock(world: FuzzWorld, ledger: FuzzLedger, random: Random): DrawnBlock {
  const time = drawTime(random, world.now, ledger.model);
  world.now = time;
  const calls = Array.from({ length: PER_BLOCK }, () => {
    const { from, call } = drawCall(random, ledger.model, world.cast, time);
    const { result, next } = applyCall(ledger.model, from, call, time);
    const data = ledger.encoder.encode(ledger.model, call);
    if (result === 'ok') checkInvariants(ledger.model, next, call);
    ledger.model = next;
    return { from, call, data, result, word: result === 'ok' ? world.expected(next) : wordOf(result) };
  });
  return { time, calls };
}

async function checkBlock(
  world: FuzzWorld,
  ledger: FuzzLedger,
  { time, calls }: DrawnBlock,
  seed: number,
): Promise<void> {
  const outcomes = await world.run(ledger, time, calls);
  for (const [index, { from, call, result, word }] of calls.entries()) {
    if (outcomes[index] === word) continue;
    const contract = errorOf(outcomes[index]);
    deepStrictEqual({ contract, seed, index, time, from, call }, { contract: result });
  }
}

/** What holds of every ledger after every call, whatever the rules are in detail. */
function checkInvariants(before: ModelLedger, after: ModelLedger, call: Call): void {
  const broken: string[] = [];
  const hold = (statement: string, holds: boolean) => holds || broken.push(statement);
  const settles = call.name === 'rebalance';
  hold('the weights are the whole book', after.weights.reduce((sum, bps) => sum + bps, 0) === 10_000);
  hold('no value stands above its high-water mark', after.navE18 <= after.highWaterMarkE18);
  hold('an order is an epoch, and nothing else is', after.epoch === before.epoch + (settles ? 1 : 0));
  hold('only an order moves the book', settles || after.stateHash === before.stateHash);
  hold('only limits that waited loosen', call.name === 'applyLimits' || !loosened(before, after));
  hold('every role is held', !Object.values(after.roles).includes(ZERO));
  if (broken.length > 0) deepStrictEqual({ call, broken }, { call, broken: [] });
}

const loosened = (before: ModelLedger, after: ModelLedger): boolean =>
  LIMIT_NAMES.some((name) => looseness(name, after.limits[name]) > looseness(name, before.limits[name])) ||
  after.groupCapsBps.some((cap, group) => cap > before.groupCapsBps[group]);

const SELECTORS = new Map<string, string>();
PORTFOLIO.forEachError(({ name, selector }) => SELECTORS.set(name, selector));
const wordOf = (name: string): string => `${SELECTORS.get(name)?.slice(2)}${'0'.repeat(56)}`;
const errorOf = (word: string): string =>
  [...SELECTORS.keys()].find((name) => wordOf(name) === word) ?? `another state, or an unknown error: ${word}`;

/** `node contracts/test/fuzz/campaign.ts 1000000 [seed]` */
if (import.meta.main) {
  const [calls, seed] = process.argv.slice(2).map(Number);
  const onProgress = (soFar: Campaign) => console.error(reportOf(soFar).split('\n')[0]);
  console.log(reportOf(await runCampaign({ calls, seed: seed ?? 1, onProgress })));
}
