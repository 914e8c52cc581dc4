import { expect, test } from '@jest/globals';
import { sha256 } from '../../domain/lineage/canonical.ts';
import type { MarketDataProvider } from './port.ts';

/** What every provider of market data keeps, whatever is behind it. */
export function marketDataContract(make: () => Promise<{ provider: MarketDataProvider; date: string }>): void {
  test('gives files with bytes, plain names and an origin that is no path of this machine', async () => {
    const { provider, date } = await make();
    const files = await provider.fetch(date);
    expect(files.length).toBeGreaterThan(0);
    for (const { name, bytes, origin } of files) {
      expect(name).toMatch(/^[A-Za-z0-9._-]+$/);
      expect(bytes).toBeInstanceOf(Uint8Array);
      expect(bytes.length).toBeGreaterThan(0);
      expect(origin).not.toMatch(/^\/|^[A-Za-z]:\\|^file:/);
      expect(origin.length).toBeGreaterThan(0);
    }
    expect(new Set(files.map(({ name }) => name)).size).toBe(files.length);
  });

  test('gives the same bytes when it is asked again', async () => {
    const { provider, date } = await make();
    const digest = async () => (await provider.fetch(date)).map(({ name, bytes }) => [name, sha256(bytes)]);
    expect(await digest()).toEqual(await digest());
  });
}
