import { PORTFOLIO } from '../../adapters/chain/codec.ts';
import type { Deployment } from '../../adapters/chain/evm.ts';
import type { Rpc } from '../../adapters/chain/rpc.ts';
import { sendAndWait } from '../../adapters/chain/transactions.ts';
import type { Signer } from '../../adapters/signer/port.ts';
import type { ChainConfig } from '../../config/schema.ts';

/** Approve on a new ledger every model that the former ledger of the same strategy and universe approves. */
export async function carryApprovals(options: {
  rpc: Rpc;
  chain: ChainConfig;
  approver: Signer;
  from: Deployment;
  to: Deployment;
}): Promise<string[]> {
  const { rpc, chain, approver, from, to } = options;
  const approved = async (contract: string, modelHash: string): Promise<boolean> => {
    const data = await rpc.send<string>('eth_call', [
      { to: contract, data: PORTFOLIO.encodeFunctionData('isModelApproved', [modelHash]) },
      'latest',
    ]);
    return data !== '0x' && PORTFOLIO.decodeFunctionResult('isModelApproved', data)[0];
  };
  const event = PORTFOLIO.getEvent('ModelApproved');
  const logs = await rpc.send<{ topics: string[] }[]>('eth_getLogs', [
    {
      address: from.contract,
      fromBlock: `0x${from.startBlock.toString(16)}`,
      toBlock: 'latest',
      topics: [event?.topicHash],
    },
  ]);
  const carried: string[] = [];
  for (const modelHash of new Set(logs.map((log) => log.topics[1]))) {
    if (!(await approved(from.contract, modelHash)) || (await approved(to.contract, modelHash))) continue;
    await sendAndWait(rpc, chain, approver, {
      to: to.contract,
      data: PORTFOLIO.encodeFunctionData('approveModel', [modelHash]),
    });
    carried.push(modelHash);
  }
  return carried;
}
