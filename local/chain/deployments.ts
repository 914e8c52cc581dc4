import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { encodeSymbols, nameHash } from '../../adapters/chain/codec.ts';
import type { Deployment } from '../../adapters/chain/evm.ts';
import { checkCode, checkFactory, readCloneArguments } from '../../adapters/chain/genuine.ts';
import type { Rpc } from '../../adapters/chain/rpc.ts';
import { COMPILER, PORTFOLIO_ABI, PORTFOLIO_FACTORY_ABI, SOURCE_HASH } from '../../contracts/generated/portfolio.ts';
import { badInput } from '../../domain/errors.ts';
import { hashOf } from '../../domain/lineage/canonical.ts';

const ADDRESS = z.string().regex(/^0x[0-9a-fA-F]{40}$/);

/** `contracts/deployments/<network>.json`: what lies where on a network, and what it was made from. Kept in the repository, checked by anyone. */
const deploymentsSchema = z.strictObject({
  schema: z.literal(1),
  network: z.string(),
  chainId: z.number().int().positive(),
  compiler: z.strictObject({ version: z.string(), settings: z.record(z.string(), z.unknown()) }),
  /** Over compiler, options and every source. */
  sourceHash: z.string(),
  abiHashes: z.strictObject({ Portfolio: z.string(), PortfolioFactory: z.string() }),
  factory: ADDRESS,
  ledgers: z.array(
    z.strictObject({
      contract: ADDRESS,
      startBlock: z.number().int().nonnegative(),
      strategy: z.string(),
      universe: z.string(),
      /** What its address and its code follow from. */
      arguments: z.strictObject({
        symbols: z.array(z.string()).min(1),
        groups: z.array(z.number().int().nonnegative()).min(1),
      }),
    }),
  ),
});
export type Deployments = z.infer<typeof deploymentsSchema>;

export const deploymentsFile = (root: string, network: string): string =>
  join(root, 'contracts', 'deployments', `${network}.json`);

/** Ledgers that this checkout knows on a chain. */
export function deployedOn(root: string, chainId: number): string[] {
  const folder = join(root, 'contracts', 'deployments');
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : [];
  const known = files.flatMap((name) => readDeployments(join(folder, name)) ?? []);
  return known
    .filter((each) => each.chainId === chainId)
    .flatMap(({ ledgers }) => ledgers.map(({ contract }) => contract));
}

/** null: nothing is deployed on this network. @throws DEPLOYMENTS_MALFORMED */
export function readDeployments(file: string): Deployments | null {
  if (!existsSync(file)) return null;
  try {
    return deploymentsSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    throw badInput('DEPLOYMENTS_MALFORMED', 'The file of deployments cannot be read', {
      facts: { file, problem: cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause) },
      remedy: 'Take it from the repository again, or remove it and run drl chain init.',
      cause,
    });
  }
}

/** What one ledger is, by the code of this checkout. */
export function deploymentsOf(network: string, deployment: Deployment, groups: readonly number[]): Deployments {
  const { chainId, factory, contract, startBlock, strategy, universe, assets } = deployment;
  const ledger = { contract, startBlock, strategy, universe, arguments: { symbols: assets, groups: [...groups] } };
  return { schema: 1, network, chainId, ...compiled(), factory, ledgers: [ledger] };
}

/** Enter a ledger, beside those that are there; one of the same address is replaced. */
export function recordDeployment(file: string, entered: Deployments): void {
  const known = readDeployments(file);
  const [{ contract }] = entered.ledgers;
  // A new factory is a new set: ledgers of the old one stay readable in the history of this file.
  const others =
    known?.factory === entered.factory ? known.ledgers.filter((ledger) => ledger.contract !== contract) : [];
  const ledgers = [...others, ...entered.ledgers].sort((a, b) => (a.contract < b.contract ? -1 : 1));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.part`, `${JSON.stringify({ ...entered, ledgers }, null, 2)}\n`);
  renameSync(`${file}.part`, file);
}

const compiled = (): Pick<Deployments, 'compiler' | 'sourceHash' | 'abiHashes'> => ({
  compiler: { version: COMPILER.version, settings: structuredClone(COMPILER.settings) },
  sourceHash: SOURCE_HASH,
  abiHashes: { Portfolio: hashOf(PORTFOLIO_ABI), PortfolioFactory: hashOf(PORTFOLIO_FACTORY_ABI) },
});

export interface DeploymentCheck {
  readonly check: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** Everything that the file says, against the code of this checkout and the bytes on the chain. */
export async function checkDeployments(rpc: Rpc, file: Deployments): Promise<DeploymentCheck[]> {
  const chainId = Number(await rpc.send<string>('eth_chainId', []));
  const ours = compiled();
  const same = (check: string, found: unknown, wanted: unknown): DeploymentCheck => ({
    check,
    ok: hashOf(found) === hashOf(wanted),
    detail: hashOf(found) === hashOf(wanted) ? String(wanted) : `${String(found)}, wanted ${String(wanted)}`,
  });
  const factory = await checkFactory(rpc, file.factory, chainId);
  const checks = [
    same('chain', chainId, file.chainId),
    same('compiler', file.compiler.version, ours.compiler.version),
    same('compiler settings', JSON.stringify(file.compiler.settings), JSON.stringify(ours.compiler.settings)),
    same('sources', file.sourceHash, ours.sourceHash),
    same('interface of Portfolio', file.abiHashes.Portfolio, ours.abiHashes.Portfolio),
    same('interface of PortfolioFactory', file.abiHashes.PortfolioFactory, ours.abiHashes.PortfolioFactory),
    { check: `factory ${file.factory}`, ok: factory.ok, detail: factory.detail },
    { check: 'ledgers', ok: file.ledgers.length > 0, detail: String(file.ledgers.length) },
  ];
  for (const { contract, strategy, universe, arguments: given } of file.ledgers) {
    const code = await checkCode(rpc, contract, chainId);
    checks.push({ check: `ledger ${contract}`, ok: code.ok, detail: code.detail });
    const wanted = {
      strategy: nameHash(strategy),
      universe: nameHash(universe),
      symbols: encodeSymbols(given.symbols),
    };
    const ok = isDeepStrictEqual(await readCloneArguments(rpc, contract), { ...wanted, groups: given.groups });
    const names = `${strategy} on ${universe}, ${given.symbols.length} assets`;
    checks.push({ check: `arguments of ${contract}`, ok, detail: ok ? names : `are not those of ${names}` });
  }
  return checks;
}
