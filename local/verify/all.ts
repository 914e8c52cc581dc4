import { getPointer, type ObjectStore } from '../../adapters/object-store/port.ts';
import {
  ARTIFACT_KINDS,
  type ArtifactKind,
  type ArtifactRef,
  artifactRefSchema,
} from '../../domain/lineage/manifest.ts';
import { loadDecision } from '../../functions/artifacts/decision.ts';
import { settlementPointer } from '../../functions/artifacts/settlement.ts';
import { checkArtifact, type Link } from './artifact.ts';
import { eventOf } from './ledger.ts';
import { strategyOf, type Verifier, verifyDecision } from './verify.ts';

export interface History {
  ok: boolean;
  /** Stored folders that were checked. */
  objects: number;
  /** Decisions by day. `settled` false: made before there was a ledger, or waiting; all but its settlement is proved. */
  decisions: { date: string; decision: string; settled: boolean; ok: boolean }[];
  links: Link[];
}

/** Links that a decision without a settlement cannot have. */
const OF_SETTLEMENT = new Set(['transaction', 'settlement']);

/**
 * Every stored folder hash-checked, every decision since a day proved from its transaction, and every order on the strategy's ledgers found in
 * the store: a day that was taken out of the store, or swapped for another, is missed.
 */
export async function checkEverything(verifier: Verifier, since: string | null): Promise<History> {
  const { store } = verifier;
  const links: Link[] = [];
  const keys = await store.list('');
  const folders = storedFolders(keys);
  for (const { strategy, ref } of folders) links.push((await checkArtifact(store, strategy, ref, ref.kind)).link);
  const days = await decidedDays(store, keys);
  links.push(...days.flatMap(({ problem }) => problem ?? []));
  if (days.length === 0) links.push(broken('history', 'pointers/decisions', 'there is no decision in this store'));
  const decisions: History['decisions'] = [];
  for (const { date, strategy, decision } of days) {
    if (decision === null || (since !== null && date < since)) continue;
    const settled = (await getPointer(store, strategy, settlementPointer(decision)).catch(() => null)) !== null;
    const result = await verifyDecision(verifier, strategy, decision);
    const bad = result.links.filter(({ ok, link }) => !ok && (settled || !OF_SETTLEMENT.has(link)));
    decisions.push({ date, decision, settled, ok: bad.length === 0 });
    links.push(...bad);
  }
  links.push(...(await missingOrders(verifier, new Set(days.map(({ decision }) => decision)))));
  return { ok: links.every((link) => link.ok), objects: folders.length, decisions, links };
}

const broken = (link: string, path: string, detail: string): Link => ({ link, path, hash: null, ok: false, detail });

/** Every folder of an artifact kind, also one whose manifest is gone. */
function storedFolders(keys: readonly string[]): { strategy: string; ref: ArtifactRef }[] {
  const names = new Set(keys.map((key) => key.split('/').slice(0, 3).join('/')));
  return [...names].flatMap((name) => {
    const [strategy, kind, hash] = name.split('/');
    return ARTIFACT_KINDS.includes(kind as ArtifactKind) && hash
      ? [{ strategy, ref: { kind: kind as ArtifactKind, hash } }]
      : [];
  });
}

interface DecidedDay {
  date: string;
  strategy: string;
  /** null: the pointer of the day cannot be read. */
  decision: string | null;
  problem: Link | null;
}

/** The decision of each day by its pointer, which is no proof: it must be of that day. */
async function decidedDays(store: ObjectStore, keys: readonly string[]): Promise<DecidedDay[]> {
  const found = /^([^/]+)\/pointers\/(decisions\/by-date\/(.+))\.json$/;
  const days: DecidedDay[] = [];
  for (const key of keys) {
    const match = found.exec(key);
    if (!match) continue;
    const [, strategy, name, date] = match;
    const pointer = await getPointer<{ decision?: unknown }>(store, strategy, name).catch(() => null);
    const ref = artifactRefSchema.safeParse(pointer?.value.decision).data;
    const document = ref && (await loadDecision(store, strategy, ref).catch(() => null));
    const problem = !ref
      ? broken('pointer of a day', key, 'cannot be read')
      : document && document.date !== date
        ? broken('pointer of a day', key, `leads to the decision of ${document.date}`)
        : null;
    days.push({ date, strategy, decision: ref?.hash ?? null, problem });
  }
  return days.sort((a, b) => (a.date < b.date ? -1 : 1));
}

/** Orders on the strategy's ledgers whose decision is of no day of this store. */
async function missingOrders({ store, chain, trust }: Verifier, known: ReadonlySet<string | null>): Promise<Link[]> {
  const missing: Link[] = [];
  for (const contract of trust?.contracts ?? []) {
    const ledger = await chain?.ledger(contract);
    if (!chain || !ledger?.ok) continue; // where an order was sent to it, that is a broken link already
    for (const log of await ledger.history.rebalances()) {
      const event = eventOf({ logs: [log] }, ledger);
      if (!event || known.has(event.decisionHash)) continue;
      const where =
        (await strategyOf(store, event.decisionHash)) === null ? 'is not in this store' : 'is of no day here';
      missing.push(
        broken(
          'order',
          log.transactionHash,
          `epoch ${event.epoch} of ${contract}: its decision ${event.decisionHash} ${where}`,
        ),
      );
    }
  }
  return missing;
}
