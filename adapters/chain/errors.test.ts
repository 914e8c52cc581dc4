import { expect, test } from '@jest/globals';
import type { ErrorFragment } from 'ethers';
import { FACTORY, PORTFOLIO } from './codec.ts';
import { revertError } from './errors.ts';
import { RpcError } from './rpc.ts';

/** Of the libraries; none can come out of a call that the product makes. */
const OF_LIBRARIES =
  /^(ECDSA|String|InvalidShortString|InvalidInitialization|NotInitializing|Clone|Create2|Failed|InsufficientBalance)/;

const errorsOf = (contract: typeof PORTFOLIO): ErrorFragment[] =>
  contract.fragments.filter((fragment): fragment is ErrorFragment => fragment.type === 'error');

test('whatever the contracts refuse comes with what a person can do', () => {
  const without = [PORTFOLIO, FACTORY].flatMap((contract) =>
    errorsOf(contract)
      .filter(({ name }) => !OF_LIBRARIES.test(name))
      .filter((fragment) => {
        const values = fragment.inputs.map(({ type }) =>
          type === 'address' ? `0x${'11'.repeat(20)}` : type === 'bytes32' ? `0x${'22'.repeat(32)}` : 3,
        );
        const data = contract.encodeErrorResult(fragment, values);
        const error = revertError(new RpcError('eth_call', 3, 'execution reverted', data));
        return error.facts.error !== fragment.name || !error.remedy;
      })
      .map(({ name }) => name),
  );
  expect(without).toEqual([]);
});
