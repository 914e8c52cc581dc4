import { z } from 'zod';
import type { ChainReceipt, RebalanceEvent, SignedRebalance } from '../../adapters/chain/port.ts';
import {
  artifactPrefix,
  getArtifactJson,
  getManifest,
  getPointer,
  type ObjectStore,
} from '../../adapters/object-store/port.ts';
import type { PolicyRuntime } from '../../adapters/policy-runtime/port.ts';
import { badInput, ProductError } from '../../domain/errors.ts';
import { canonicalJson } from '../../domain/lineage/canonical.ts';
import type { Decision } from '../../domain/lineage/decision.ts';
import { type ArtifactRef, artifactRefSchema } from '../../domain/lineage/manifest.ts';
import { dayOfIso } from '../../domain/market/days.ts';
import { loadDecision, recomputeDecision } from '../../functions/artifacts/decision.ts';
import { navE18, SETTLEMENT_FILES, settlementPointer } from '../../functions/artifacts/settlement.ts';
import { type Link, walkArtifacts } from './artifact.ts';
import type { AuditedLedger, AuditedRebalance } from './ledger.ts';

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
    AuditedRebalance,
    'chainId' | 'contract' | 'block' | 'blockHash' | 'blockTime' | 'final' | 'gasUsed'
  > | null;
  /** What the chain says was ordered. */
  ordered: Pick<RebalanceEvent, 'epoch' | 'weightsBps' | 'modelHash' | 'decisionHash' | 'datasetHash'> | null;
  links: Link[];
}

export interface Verifier {
  store: ObjectStore;
  /** null: no chain is within reach; the links of the chain are then broken, not skipped. */
  ledger: AuditedLedger | null;
  /** The ledger that the auditor knows to be the strategy's; null: the one that the transaction was sent to. */
  contract: string | null;
  runtimes: readonly PolicyRuntime[];
}

/** Walk from a transaction or a decision back to the bytes of market data: every hash checked, the decision computed again. */
export async function verifyTarget(verifier: Verifier, target: string): Promise<Verification> {
  if (!/^(0x)?[0-9a-f]{64}$/i.test(target)) {
    throw badInput('VERIFY_TARGET', 'A transaction is 0x and 64 hex characters, a decision 64 hex characters', {
      facts: { target },
      remedy: 'drl decision list shows the decisions.',
    });
  }
  const { store, ledger } = verifier;
  const asked = target.startsWith('0x') ? target.toLowerCase() : null;
  const mined = asked === null ? null : ((await ledger?.rebalance(asked)) ?? null);
  if (asked !== null && !mined?.event)
    return conclude({ transaction: asked, rebalance: mined }, transactionLinks(verifier, asked, mined));
  const decision = mined?.event?.decisionHash ?? target.toLowerCase();
  const strategy = await strategyOf(store, decision);
  if (strategy === null)
    return conclude({ transaction: asked, decision, rebalance: mined }, [
      ...(asked === null ? [] : transactionLinks(verifier, asked, mined)),
      broken('decision', `decisions/${decision}`, decision, 'no strategy of this store has this decision'),
    ]);
  const found = { strategy, decision, asked };
  const settled = await settlementLinks(verifier, found, mined);
  const ref: ArtifactRef = { kind: 'decisions', hash: decision };
  return conclude({ ...settled, decision, strategy }, [
    ...settled.links,
    ...(await walkArtifacts(store, strategy, ref, ({ kind }) => kind === 'decisions')),
    ...(await replayLinks(verifier, strategy, ref)),
  ]);
}

function conclude(
  {
    transaction,
    decision = null,
    strategy = null,
    rebalance,
  }: {
    transaction: string | null;
    decision?: string | null;
    strategy?: string | null;
    rebalance: AuditedRebalance | null;
  },
  links: Link[],
): Verification {
  const first = links.find(({ ok }) => !ok);
  const { event } = rebalance ?? {};
  return {
    schema: 1,
    ok: first === undefined,
    broken: first?.link ?? null,
    transaction,
    decision,
    strategy,
    chain: rebalance && pick(rebalance, 'chainId', 'contract', 'block', 'blockHash', 'blockTime', 'final', 'gasUsed'),
    ordered: event ? pick(event, 'epoch', 'weightsBps', 'modelHash', 'decisionHash', 'datasetHash') : null,
    links,
  };
}

const pick = <T extends object, K extends keyof T>(value: T, ...keys: K[]): Pick<T, K> =>
  Object.fromEntries(keys.map((key) => [key, value[key]])) as Pick<T, K>;

const broken = (link: string, path: string, hash: string | null, detail: string): Link => ({
  link,
  path,
  hash,
  ok: false,
  detail,
});

async function strategyOf(store: ObjectStore, decision: string): Promise<string | null> {
  const keys = await store.list('');
  return keys.find((key) => key.endsWith(`/decisions/${decision}/manifest.json`))?.split('/')[0] ?? null;
}

interface Found {
  strategy: string;
  decision: string;
  /** The transaction that was asked about; null: the decision was. */
  asked: string | null;
}

interface Settled {
  transaction: string | null;
  rebalance: AuditedRebalance | null;
  links: Link[];
}

/** From the transaction to the order: what the chain says, what the store says, and that both say the same. */
async function settlementLinks(verifier: Verifier, found: Found, mined: AuditedRebalance | null): Promise<Settled> {
  const { store, ledger } = verifier;
  const { strategy, decision, asked } = found;
  const ref = await settlementOf(store, strategy, decision);
  if (!ref) {
    const path = `${strategy}/pointers/${settlementPointer(decision)}.json`;
    const links = asked === null ? [] : transactionLinks(verifier, asked, mined);
    links.push(broken('settlement', path, null, 'this store has no settlement of the decision'));
    return { transaction: asked, rebalance: mined, links };
  }
  const stored = (await walkArtifacts(store, strategy, ref, ({ kind }) => kind === 'decisions')).filter(({ path }) =>
    path.includes('/settlements/'),
  );
  if (stored.some(({ ok }) => !ok)) return { transaction: asked, rebalance: mined, links: stored };
  const order = await getArtifactJson<SignedRebalance>(store, strategy, ref, SETTLEMENT_FILES.order);
  const transaction = asked ?? (await transactionOf(store, strategy, ref));
  const rebalance = mined ?? (await ledger?.rebalance(transaction)) ?? null;
  const document = await loadDecision(store, strategy, { kind: 'decisions', hash: decision }).catch(() => null);
  const path = artifactPrefix(strategy, ref);
  const links = [
    ...transactionLinks(verifier, transaction, rebalance),
    ...(rebalance ? [eventLink(rebalance, order, document), await receiptLink(store, strategy, ref, rebalance)] : []),
    ...stored,
    orderLink(path, decision, order, document),
    ...(rebalance && ledger && rebalance.code.implementation !== null
      ? await permissionLinks(ledger, rebalance, order, path)
      : []),
  ];
  return { transaction, rebalance, links };
}

/** null: there is none, or the pointer to it is damaged. */
async function settlementOf(store: ObjectStore, strategy: string, decision: string): Promise<ArtifactRef | null> {
  const pointer = await getPointer<unknown>(store, strategy, settlementPointer(decision)).catch(() => null);
  return settlementPointerSchema.safeParse(pointer?.value).data?.settlement ?? null;
}
const settlementPointerSchema = z.object({ settlement: artifactRefSchema });

const transactionOf = async (store: ObjectStore, strategy: string, ref: ArtifactRef): Promise<string> =>
  String((await getManifest(store, strategy, ref)).facts.transaction).toLowerCase();

/** That the chain has the transaction, in a block that stays, sent to the strategy's own ledger. */
function transactionLinks({ ledger, contract }: Verifier, transaction: string, found: AuditedRebalance | null): Link[] {
  const missing = ledger ? 'the chain does not have it' : 'no chain is within reach';
  if (!found) return [broken('transaction', transaction, transaction, missing)];
  const { succeeded, final, block, gasUsed, code, event } = found;
  const state = `${succeeded ? 'success' : 'reverted'}, block ${block}, ${final ? 'final' : 'not final yet'}, ${gasUsed} gas`;
  const other = contract !== null && contract.toLowerCase() !== found.contract.toLowerCase();
  return [
    {
      link: 'transaction',
      path: transaction,
      hash: transaction,
      ok: succeeded && event !== null,
      detail: event ? state : `${state}, no rebalance of a ledger in it`,
    },
    {
      link: 'contract',
      path: found.contract,
      hash: null,
      ok: code.ok && !other,
      detail: other ? `the strategy's ledger is ${contract}` : code.detail,
    },
  ];
}

function eventLink(rebalance: AuditedRebalance, order: SignedRebalance, decision: Decision | null): Link {
  const { event, stateFollows, transaction } = rebalance;
  const ok = event !== null && stateFollows && eventMatches(event, order, decision);
  const positions = Object.values(event?.weightsBps ?? {}).filter((bps) => bps > 0).length;
  const said = `epoch ${event?.epoch ?? '-'}, ${positions} positions`;
  return {
    link: 'event',
    path: transaction,
    hash: event?.stateHash ?? null,
    ok,
    detail: ok
      ? `${said}, its state hash follows from it`
      : `${said}: ${stateFollows ? 'not what order and decision say' : 'its state hash does not follow from it'}`,
  };
}

/** The receipt that was stored when the transaction became final is the chain's. */
async function receiptLink(
  store: ObjectStore,
  strategy: string,
  ref: ArtifactRef,
  { transaction, block, blockHash, gasUsed }: AuditedRebalance,
): Promise<Link> {
  const path = `${artifactPrefix(strategy, ref)}/${SETTLEMENT_FILES.receipt}`;
  const { files } = await getManifest(store, strategy, ref);
  if (!files[SETTLEMENT_FILES.receipt])
    return { link: 'receipt', path, hash: null, ok: true, detail: 'not stored yet: the transaction was not final' };
  const stored = await getArtifactJson<ChainReceipt>(store, strategy, ref, SETTLEMENT_FILES.receipt);
  const ok =
    stored.transaction.toLowerCase() === transaction.toLowerCase() &&
    stored.blockNumber === block &&
    stored.blockHash === blockHash &&
    stored.gasUsed === gasUsed;
  return {
    link: 'receipt',
    path,
    hash: blockHash,
    ok,
    detail: ok ? "the chain's, as it was stored" : `stored for block ${stored.blockNumber}, ${stored.gasUsed} gas`,
  };
}

/** Who signed, and whether the model was approved, by what the contract knew when the order was mined. */
async function permissionLinks(
  ledger: AuditedLedger,
  rebalance: AuditedRebalance,
  order: SignedRebalance,
  path: string,
): Promise<Link[]> {
  const signatures = await ledger.signatures(rebalance, order);
  const { modelHash } = order.order;
  const approved = await ledger.modelApproved(rebalance, modelHash);
  return [
    ...signatures.map(({ role, ok, detail }) => ({ link: `signature of the ${role}`, path, hash: null, ok, detail })),
    {
      link: 'model approval',
      path: rebalance.contract,
      hash: modelHash,
      ok: approved,
      detail: approved ? 'approved on the chain when it was settled' : 'the contract had not approved this model',
    },
  ];
}

/** Zero weights may be left out on one side: compare what is held. */
const held = (weights: Record<string, number>): string =>
  canonicalJson(Object.fromEntries(Object.entries(weights).filter(([, bps]) => bps !== 0)));

const eventMatches = (
  event: RebalanceEvent,
  { order, attestation }: SignedRebalance,
  decision: Decision | null,
): boolean =>
  event.decisionHash === order.decisionHash &&
  event.modelHash === order.modelHash &&
  event.datasetHash === order.datasetHash &&
  event.epoch === order.epoch &&
  event.previousStateHash === order.previousStateHash &&
  event.navE18 === BigInt(attestation.navE18) &&
  decision !== null &&
  held(event.weightsBps) === held(decision.weightsBps);

function orderLink(
  path: string,
  hash: string,
  { order, attestation }: SignedRebalance,
  decision: Decision | null,
): Link {
  const ok =
    decision !== null &&
    order.decisionHash === hash &&
    order.modelHash === decision.champion.modelHash &&
    order.datasetHash === decision.dataset.hash &&
    order.pricesEpoch === dayOfIso(decision.date) &&
    BigInt(attestation.navE18) === navE18(decision.book.nav) &&
    held(order.weightsBps) === held(decision.weightsBps);
  return {
    link: 'order',
    path,
    hash: order.decisionHash,
    ok,
    detail: ok ? 'names this decision, its model, dataset, weights and value' : 'does not say what the decision says',
  };
}

async function replayLinks({ store, runtimes }: Verifier, strategy: string, ref: ArtifactRef): Promise<Link[]> {
  const links: Link[] = [];
  for (const runtime of runtimes) {
    const base = { link: `replay (${runtime.name})`, path: artifactPrefix(strategy, ref), hash: ref.hash };
    try {
      const { stored, differences, weightError } = await recomputeDecision(store, runtime, strategy, ref);
      if (runtime.name === 'exact')
        links.push({
          ...base,
          ok: differences.length === 0,
          detail:
            differences.length === 0
              ? `recomputed bit for bit, ${Object.keys(stored.weightsBps).length} weights`
              : `differs in ${differences.join(', ')}`,
        });
      else
        links.push({
          ...base,
          ok: weightError <= 1e-6,
          detail: `largest difference of a weight ${weightError.toExponential(1)} (limit 1e-6)`,
        });
    } catch (error) {
      links.push({ ...base, ok: false, detail: error instanceof ProductError ? error.message : String(error) });
    }
  }
  return links;
}
