import { z } from 'zod';
import type { RebalanceEvent, SignedRebalance } from '../../adapters/chain/port.ts';
import {
  artifactPrefix,
  getArtifactFile,
  getManifest,
  getPointer,
  type ObjectStore,
} from '../../adapters/object-store/port.ts';
import type { PolicyRuntime } from '../../adapters/policy-runtime/port.ts';
import { badInput, ProductError } from '../../domain/errors.ts';
import type { Decision } from '../../domain/lineage/decision.ts';
import { type ArtifactRef, artifactRefSchema } from '../../domain/lineage/manifest.ts';
import { loadDecision, recomputeDecision } from '../../functions/artifacts/decision.ts';
import { SETTLEMENT_FILES, settlementPointer } from '../../functions/artifacts/settlement.ts';
import { type Link, walkArtifacts } from './artifact.ts';
import {
  type AuditedChain,
  carries,
  checkSignatures,
  eventOf,
  type GenuineLedger,
  type LedgerCheck,
  type MinedRebalance,
} from './ledger.ts';
import { predecessorLink, settledBefore } from './predecessor.ts';
import {
  contractLink,
  eventLink,
  orderLink,
  rebalanceSchema,
  receiptLink,
  receiptSchema,
  type StoredReceipt,
  type Trust,
} from './settlement-links.ts';

/** What was found, as a document that stands alone: `drl verify --json`. */
export interface Verification {
  schema: 1;
  ok: boolean;
  /** The first link that does not hold. */
  broken: string | null;
  transaction: string | null;
  decision: string | null;
  strategy: string | null;
  /** Where on which chain; null: nothing was read from one. */
  chain: Pick<
    MinedRebalance,
    'chainId' | 'contract' | 'block' | 'blockHash' | 'blockTime' | 'final' | 'gasUsed'
  > | null;
  /** Whether anybody said which ledger is the strategy's; without that the proof is of some genuine ledger. */
  pinned: boolean;
  /** What the chain says was ordered. */
  ordered: Pick<RebalanceEvent, 'epoch' | 'weightsBps' | 'modelHash' | 'decisionHash' | 'datasetHash'> | null;
  links: Link[];
}

export interface Verifier {
  store: ObjectStore;
  /** null: no chain is within reach; the links of the chain are then broken, not skipped. */
  chain: AuditedChain | null;
  /** null: nobody says which ledgers are the strategy's. */
  trust: Trust | null;
  /** The decision is computed again by each; `exact` bit for bit. */
  runtimes: readonly PolicyRuntime[];
}

/** @param strategy of the decision, where it is known: the store is not searched for it. */
export async function verifyDecision(verifier: Verifier, strategy: string, decision: string): Promise<Verification> {
  const proof = new Proof(verifier);
  await proof.ofDecision(decision, strategy);
  return proof.verification();
}

/** Walk from a transaction or a decision back to the bytes of market data: every hash checked, the decision computed again. */
export async function verifyTarget(verifier: Verifier, target: string): Promise<Verification> {
  if (!/^(0x)?[0-9a-f]{64}$/i.test(target)) {
    throw badInput('VERIFY_TARGET', 'A transaction is 0x and 64 hex characters, a decision 64 hex characters', {
      facts: { target },
      remedy: 'drl decision list shows the decisions.',
    });
  }
  const proof = new Proof(verifier);
  if (target.startsWith('0x')) await proof.ofTransaction(target.toLowerCase());
  else await proof.ofDecision(target.toLowerCase());
  return proof.verification();
}

const settlementPointerSchema = z.object({ settlement: artifactRefSchema });

/** What a settlement's folder holds, as far as it can be read. */
interface Stored {
  readonly ref: ArtifactRef;
  readonly path: string;
  readonly transaction: string;
  readonly final: boolean;
}

/** One walk, link by link. A link that cannot be judged is broken; only a chain that does not answer ends the walk. */
class Proof {
  readonly #verifier: Verifier;
  readonly #links: Link[] = [];
  #transaction: string | null = null;
  #decision: string | null = null;
  #strategy: string | null = null;
  #mined: MinedRebalance | null = null;
  #ledger: GenuineLedger | null = null;
  #event: RebalanceEvent | null = null;

  constructor(verifier: Verifier) {
    this.#verifier = verifier;
  }

  async ofTransaction(transaction: string): Promise<void> {
    this.#transaction = transaction;
    await this.#readTransaction(transaction);
    if (!this.#event) return this.#transactionLinks(null);
    this.#decision = this.#event.decisionHash;
    await this.#proveDecision(this.#decision);
  }

  async ofDecision(decision: string, strategy?: string): Promise<void> {
    this.#decision = decision;
    await this.#proveDecision(decision, strategy);
  }

  verification(): Verification {
    const first = this.#links.find(({ ok }) => !ok);
    const mined = this.#mined;
    const event = this.#event;
    return {
      schema: 1,
      ok: first === undefined,
      broken: first?.link ?? null,
      transaction: this.#transaction,
      decision: this.#decision,
      strategy: this.#strategy,
      chain: mined && pick(mined, 'chainId', 'contract', 'block', 'blockHash', 'blockTime', 'final', 'gasUsed'),
      pinned: this.#verifier.trust !== null,
      ordered: event && pick(event, 'epoch', 'weightsBps', 'modelHash', 'decisionHash', 'datasetHash'),
      links: this.#links,
    };
  }

  async #proveDecision(hash: string, known?: string): Promise<void> {
    const { store } = this.#verifier;
    const strategy = known ?? (await strategyOf(store, hash));
    if (strategy === null) {
      if (this.#mined) this.#transactionLinks(null);
      this.#add('decision', `decisions/${hash}`, hash, false, 'no strategy of this store has this decision');
      return;
    }
    this.#strategy = strategy;
    const ref: ArtifactRef = { kind: 'decisions', hash };
    const [own, ...rest] = await walkArtifacts(store, strategy, ref, ({ kind }) => kind === 'decisions');
    const document = own.ok ? await loadDecision(store, strategy, ref).catch(() => null) : null;
    const stored = await this.#storedSettlement(strategy, hash);
    if (stored && !this.#mined) await this.#readTransaction(stored.transaction);
    this.#transaction ??= stored?.transaction ?? null;
    this.#transactionLinks(document);
    this.#links.push(own);
    if (document) await this.#settlementLinks(strategy, document, hash, stored);
    this.#links.push(...rest);
    await this.#replays(strategy, ref);
  }

  /** Mined, by a genuine ledger: what can be known of a transaction without the store. */
  async #readTransaction(transaction: string): Promise<void> {
    const { chain } = this.#verifier;
    this.#mined = (await chain?.mined(transaction)) ?? null;
    if (!chain || !this.#mined) return;
    const check = await this.#attempt<LedgerCheck>('contract', this.#mined.contract, () =>
      chain.ledger(String(this.#mined?.contract)),
    );
    if (check?.ok === false) this.#add('contract', this.#mined.contract, null, false, check.detail);
    if (!check?.ok) return;
    this.#ledger = check;
    this.#event = eventOf(this.#mined, check);
  }

  /** @param decision what the ledger's names must be those of; null: the decision cannot be read. */
  #transactionLinks(decision: Decision | null): void {
    const { chain, trust } = this.#verifier;
    const [mined, ledger, event] = [this.#mined, this.#ledger, this.#event];
    const at = this.#transaction ?? 'no transaction';
    if (!mined) {
      const unsettled = this.#transaction === null;
      const missing = unsettled ? 'this store has no settlement of the decision' : 'the chain does not have it';
      this.#first('transaction', at, chain ? missing : 'no chain is within reach', false);
      return;
    }
    const { succeeded, final, block, gasUsed } = mined;
    const state = `${succeeded ? 'success' : 'reverted'}, block ${block}, ${final ? 'final' : 'not final yet'}, ${gasUsed} gas`;
    this.#first(
      'transaction',
      at,
      event ? state : `${state}, no rebalance of a ledger in it`,
      succeeded && event !== null,
    );
    if (!ledger) return;
    this.#links.push(contractLink(mined, ledger, decision, trust));
  }

  async #storedSettlement(strategy: string, decision: string): Promise<Stored | null> {
    const { store } = this.#verifier;
    const pointer = await getPointer<unknown>(store, strategy, settlementPointer(decision)).catch(() => null);
    const ref = settlementPointerSchema.safeParse(pointer?.value).data?.settlement;
    if (!ref) return null;
    const facts = await getManifest(store, strategy, ref).then(
      (manifest) => manifest.facts,
      () => null,
    );
    const transaction = String(facts?.transaction ?? '').toLowerCase();
    return { ref, path: artifactPrefix(strategy, ref), transaction, final: facts?.status === 'finalized' };
  }

  /** What the store says was signed and sent, and that the chain says the same. */
  async #settlementLinks(strategy: string, decision: Decision, hash: string, stored: Stored | null): Promise<void> {
    if (!stored) {
      const path = `${strategy}/pointers/${settlementPointer(hash)}.json`;
      this.#add('settlement', path, null, false, 'this store has no settlement of the decision');
      return;
    }
    const { store } = this.#verifier;
    const walked = await walkArtifacts(store, strategy, stored.ref, ({ kind }) => kind === 'decisions');
    const own = walked.filter(({ path }) => path === stored.path);
    this.#links.push(...own);
    if (own.some(({ ok }) => !ok)) return;
    const order = await this.#attempt('order', stored.path, async () =>
      rebalanceSchema.parse(await this.#json(strategy, stored, SETTLEMENT_FILES.order)),
    );
    if (!order) return;
    const [mined, ledger, event] = [this.#mined, this.#ledger, this.#event];
    await this.#attempt('order', stored.path, async () => {
      const carried = !mined || !ledger || carries(mined, order, ledger);
      this.#links.push(orderLink(stored.path, order, decision, hash, carried));
    });
    await this.#attempt('receipt', stored.path, async () => {
      if (mined) this.#links.push(receiptLink(stored, await this.#receipt(strategy, stored), mined));
    });
    if (!mined || !ledger || !event) return;
    await this.#attempt('event', mined.transaction, async () => {
      this.#links.push(eventLink(mined.transaction, event, ledger, order, decision));
    });
    await this.#permissionLinks(mined, ledger, order, stored.path);
    await this.#attempt('decision before', stored.path, async () => {
      const before = await settledBefore(event, mined, ledger);
      this.#links.push(await predecessorLink(this.#verifier, strategy, decision, event, before));
    });
  }

  /** Who signed, and whether the model was approved, by what the ledger knew when the order was mined. */
  async #permissionLinks(
    mined: MinedRebalance,
    ledger: GenuineLedger,
    rebalance: SignedRebalance,
    path: string,
  ): Promise<void> {
    const { chain } = this.#verifier;
    await this.#attempt('signatures', path, async () => {
      if (!chain) return;
      for (const { role, ok, detail } of await checkSignatures(chain, ledger, mined, rebalance))
        this.#add(`signature of the ${role}`, path, null, ok, detail);
    });
    await this.#attempt('model approval', mined.contract, async () => {
      const { modelHash } = rebalance.order;
      const ok = await ledger.history.modelApprovedAt(modelHash, mined);
      const detail = ok ? 'approved on the chain when it was settled' : 'the ledger had not approved this model';
      this.#add('model approval', mined.contract, modelHash, ok, detail);
    });
  }

  async #replays(strategy: string, ref: ArtifactRef): Promise<void> {
    const path = artifactPrefix(strategy, ref);
    for (const runtime of this.#verifier.runtimes) {
      const name = `replay (${runtime.name})`;
      await this.#attempt(name, path, async () => {
        const { stored, differences, weightError } = await recomputeDecision(
          this.#verifier.store,
          runtime,
          strategy,
          ref,
        );
        const exact = runtime.name === 'exact';
        const ok = exact ? differences.length === 0 : weightError <= 1e-6;
        const same = `recomputed bit for bit, ${Object.keys(stored.weightsBps).length} weights`;
        const bits = ok ? same : `differs in ${differences.join(', ')}`;
        const close = `largest difference of a weight ${weightError.toExponential(1)} (limit 1e-6)`;
        this.#add(name, path, ref.hash, ok, exact ? bits : close);
      });
    }
  }

  /** null: the settlement was not final when it was stored. */
  async #receipt(strategy: string, stored: Stored): Promise<StoredReceipt | null> {
    return stored.final ? receiptSchema.parse(await this.#json(strategy, stored, SETTLEMENT_FILES.receipt)) : null;
  }

  async #json(strategy: string, { ref }: Stored, name: string): Promise<unknown> {
    return JSON.parse(new TextDecoder().decode(await getArtifactFile(this.#verifier.store, strategy, ref, name)));
  }

  /** What cannot be read is a broken link with the reason; a chain or store that does not answer is none. */
  async #attempt<T>(link: string, path: string, act: () => Promise<T>): Promise<T | null> {
    try {
      return await act();
    } catch (error) {
      if (error instanceof ProductError && error.code === 'RPC_UNREACHABLE') throw error;
      const reason = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
      this.#add(link, path, null, false, reason.split('\n')[0]);
      return null;
    }
  }

  #add(link: string, path: string, hash: string | null, ok: boolean, detail: string): void {
    this.#links.push({ link, path, hash, ok, detail });
  }

  /** Before what was found out about the contract on the way. */
  #first(link: string, at: string, detail: string, ok: boolean): void {
    this.#links.unshift({ link, path: at, hash: this.#transaction, ok, detail });
  }
}

const pick = <T extends object, K extends keyof T>(value: T, ...keys: K[]): Pick<T, K> =>
  Object.fromEntries(keys.map((key) => [key, value[key]])) as Pick<T, K>;

export async function strategyOf(store: ObjectStore, decision: string): Promise<string | null> {
  const keys = await store.list('');
  return keys.find((key) => key.endsWith(`/decisions/${decision}/manifest.json`))?.split('/')[0] ?? null;
}
