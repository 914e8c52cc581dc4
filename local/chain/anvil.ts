import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { createRpc, type Rpc } from '../../adapters/chain/rpc.ts';
import { ProductError } from '../../domain/errors.ts';

export const LOCAL_CHAIN_ID = 31337;
/** The chain keeps its own time: it begins here and ticks one second a block, so that no order expires while the command is off. */
const GENESIS_TIME = 1_700_000_000;
const READY_MS = 20_000;
/** States kept in memory, in blocks: enough for every read of a recent block. */
const STATES_KEPT = 64;
/** Saving may take this share of the running time: the state file grows with the number of blocks. */
const SAVE_SHARE = 0.05;

/** Ends the chain (which saves itself) when the parent's end of standard input closes: also when the parent was killed. */
const GUARD = `exec 3<&0
"$@" </dev/null & chain=$!
( while read -r _ <&3; do :; done; kill -TERM $chain ) & watch=$!
wait $chain; code=$?
kill $watch 2>/dev/null
exit $code`;

export interface LocalChain {
  readonly rpcUrl: string;
  /** Another process of this home had it running; `stop` leaves it alone. */
  readonly reused: boolean;
  /** Mine empty blocks: two of them make a block final. Saves the state now and then. */
  mine(blocks: number): Promise<void>;
  /** Write the state to the home now. */
  save(): Promise<void>;
  /** Save and end. */
  stop(): Promise<void>;
}

interface ChainFile {
  port: number;
  pid: number;
  chainId: number;
}

/** The native binary inside the npm package of this platform. */
export function anvilBinary(): string {
  const platform = process.platform;
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  const name = `@foundry-rs/anvil-${platform}-${arch}`;
  try {
    return createRequire(import.meta.url).resolve(`${name}/bin/anvil${platform === 'win32' ? '.exe' : ''}`);
  } catch (cause) {
    throw new ProductError('ANVIL_MISSING', 'The local chain is not installed for this platform', {
      facts: { package: name },
      remedy: 'Run npm ci without --omit=optional, or name a chain by URL in the configuration (chain.rpcUrl).',
      cause,
    });
  }
}

/**
 * Start the local chain of a home, or find the one that runs. Blocks outlive the process: `<home>/chain/state.json`.
 * `readOnly`: for a reader beside no owner; nothing is saved and no one else is told of it.
 */
export async function startLocalChain(options: { home: string; readOnly?: boolean }): Promise<LocalChain> {
  const folder = join(options.home, 'chain');
  const known = await findRunning(folder);
  if (known)
    return {
      rpcUrl: known.url,
      reused: true,
      mine: (blocks) => mineBlocks(known, blocks),
      save: async () => {},
      stop: async () => {},
    };
  mkdirSync(folder, { recursive: true });
  for (let attempt = 1; ; attempt++) {
    try {
      return await launch(folder, options.readOnly ?? false);
    } catch (error) {
      // The free port may have been taken between the question and the start.
      const taken =
        error instanceof ProductError &&
        error.code === 'LOCAL_CHAIN_STOPPED' &&
        String(error.facts.log).includes('in use');
      if (!taken || attempt === 3) throw error;
    }
  }
}

async function launch(folder: string, readOnly: boolean): Promise<LocalChain> {
  const port = await freePort();
  const stateFile = join(folder, 'state.json');
  const fresh = !exists(stateFile);
  const logFile = join(folder, 'anvil.log');
  const child = spawnGuarded(anvilArguments(port, stateFile, folder, fresh, readOnly), logFile);
  const rpc = createRpc(`http://127.0.0.1:${port}`, { retries: 0 });
  try {
    await whenReady(rpc, child, logFile);
    await keepOwnTime(rpc);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  const chainFile = join(folder, 'chain.json');
  if (!readOnly)
    writeFileSync(
      chainFile,
      JSON.stringify({ port, pid: child.pid ?? 0, chainId: LOCAL_CHAIN_ID } satisfies ChainFile),
    );
  return handle({ rpc, child, stateFile, chainFile, readOnly });
}

function handle(running: {
  rpc: Rpc;
  child: ChildProcess;
  stateFile: string;
  chainFile: string;
  readOnly: boolean;
}): LocalChain {
  const { rpc, child, stateFile, readOnly } = running;
  let savedAtMs = performance.now();
  let saveMs = 0;
  const save = async () => {
    if (readOnly) return;
    const started = performance.now();
    const dump = await rpc.send<string>('anvil_dumpState', []);
    const temporary = `${stateFile}.tmp`;
    writeFileSync(temporary, gunzipSync(Buffer.from(dump.slice(2), 'hex')));
    renameSync(temporary, stateFile);
    savedAtMs = performance.now();
    saveMs = savedAtMs - started;
  };
  return {
    rpcUrl: rpc.url,
    reused: false,
    async mine(blocks) {
      await mineBlocks(rpc, blocks);
      if (saveMs === 0 || (performance.now() - savedAtMs) * SAVE_SHARE > saveMs) await save();
    },
    save,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        await save();
        await end(child);
      }
      if (!readOnly) rmSync(running.chainFile, { force: true });
    },
  };
}

const mineBlocks = async (rpc: Rpc, blocks: number): Promise<void> => {
  await rpc.send('anvil_mine', [`0x${blocks.toString(16)}`]);
};

/** Let the next block be of this time (Unix seconds), and mine it. */
export async function passTimeTo(rpc: Rpc, timestamp: number): Promise<void> {
  await rpc.send('evm_setNextBlockTimestamp', [timestamp]);
  await mineBlocks(rpc, 1);
}

function anvilArguments(port: number, stateFile: string, folder: string, fresh: boolean, readOnly: boolean): string[] {
  return [
    ...['--host', '127.0.0.1', '--port', String(port), '--chain-id', String(LOCAL_CHAIN_ID), '--quiet', '--no-cors'],
    ...[
      '--accounts',
      '1',
      '--balance',
      '0',
      '--slots-in-an-epoch',
      '1',
      '--prune-history',
      String(STATES_KEPT),
      '--cache-path',
      join(folder, 'cache'),
    ],
    ...(fresh ? ['--timestamp', String(GENESIS_TIME)] : []),
    ...(readOnly ? (fresh ? [] : ['--load-state', stateFile]) : ['--state', stateFile]),
  ];
}

/** Own process group, so that Ctrl-C reaches the command first and the chain last. */
function spawnGuarded(args: string[], logFile: string): ChildProcess {
  const log = openSync(logFile, 'w');
  const command = process.platform === 'win32' ? anvilBinary() : 'sh';
  const commandArgs = process.platform === 'win32' ? args : ['-c', GUARD, 'sh', anvilBinary(), ...args];
  const child = spawn(command, commandArgs, {
    stdio: ['pipe', log, log],
    detached: process.platform !== 'win32',
    windowsHide: true,
  });
  closeSync(log);
  child.unref();
  (child.stdin as unknown as Duplex & { unref(): void }).unref();
  child.on('error', () => {}); // seen by whenReady as a child that has ended
  return child;
}

async function whenReady(rpc: Rpc, child: ChildProcess, logFile: string): Promise<void> {
  for (const deadline = performance.now() + READY_MS; ; ) {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) {
      throw new ProductError('LOCAL_CHAIN_STOPPED', 'The local chain ended while it was starting', {
        facts: { exitCode: child.exitCode, log: readFileSync(logFile, 'utf8').slice(-500) },
        remedy:
          'If its state file is damaged (the machine stopped while it was written), move the chain folder of the home away: the contract is deployed anew.',
      });
    }
    try {
      await rpc.send('eth_chainId', []);
      return;
    } catch (cause) {
      if (performance.now() > deadline)
        throw new ProductError('LOCAL_CHAIN_SLOW', 'The local chain did not answer in time', {
          facts: { seconds: READY_MS / 1000 },
          cause,
        });
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
  }
}

async function keepOwnTime(rpc: Rpc): Promise<void> {
  const { timestamp } = await rpc.send<{ timestamp: string }>('eth_getBlockByNumber', ['latest', false]);
  await rpc.send('anvil_setTime', [Number(timestamp)]); // a loaded state would go on at the wall clock's time
  await rpc.send('anvil_setBlockTimestampInterval', [1]);
}

async function findRunning(folder: string): Promise<Rpc | null> {
  try {
    const { port, pid, chainId } = JSON.parse(readFileSync(join(folder, 'chain.json'), 'utf8')) as ChainFile;
    process.kill(pid, 0);
    const rpc = createRpc(`http://127.0.0.1:${port}`, { retries: 0, timeoutMs: 2_000 });
    return Number(await rpc.send<string>('eth_chainId', [])) === chainId ? rpc : null;
  } catch {
    return null; // no file, no such process, or nobody answers: it does not run
  }
}

async function end(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.ref();
  if (process.platform === 'win32') child.kill();
  else child.stdin?.destroy();
  await ended;
}

function exists(file: string): boolean {
  try {
    closeSync(openSync(file, 'r'));
    return true;
  } catch {
    return false;
  }
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
