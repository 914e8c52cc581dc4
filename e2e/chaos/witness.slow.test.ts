import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { createEvmChain } from '../../adapters/chain/evm.ts';
import { startWorld, type World } from '../../contracts/test/settlement-world.ts';
import { settleStage } from '../../functions/settle/settle.ts';
import { type FaultKind, type FaultyRpc, startFaultyRpc } from './faulty-rpc.ts';

jest.setTimeout(process.env.DRL_TEST_SUITE === 'slow' ? 3_600_000 : 180_000); // room for a busy machine

/** More requests than a test sends: the fault stays. */
const ALWAYS = 1_000;

let world: World;
let second: FaultyRpc;
beforeAll(async () => {
  world = await startWorld();
  second = await startFaultyRpc(world.fixture.local.rpcUrl);
});
afterAll(async () => {
  await second.close();
  await world.close();
});

/** The first provider is honest; the second meets `fault` until it is taken away. */
async function settleBefore(fault: FaultKind, witnessUrl: string) {
  const { ref } = await world.decide({ A000: 1000 });
  const chain = createEvmChain({
    ...{ rpcUrl: world.fixture.local.rpcUrl, chainConfig: world.settings.config.chain, witnessUrl },
    ...{ deployment: world.ledger.deployment, signers: world.fixture.signers },
    onPoll: () => world.fixture.local.mine(2),
  });
  const settle = () => settleStage.run(settleStage.input.parse(world.event(ref)), { ...world.ports, chain });
  second.plan([{ kind: fault, skip: 0, times: ALWAYS, size: 1 }]);
  const before = await settle().catch((error: unknown) => error);
  second.plan([]);
  return { before, after: await settle() };
}

test.each<FaultKind>(['lagging', 'http503', 'limit32005'])(
  'what a second provider that is %s does not call final is not final, and nothing is lost',
  async (fault) => {
    const { before, after } = await settleBefore(fault, second.url);
    expect(before).toMatchObject({ status: 'confirmed' });
    expect(after).toMatchObject({ status: 'finalized', transaction: (before as { transaction: string }).transaction });
  },
);

test('a second provider of another chain is a mistake of the configuration, and said so', async () => {
  const { before, after } = await settleBefore('wrongChain', second.url);
  expect(before).toMatchObject({ code: 'CHAIN_MISMATCH', facts: { answered: 11155111 } });
  expect(after).toMatchObject({ status: 'finalized' });
});

test('one that is not there holds finality back, not settlement', async () => {
  const { before } = await settleBefore('twice', 'http://127.0.0.1:9');
  expect(before).toMatchObject({ status: 'confirmed' });
  expect(await world.chain.state()).toMatchObject({ epoch: 5 });
});
