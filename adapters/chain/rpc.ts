import { ProductError } from '../../domain/errors.ts';

/** What a node answered instead of a result. `data` carries the revert bytes of a call. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly method: string;
  readonly code: number;
  readonly data: unknown;

  constructor(method: string, code: number, message: string, data: unknown) {
    super(message);
    this.method = method;
    this.code = code;
    this.data = data;
  }
}

export interface Rpc {
  readonly url: string;
  send<T>(method: string, params: readonly unknown[]): Promise<T>;
}

export interface RpcOptions {
  /** Per request; default 20 s. */
  timeoutMs?: number;
  /** Times that a request without an answer (network, 429, 5xx) is sent again; default 4. Every method that is used may be repeated. */
  retries?: number;
  /** Wait before the first repetition, doubled each time; default 250 ms. */
  backoffMs?: number;
}

/** JSON-RPC 2.0 over HTTP. Throws `RpcError` for the node's errors and `RPC_UNREACHABLE` when there is no answer. */
export function createRpc(url: string, options: RpcOptions = {}): Rpc {
  const { timeoutMs = 20_000, retries = 4, backoffMs = 250 } = options;
  let id = 0;

  async function once<T>(method: string, params: readonly unknown[]): Promise<T> {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: ++id, method, params }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const text = await response.text();
    const answer = parse(text);
    if (answer?.error) throw new RpcError(method, answer.error.code, answer.error.message, answer.error.data);
    if (!response.ok || !answer || !('result' in answer))
      throw new Error(`HTTP ${response.status}: ${text.slice(0, 200)}`);
    return answer.result as T;
  }

  return {
    url,
    async send<T>(method: string, params: readonly unknown[]): Promise<T> {
      for (let attempt = 0; ; attempt++) {
        try {
          return await once<T>(method, params);
        } catch (error) {
          if (error instanceof RpcError && !isRateLimit(error)) throw error;
          if (attempt >= retries) throw unreachable(url, method, error);
          await new Promise((resolve) => setTimeout(resolve, backoffMs * 2 ** attempt));
        }
      }
    },
  };
}

/**
 * Rate limits that arrive as JSON-RPC errors: the code of EIP-1474, and the HTTP status that some providers put there. Of logs the same code says
 * that too many were asked for at once.
 */
const isRateLimit = ({ code, method }: RpcError): boolean =>
  code === 429 || (code === -32005 && method !== 'eth_getLogs');

interface Answer {
  result?: unknown;
  error?: { code: number; message: string; data?: unknown };
}

function parse(text: string): Answer | null {
  try {
    return JSON.parse(text) as Answer;
  } catch {
    return null;
  }
}

/** The URL may hold a key of the provider: only its host is told. */
const unreachable = (url: string, method: string, cause: unknown): ProductError =>
  new ProductError('RPC_UNREACHABLE', 'The chain does not answer', {
    facts: { host: new URL(url).host, method, reason: cause instanceof Error ? cause.message : String(cause) },
    remedy: 'Check chain.rpcUrl and the network; nothing is lost, the stage can be run again.',
    cause,
  });
