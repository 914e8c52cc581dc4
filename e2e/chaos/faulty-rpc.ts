import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRpc, type Rpc, RpcError } from '../../adapters/chain/rpc.ts';
import type { Random } from '../../domain/simulation/random.ts';

/** What a node, or the way to it, can do wrong. */
export const FAULT_KINDS = [
  'hangBefore',
  'hangAfter',
  'reset',
  'garbage',
  'http503',
  'http429',
  'limit32005',
  'twice',
  'staleNonce',
  'highNonce',
  'noReceipt',
  'unknownTransaction',
  'wrongChain',
  'lagging',
  'lyingHead',
  'disagree',
  'refuses',
  'takesAndRefuses',
  'drops',
  'reorganises',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** A fault that the next `times` requests of its kind meet, after `skip` that it lets pass. */
export interface Fault {
  kind: FaultKind;
  skip: number;
  times: number;
  /** Blocks, nonces, or which of the texts. */
  size: number;
}

/** Methods that a fault is about; the others meet any request. */
const ABOUT: Partial<Record<FaultKind, readonly string[]>> = {
  twice: ['eth_sendRawTransaction'],
  staleNonce: ['eth_getTransactionCount'],
  highNonce: ['eth_getTransactionCount'],
  noReceipt: ['eth_getTransactionReceipt'],
  unknownTransaction: ['eth_getTransactionReceipt', 'eth_getTransactionByHash'],
  wrongChain: ['eth_chainId'],
  lyingHead: ['eth_getBlockByNumber', 'eth_blockNumber'],
  refuses: ['eth_sendRawTransaction'],
  takesAndRefuses: ['eth_sendRawTransaction'],
  drops: ['eth_sendRawTransaction'],
  reorganises: ['eth_getTransactionReceipt'],
};

/** How clients refuse bytes that they do not take. */
const REFUSALS: readonly [client: string, code: number, text: string][] = [
  ['Geth', -32000, 'nonce too low: next nonce 9, tx nonce 7'],
  ['Geth', -32000, 'txpool is full'],
  ['Geth', -32000, 'transaction underpriced: gas tip cap 1, minimum needed 1000000'],
  ['Geth', -32000, 'replacement transaction underpriced'],
  ['Geth', -32000, 'insufficient funds for gas * price + value: balance 0, tx cost 1, overshot 1'],
  ['Nethermind', -32010, 'FeeTooLow, MaxFeePerGas too low'],
  ['Nethermind', -32010, 'OldNonce, Current nonce: 9, nonce of rejected tx: 7'],
  ['Nethermind', -32010, 'ReplacementNotAllowed'],
  ['Erigon', -32000, 'could not replace existing tx'],
  ['Erigon', -32000, 'fee cap less than block base fee'],
  ['Besu', -32009, 'Gas price below configured minimum gas price'],
  ['Besu', -32001, 'Nonce too low'],
  ['Besu', -32004, 'Upfront cost exceeds account balance'],
  ['Reth', -32003, 'transaction underpriced'],
  ['Reth', -32003, 'txpool is full'],
];
/** How they say that they have the bytes. */
const KNOWN: readonly [client: string, code: number, text: string][] = [
  ['Geth', -32000, 'already known'],
  ['Nethermind', -32010, 'AlreadyKnown'],
  ['Erigon', -32000, 'already known'],
  ['Besu', -32000, 'Known transaction'],
  ['Reth', -32003, 'already known'],
];

/** Requests over which two providers take turns, at least. */
const DISAGREE = 30;

export function randomFaults(random: Random, count: number): Fault[] {
  return Array.from({ length: count }, () => {
    const kind = FAULT_KINDS[random.integer(FAULT_KINDS.length)];
    // Faults of any request are spread over a run of the stage and are over soon; those of one method meet it early, and last.
    const [skip, times] = ABOUT[kind]
      ? [random.integer(2), random.integer(4)]
      : [random.integer(40), random.integer(3)];
    return { kind, skip, times: 1 + times + (kind === 'disagree' ? DISAGREE : 0), size: 1 + random.integer(64) };
  });
}

export interface FaultyRpc {
  url: string;
  /** The faults from now on; those of before are forgotten. */
  plan(faults: readonly Fault[]): void;
  /** Faults that were met so far, by kind. */
  readonly met: Record<string, number>;
  close(): Promise<void>;
}

interface Request {
  id: number;
  method: string;
  params: unknown[];
}
type Reply = { result: unknown } | { error: { code: number; message: string; data?: unknown } };

/** Reorganisations stay within what the tests' finality rule leaves open. */
const REORG_DEPTH = 4;
/** Blocks that a lagging node is behind. */
const LAG = 3;

/** A JSON-RPC node on a free port of 127.0.0.1 that answers as the one behind it does, but for the faults of the plan. */
export async function startFaultyRpc(target: string): Promise<FaultyRpc> {
  const node = createRpc(target, { retries: 0 });
  const met: Record<string, number> = {};
  let faults: Fault[] = [];

  function next(method: string): Fault | null {
    for (const fault of faults) {
      if (fault.times === 0 || (ABOUT[fault.kind] && !ABOUT[fault.kind]?.includes(method))) continue;
      if (fault.skip > 0) {
        fault.skip -= 1;
        continue;
      }
      fault.times -= 1;
      met[fault.kind] = (met[fault.kind] ?? 0) + 1;
      return fault;
    }
    return null;
  }

  const server = createServer(async (request, response) => {
    const asked = JSON.parse(await bodyOf(request)) as Request;
    const fault = next(asked.method);
    if (fault) await answerWith(fault, asked, node, response);
    else reply(response, asked, await forward(node, asked));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    met,
    plan: (planned) => {
      faults = planned.map((fault) => ({ ...fault }));
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of request) text += String(part);
  return text;
}

const reply = (response: ServerResponse, { id }: Request, answer: Reply): void =>
  void response
    .writeHead(200, { 'content-type': 'application/json' })
    .end(JSON.stringify({ jsonrpc: '2.0', id, ...answer }));

async function forward(node: Rpc, { method, params }: Pick<Request, 'method' | 'params'>): Promise<Reply> {
  try {
    return { result: await node.send(method, params) };
  } catch (error) {
    if (!(error instanceof RpcError)) return { error: { code: -32603, message: 'internal error' } };
    return { error: { code: error.code, message: error.message, data: error.data } };
  }
}

const failure = ([, code, message]: readonly [string, number, string]): Reply => ({ error: { code, message } });
const hex = (value: number): string => `0x${Math.max(0, value).toString(16)}`;

/** Faults of the way to the node first, then those of the node. */
async function answerWith(fault: Fault, asked: Request, node: Rpc, response: ServerResponse): Promise<void> {
  switch (fault.kind) {
    case 'hangBefore':
      return; // never answered: the client's timeout ends it
    case 'hangAfter':
      await forward(node, asked);
      return;
    case 'reset':
      response.destroy();
      return;
    case 'garbage':
      response.writeHead(200).end('<html>502 Bad Gateway</html>');
      return;
    case 'http503':
      response.writeHead(503).end('unavailable');
      return;
    case 'http429':
      response.writeHead(429).end('slow down');
      return;
    default:
      reply(response, asked, await wrong(fault, asked, node));
  }
}

async function wrong({ kind, size, times }: Fault, asked: Request, node: Rpc): Promise<Reply> {
  const right = () => forward(node, asked);
  const number = async () => {
    const answer = await right();
    return 'result' in answer ? Number(answer.result) : 0;
  };
  switch (kind) {
    case 'limit32005':
      return { error: { code: -32005, message: 'daily request count exceeded, request rate limited' } };
    case 'twice':
      await right();
      return right();
    case 'staleNonce':
      return { result: hex((await number()) - (1 + (size % 3))) };
    case 'highNonce':
      return { result: hex((await number()) + 1 + (size % 3)) };
    case 'noReceipt':
    case 'unknownTransaction':
      return { result: null };
    case 'wrongChain':
      return { result: '0xaa36a7' };
    case 'lyingHead':
      return lyingHead(asked, await right(), size);
    case 'lagging':
      return lagging(asked, node);
    case 'disagree':
      return times % 2 === 0 ? lagging(asked, node) : right(); // two providers by turns, one of them behind
    case 'refuses':
      return failure(REFUSALS[size % REFUSALS.length]);
    case 'takesAndRefuses':
      await right();
      return failure(size % 2 === 0 ? KNOWN[size % KNOWN.length] : REFUSALS[size % REFUSALS.length]);
    case 'drops': {
      const answer = await right();
      if ('result' in answer) await node.send('anvil_dropTransaction', [answer.result]).catch(() => null);
      return answer;
    }
    case 'reorganises':
      await reorganise(node, 1 + (size % REORG_DEPTH));
      return right();
    default:
      return right();
  }
}

let reorganising: Promise<unknown> = Promise.resolve();

/** One after the other: two at once would together go deeper than either. */
async function reorganise(node: Rpc, depth: number): Promise<void> {
  reorganising = reorganising.then(() => node.send('anvil_reorg', [depth, []]).catch(() => null));
  await reorganising;
}

/** A head that is far above the true one. */
function lyingHead({ method, params }: Request, answer: Reply, size: number): Reply {
  if (!('result' in answer) || answer.result === null) return answer;
  if (method === 'eth_blockNumber') return { result: hex(Number(answer.result) + size) };
  if (String(params[0]).startsWith('0x')) return answer;
  const block = answer.result as { number: string };
  return { result: { ...block, number: hex(Number(block.number) + size) } };
}

/** As a node answers that has not seen the last blocks. */
async function lagging({ method, params }: Request, node: Rpc): Promise<Reply> {
  const head = Number(await node.send<string>('eth_blockNumber', []));
  const seen = Math.max(0, head - LAG);
  if (method === 'eth_blockNumber') return { result: hex(seen) };
  if (method === 'eth_sendRawTransaction') return forward(node, { method, params });
  const changed = params.map((value) => (['latest', 'pending'].includes(String(value)) ? hex(seen) : value));
  const answer = await forward(node, { method, params: changed });
  const block = 'result' in answer ? (answer.result as { blockNumber?: string; number?: string } | null) : null;
  const at = block?.blockNumber ?? block?.number;
  return at !== undefined && Number(at) > seen ? { result: null } : answer;
}
