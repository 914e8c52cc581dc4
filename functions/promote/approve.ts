import type { Ports } from '../ports.ts';

/**
 * A model is approved on chain before it may decide. Before the contract is deployed there is nothing to approve it on: null is
 * returned, and the first run after `drl chain init` approves the champion.
 */
export async function approve(modelHash: string, { chain }: Pick<Ports, 'chain'>): Promise<string | null> {
  if ((await chain.contract()) === null) return null;
  await chain.approveModel(modelHash);
  return modelHash;
}

/** What to add to a reason when nothing could be approved. */
export const approvalNote = (approved: string | null): string =>
  approved === null ? ' (no contract yet: not approved on chain)' : '';
