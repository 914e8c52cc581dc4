import { z } from 'zod';
import { nameHash } from '../../adapters/chain/codec.ts';
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
import { canonicalJson } from '../../domain/lineage/canonical.ts';
import type { Decision } from '../../domain/lineage/decision.ts';
import { type ArtifactRef, artifactRefSchema, HASH } from '../../domain/lineage/manifest.ts';
import { dayOfIso } from '../../domain/market/days.ts';
import { loadDecision, recomputeDecision } from '../../functions/artifacts/decision.ts';
import { navE18, SETTLEMENT_FILES, settlementPointer } from '../../functions/artifacts/settlement.ts';
import { type Link, walkArtifacts } from './artifact.ts';
import {
  type AuditedChain,
  carries,
  checkSignatures,
  eventOf,
  type GenuineLedger,
  type LedgerCheck,
  type MinedRebalance,
  stateFollows,
} from './ledger.ts';

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

/** Ledgers that are the strategy's own: by address, or made by the same account. */
export interface Trust {
  readonly contracts: readonly string[];
  readonly creators: readonly string[];
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

/** An order as it is stored: `order.json` of a settlement. */
const rebalanceSchema = z.object({
  order: z.object({
    strategy: z.string(),
    epoch: z.number().int(),
    previousStateHash: HASH,
    weightsBps: z.record(z.string(), z.number().int()),
    modelHash: HASH,
    decisionHash: HASH,
    datasetHash: HASH,
    pricesEpoch: z.number().int(),
    deadline: z.number().int(),
  }),
  orderSignature: z.string(),
  attestation: z.object({
    strategy: z.string(),
    epoch: z.number().int(),
    pricesEpoch: z.number().int(),
    navE18: z.string().regex(/^\d+$/).transform(BigInt),
  }),
  attestationSignature: z.string(),
});
const receiptSchema = z.object({
  transaction: z.string(),
  blockNumber: z.number(),
  blockHash: z.string(),
  gasUsed: z.number(),
});
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
    const { succeeded, final, block, gasUsed, contract } = mined;
    const state = `${succeeded ? 'success' : 'reverted'}, block ${block}, ${final ? 'final' : 'not final yet'}, ${gasUsed} gas`;
    this.#first(
      'transaction',
      at,
      event ? state : `${state}, no rebalance of a ledger in it`,
      succeeded && event !== null,
    );
    if (!ledger) return;
    const { strategy, universe } = ledger.named;
    const named = !decision || (strategy === nameHash(decision.strategy) && universe === nameHash(decision.universe));
    const known =
      trust === null || trust.contracts.includes(contract) || trust.creators.includes(ledger.origin.creator);
    const made = `made by ${ledger.origin.factory} in block ${ledger.origin.block}, its code is what contracts/ compiles to`;
    const detail = !named
      ? 'a ledger of another strategy or universe'
      : !known
        ? `genuine, but not the strategy's own: that is ${trust?.contracts.join(' or ')}`
        : made;
    this.#add('contract', contract, null, named && known, detail);
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
    await this.#attempt('order', stored.path, async () => this.#orderLink(stored, order, decision, hash));
    await this.#attempt('receipt', stored.path, () => this.#receiptLink(strategy, stored));
    const [mined, ledger, event] = [this.#mined, this.#ledger, this.#event];
    if (!mined || !ledger || !event) return;
    await this.#attempt('event', mined.transaction, async () => this.#eventLink(event, ledger, order, decision));
    await this.#permissionLinks(mined, ledger, order, stored.path);
    await this.#attempt('decision before', stored.path, () => this.#predecessorLink(strategy, decision, event, ledger));
  }

  #orderLink(stored: Stored, rebalance: SignedRebalance, decision: Decision, hash: string): void {
    const { order, attestation } = rebalance;
    const says =
      order.strategy === decision.strategy &&
      order.decisionHash === hash &&
      order.modelHash === decision.champion.modelHash &&
      order.datasetHash === decision.dataset.hash &&
      order.pricesEpoch === dayOfIso(decision.date) &&
      attestation.navE18 === navE18(decision.book.nav) &&
      held(order.weightsBps) === held(decision.weightsBps);
    const sent = !this.#mined || !this.#ledger || carries(this.#mined, rebalance, this.#ledger);
    const detail = !says
      ? 'does not say what the decision says'
      : sent
        ? 'names this decision, its model, dataset, weights and value; the transaction carried it to the bit'
        : 'is not what the transaction carried';
    this.#add('order', stored.path, order.decisionHash, says && sent, detail);
  }

  /** The receipt that was stored when the transaction became final is the chain's. */
  async #receiptLink(strategy: string, stored: Stored): Promise<void> {
    const path = `${stored.path}/${SETTLEMENT_FILES.receipt}`;
    const mined = this.#mined;
    if (!mined) return;
    if (!stored.final)
      return this.#add(
        'receipt',
        path,
        null,
        true,
        'not stored: the settlement was not final when it was last looked at',
      );
    const receipt = receiptSchema.parse(await this.#json(strategy, stored, SETTLEMENT_FILES.receipt));
    const ok =
      receipt.transaction.toLowerCase() === mined.transaction.toLowerCase() &&
      receipt.blockNumber === mined.block &&
      receipt.blockHash === mined.blockHash &&
      receipt.gasUsed === mined.gasUsed;
    const said = `stored for ${receipt.transaction.slice(0, 12)}…, block ${receipt.blockNumber}, ${receipt.gasUsed} gas`;
    this.#add('receipt', path, mined.blockHash, ok, ok ? "the chain's, as it was stored" : said);
  }

  #eventLink(
    event: RebalanceEvent,
    ledger: GenuineLedger,
    { order, attestation }: SignedRebalance,
    decision: Decision,
  ): void {
    const follows = stateFollows(event, ledger);
    const says =
      event.decisionHash === order.decisionHash &&
      event.modelHash === order.modelHash &&
      event.datasetHash === order.datasetHash &&
      event.epoch === order.epoch &&
      event.previousStateHash === order.previousStateHash &&
      event.navE18 === attestation.navE18 &&
      held(event.weightsBps) === held(decision.weightsBps);
    const positions = Object.values(event.weightsBps).filter((bps) => bps > 0).length;
    const said = `epoch ${event.epoch}, ${positions} positions`;
    const problem = follows ? 'not what order and decision say' : 'its state hash does not follow from it';
    const ok = follows && says;
    const detail = ok ? `${said}, its state hash follows from it` : `${said}: ${problem}`;
    this.#add('event', String(this.#mined?.transaction), event.stateHash, ok, detail);
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

  /**
   * The book that a decision continues is that of the decision which the ledger settled before; decisions between the two that were never settled
   * are computed again. So each value rests on the one before it, back to the first epoch.
   */
  async #predecessorLink(
    strategy: string,
    decision: Decision,
    event: RebalanceEvent,
    ledger: GenuineLedger,
  ): Promise<void> {
    const { store, runtimes } = this.#verifier;
    const [exact] = runtimes.filter(({ name }) => name === 'exact');
    const before = event.epoch > 1 ? await this.#settledBefore(event, ledger) : null;
    const wanted = before?.decisionHash ?? null;
    let hash = decision.previousDecision;
    let unsettled = 0;
    for (; hash !== null && hash !== wanted; unsettled++) {
      const ref: ArtifactRef = { kind: 'decisions', hash };
      const again = exact ? await recomputeDecision(store, exact, strategy, ref) : null;
      if (again && again.differences.length > 0) break;
      hash = (again?.stored ?? (await loadDecision(store, strategy, ref))).previousDecision;
    }
    const ok = hash === wanted && (event.epoch === 1 || before?.stateHash === event.previousStateHash);
    const between = unsettled === 0 ? '' : `, over ${unsettled} that were not settled, computed again`;
    const detail =
      wanted === null ? `the first of this ledger${between}` : `that of epoch ${event.epoch - 1}${between}`;
    this.#add(
      'decision before',
      `decisions/${decision.previousDecision ?? '-'}`,
      wanted,
      ok,
      ok ? detail : `is not the one of epoch ${event.epoch - 1} on the chain`,
    );
  }

  async #settledBefore({ epoch }: RebalanceEvent, ledger: GenuineLedger): Promise<RebalanceEvent | null> {
    const log = await ledger.history.rebalanceOf(epoch - 1, Number(this.#mined?.block));
    return log && eventOf({ logs: [log] }, ledger);
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

/** Zero weights may be left out on one side: compare what is held. */
const held = (weights: Record<string, number>): string =>
  canonicalJson(Object.fromEntries(Object.entries(weights).filter(([, bps]) => bps !== 0)));
