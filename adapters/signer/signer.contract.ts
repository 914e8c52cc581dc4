import { describe, expect, test } from '@jest/globals';
import { getAddress, recoverAddress, Signature } from 'ethers';
import { createRandom } from '../../domain/simulation/random.ts';
import type { Signer } from './port.ts';

const HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;

/** What every signer must do, whatever holds its key. */
export function signerContract(name: string, open: () => Promise<Signer>, digests: number): void {
  describe(`signer contract: ${name}`, () => {
    test('the address is checksummed and stays the same', async () => {
      const signer = await open();
      const address = await signer.address();
      expect(getAddress(address.toLowerCase())).toBe(address);
      expect(await signer.address()).toBe(address);
    });

    test('every signature recovers to the address, with low s and v of 27 or 28', async () => {
      const signer = await open();
      const address = await signer.address();
      const random = createRandom(7);
      const seen = new Set<number>();
      for (let i = 0; i < digests; i++) {
        const digest = Uint8Array.from({ length: 32 }, () => random.integer(256));
        const { r, s, v } = await signer.signDigest(digest);
        expect(r).toMatch(/^0x[0-9a-f]{64}$/);
        expect(s).toMatch(/^0x[0-9a-f]{64}$/);
        expect(BigInt(s) <= HALF_ORDER).toBe(true);
        expect(recoverAddress(`0x${Buffer.from(digest).toString('hex')}`, Signature.from({ r, s, v }))).toBe(address);
        seen.add(v);
      }
      expect([...seen].sort()).toEqual([27, 28]);
    });

    test.each([0, 31, 33, 64])('a digest of %i bytes is refused', async (bytes) => {
      const signer = await open();
      await expect(signer.signDigest(new Uint8Array(bytes))).rejects.toMatchObject({
        code: 'SIGNER_DIGEST',
        kind: 'badInput',
      });
    });
  });
}
