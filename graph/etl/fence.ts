import { randomUUID } from 'node:crypto';
import { refused } from '../../domain/errors.ts';
import { BEGIN_LOAD, LOAD_TOKEN, WHILE_LOADING } from '../queries/load.ts';
import type { CypherRunner, Statement } from '../queries/statement.ts';

/**
 * One load of a universe at a time, without waiting: the load that begins last goes through, and from then on the writes of an earlier one
 * find nothing to do. A load that was killed holds nobody up.
 */
export class Fence implements CypherRunner {
  readonly #runner: CypherRunner;
  readonly #universe: string;
  readonly #token = randomUUID();

  constructor(runner: CypherRunner, universe: string) {
    this.#runner = runner;
    this.#universe = universe;
  }

  begin(): Promise<void> {
    return this.#runner.write({ text: BEGIN_LOAD, parameters: { universe: this.#universe, token: this.#token } });
  }

  read<T extends Record<string, unknown>>(statement: Statement): Promise<T[]> {
    return this.#runner.read<T>(statement);
  }

  write({ text, parameters }: Statement): Promise<void> {
    return this.#runner.write({
      text: WHILE_LOADING + text,
      parameters: { ...parameters, load: this.#universe, token: this.#token },
    });
  }

  /** @throws ProductError GRAPH_LOAD_OVERTAKEN (refused) when another load has begun: this one may have written a part. */
  async end(): Promise<void> {
    const [row] = await this.#runner.read<{ token: string }>({
      text: LOAD_TOKEN,
      parameters: { universe: this.#universe },
    });
    if (row?.token === this.#token) return;
    throw refused('GRAPH_LOAD_OVERTAKEN', 'Another load of this universe began before this one was done', {
      facts: { universe: this.#universe },
      remedy: 'Wait for it, then run the graph stage again; what was left half written is finished then.',
    });
  }
}
