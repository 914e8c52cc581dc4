import type { ChainReceipt, PortfolioChain, RebalanceEvent, SignedRebalance } from '../../adapters/chain/port.ts';
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
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import { loadDecision, recomputeDecision } from '../../functions/artifacts/decision.ts';
import { type Link, walkArtifacts } from './artifact.ts';

export interface Verification {
  ok: boolean;
  transaction: string | null;
  decision: string | null;
  links: Link[];
}

export interface Verifier {
  store: ObjectStore;
  /** null: no chain is within reach; the links of the chain are then broken, not skipped. */
  chain: PortfolioChain | null;
  runtimes: readonly PolicyRuntime[];
}

/** Walk from a transaction or a decision back to the bytes of market data: every hash checked, the decision computed again. */
export async function verifyTarget(verifier: Verifier, target: string): Promise<Verification> {
  const { store, chain } = verifier;
  const isTransaction = target.startsWith('0x');
  if (!/^(0x)?[0-9a-f]{64}$/i.test(target)) {
    throw badInput('VERIFY_TARGET', 'A transaction is 0x and 64 hex characters, a decision 64 hex characters', {
      facts: { target },
      remedy: 'drl decision list shows the decisions.',
    });
  }
  const event = isTransaction && chain ? await chain.rebalanceEvent(target) : null;
  if (isTransaction && !event) {
    const detail = chain ? 'the chain has no rebalance of this contract in it' : 'no chain is within reach';
    return {
      ok: false,
      transaction: target,
      decision: null,
      links: [{ link: 'transaction', path: target, hash: target, ok: false, detail }],
    };
  }
  const hash = event ? event.decisionHash : target.toLowerCase();
  const strategy = await strategyOf(store, hash);
  if (strategy === null) {
    const link = {
      link: 'decision',
      path: `decisions/${hash}`,
      hash,
      ok: false,
      detail: 'no strategy of this store has this decision',
    };
    return { ok: false, transaction: isTransaction ? target : null, decision: hash, links: [link] };
  }
  const decisionRef: ArtifactRef = { kind: 'decisions', hash };
  const settlement =
    (await getPointer<{ settlement: ArtifactRef }>(store, strategy, `settlements/${hash}`))?.value.settlement ?? null;
  const settled = await settlementLinks(verifier, strategy, hash, settlement, isTransaction ? target : null);
  const artifacts = await walkArtifacts(store, strategy, decisionRef, (ref) => ref.kind === 'decisions');
  const replay = await replayLinks(verifier, strategy, decisionRef);
  const links = [...settled.links, ...artifacts, ...replay];
  return { ok: links.every((link) => link.ok), transaction: settled.transaction, decision: hash, links };
}

async function strategyOf(store: ObjectStore, decision: string): Promise<string | null> {
  const keys = await store.list('');
  return keys.find((key) => key.endsWith(`/decisions/${decision}/manifest.json`))?.split('/')[0] ?? null;
}

interface StoredSettlement {
  rebalance: SignedRebalance;
  transaction: string;
}

async function settlementLinks(
  { store, chain }: Verifier,
  strategy: string,
  decision: string,
  ref: ArtifactRef | null,
  asked: string | null,
): Promise<{ transaction: string | null; links: Link[] }> {
  if (!ref)
    return {
      transaction: asked,
      links: [
        {
          link: 'settlement',
          path: `${strategy}/pointers/settlements/${decision}.json`,
          hash: null,
          ok: false,
          detail: 'the decision was never settled',
        },
      ],
    };
  const stored = await walkArtifacts(store, strategy, ref, (each) => each.kind === 'decisions');
  const links = stored.filter((link) => link.path.includes('/settlements/'));
  if (links.some((link) => !link.ok)) return { transaction: asked, links };
  const { rebalance, transaction } = await readSettlement(store, strategy, ref);
  const path = artifactPrefix(strategy, ref);
  const document = await loadDecision(store, strategy, { kind: 'decisions', hash: decision }).catch(() => null);
  links.unshift(...(await chainLinks(chain, transaction, asked, rebalance, document)));
  links.push(orderLink(path, decision, rebalance, document));
  if (chain) {
    for (const { role, recovered, expected } of await chain.verifyRebalance(rebalance)) {
      links.push({
        link: `signature of the ${role}`,
        path,
        hash: null,
        ok: recovered === expected,
        detail: recovered === expected ? recovered : `signed by ${recovered}, the contract says ${expected}`,
      });
    }
    const approved = await chain.isModelApproved(rebalance.order.modelHash);
    links.push({
      link: 'model approval',
      path: (await chain.contract()) ?? 'contract',
      hash: rebalance.order.modelHash,
      ok: approved,
      detail: approved ? 'approved on chain' : 'the contract does not approve this model',
    });
  }
  return { transaction, links };
}

async function readSettlement(store: ObjectStore, strategy: string, ref: ArtifactRef): Promise<StoredSettlement> {
  const rebalance = await getArtifactJson<SignedRebalance>(store, strategy, ref, 'order.json');
  const { facts } = await getManifest(store, strategy, ref);
  return { rebalance, transaction: String(facts.transaction) };
}

async function chainLinks(
  chain: PortfolioChain | null,
  transaction: string,
  asked: string | null,
  rebalance: SignedRebalance,
  decision: Decision | null,
): Promise<Link[]> {
  const link = (name: string, ok: boolean, detail: string): Link => ({
    link: name,
    path: transaction,
    hash: transaction,
    ok,
    detail,
  });
  if (!chain) return [link('transaction', false, 'no chain is within reach')];
  if (asked !== null && asked.toLowerCase() !== transaction.toLowerCase())
    return [link('transaction', false, `the store settled this decision by another transaction than ${asked}`)];
  const [receipt, event] = await Promise.all([chain.receipt(transaction), chain.rebalanceEvent(transaction)]);
  if (!receipt || !event) return [link('transaction', false, 'the chain does not have it')];
  return [
    link(
      'transaction',
      receipt.status === 'success',
      `${receipt.status}, block ${receipt.blockNumber}, ${receipt.finality}`,
    ),
    link('event', eventMatches(event, rebalance, decision), eventDetail(event, receipt)),
  ];
}

/** Zero weights may be left out on one side: compare what is held. */
const held = (weights: Record<string, number>): string =>
  canonicalJson(Object.fromEntries(Object.entries(weights).filter(([, bps]) => bps !== 0)));

const eventMatches = (event: RebalanceEvent, { order }: SignedRebalance, decision: Decision | null): boolean =>
  event.decisionHash === order.decisionHash &&
  event.modelHash === order.modelHash &&
  event.datasetHash === order.datasetHash &&
  event.epoch === order.epoch &&
  decision !== null &&
  held(event.weightsBps) === held(decision.weightsBps);

const eventDetail = (event: RebalanceEvent, receipt: ChainReceipt): string =>
  `epoch ${event.epoch}, ${Object.values(event.weightsBps).filter((bps) => bps > 0).length} positions, ${receipt.gasUsed} gas`;

function orderLink(path: string, hash: string, { order }: SignedRebalance, decision: Decision | null): Link {
  const ok =
    decision !== null &&
    order.decisionHash === hash &&
    order.modelHash === decision.champion.modelHash &&
    order.datasetHash === decision.dataset.hash &&
    held(order.weightsBps) === held(decision.weightsBps);
  return {
    link: 'order',
    path,
    hash: order.decisionHash,
    ok,
    detail: ok ? 'names this decision, its model, its dataset and its weights' : 'does not say what the decision says',
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
