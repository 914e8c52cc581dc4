import { expect, jest, test } from '@jest/globals';
import { reportOf, runCampaign } from './fuzz/campaign.ts';

const SLOW = process.env.DRL_TEST_SUITE === 'slow';
const CALLS = Number(process.env.DRL_FUZZ_CALLS ?? (SLOW ? 20_000 : 3_600));
const SEED = Number(process.env.DRL_FUZZ_SEED ?? 20_260_101);

jest.setTimeout(SLOW ? 36_000_000 : 180_000); // room for a busy machine, and for a million calls

/** Both sides of every rule must be met, or agreement says little. */
const MET = [
  ...['ok', 'NotPermitted', 'ContractPaused', 'WrongStrategy', 'WrongEpoch', 'WrongState', 'DeadlinePassed'],
  ...['StalePrices', 'UnapprovedModel', 'InvalidOrderSignature', 'InvalidAttestation', 'NavOutOfBounds'],
  ...['AssetCapExceeded', 'GroupCapExceeded', 'TurnoverExceeded', 'DrawdownLimit', 'WeightsDoNotSum'],
].map((result) => `rebalance ${result}`);
const MET_BESIDE = [
  ...['setLimits ok', 'setLimits InvalidLimit', 'applyLimits ok', 'applyLimits LimitsNotDue', 'cancelLimits ok'],
  ...['applyLimits NoPendingLimits', 'cancelLimits NoPendingLimits', 'setRole ok', 'proposeAdmin ok', 'acceptAdmin ok'],
  ...['acceptAdmin ZeroAddress', 'pause ok', 'unpause ok', 'approveModel ok', 'revokeModel ok'],
];

test('contract and reference model agree on every call of random lives of ledgers: the same error, or the same answer of every view', async () => {
  const campaign = await runCampaign({ calls: CALLS, seed: SEED });
  if (SLOW) console.log(reportOf(campaign));
  expect([...MET, ...MET_BESIDE].filter((each) => !campaign.results.has(each))).toEqual([]);
});
