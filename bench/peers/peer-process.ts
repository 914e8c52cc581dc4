import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A Python peer that has warmed up and waits for requests: the other end of serve.py. */
export class PeerProcess {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  }

  /** Start `script` of this folder with `options`, give it `facts`, and wait until it is ready. */
  static async start(
    python: string,
    script: string,
    facts: unknown,
    options: readonly string[] = [],
  ): Promise<PeerProcess> {
    const path = fileURLToPath(new URL(script, import.meta.url));
    const peer = new PeerProcess(
      spawn(python, [path, ...options], { stdio: ['pipe', 'pipe', 'inherit'], env: peerEnvironment() }),
    );
    peer.#send(facts);
    await peer.#receive();
    return peer;
  }

  /** One request, one answer, of types that the script and its caller agree on. */
  async ask<Answer>(request: unknown): Promise<Answer> {
    this.#send(request);
    return (await this.#receive()) as Answer;
  }

  close(): void {
    this.#child.kill();
  }

  #send(value: unknown): void {
    this.#child.stdin?.write(`${JSON.stringify(value)}\n`);
  }

  async #receive(): Promise<unknown> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('A peer ended; its own message is above');
    return JSON.parse(value);
  }
}

/** No byte code beside the scripts, JAX on the processor. */
export const peerEnvironment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  PYTHONDONTWRITEBYTECODE: '1',
  JAX_PLATFORMS: 'cpu',
  CUDA_VISIBLE_DEVICES: '',
});
