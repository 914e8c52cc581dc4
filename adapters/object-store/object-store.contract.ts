import { beforeEach, describe, expect, test } from '@jest/globals';
import { sha256 } from '../../domain/lineage/canonical.ts';
import { getArtifactFile, getManifest, getPointer, movePointer, type ObjectStore, putArtifact } from './port.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (found: { bytes: Uint8Array } | null): string | null => found && new TextDecoder().decode(found.bytes);
const lost = { code: 'OBJECT_PRECONDITION', kind: 'refused' };

/** What every object store must do; `make` gives an empty one. */
export function objectStoreContract(name: string, make: () => Promise<ObjectStore>): void {
  describe(`object store: ${name}`, () => {
    let store: ObjectStore;
    beforeEach(async () => {
      store = await make();
    });

    test('what was put is got, byte for byte, with its etag; nothing for an unknown key', async () => {
      const all = Uint8Array.from({ length: 256 }, (_, i) => i);
      const { etag } = await store.put('main/a/all', all);
      expect(await store.get('main/a/all')).toEqual({ bytes: all, etag });
      expect(await store.get('main/a/none')).toBeNull();
      expect(await store.exists('main/a/all')).toBe(true);
      expect(await store.exists('main/a')).toBe(false);
    });

    test('an empty object is an object', async () => {
      await store.put('main/empty', new Uint8Array());
      expect((await store.get('main/empty'))?.bytes.byteLength).toBe(0);
    });

    test('create-only: the second writer loses and changes nothing', async () => {
      await store.put('main/p', bytes('first'), { ifNoneMatch: '*' });
      await expect(store.put('main/p', bytes('second'), { ifNoneMatch: '*' })).rejects.toMatchObject(lost);
      await expect(store.put('main/p', bytes('first'), { ifNoneMatch: '*' })).rejects.toMatchObject(lost);
      expect(text(await store.get('main/p'))).toBe('first');
    });

    test('compare-and-set: only the etag that is current wins; a missing key matches nothing', async () => {
      const first = await store.put('main/p', bytes('1'));
      const second = await store.put('main/p', bytes('2'), { ifMatch: first.etag });
      await expect(store.put('main/p', bytes('3'), { ifMatch: first.etag })).rejects.toMatchObject(lost);
      await expect(store.put('main/none', bytes('3'), { ifMatch: second.etag })).rejects.toMatchObject(lost);
      expect(text(await store.get('main/p'))).toBe('2');
      expect(await store.exists('main/none')).toBe(false);
    });

    test('16 writers race: one creates, and one wins each move', async () => {
      const race = async (condition: { ifNoneMatch: '*' } | { ifMatch: string }) => {
        const results = await Promise.allSettled(
          Array.from({ length: 16 }, (_, i) =>
            store.put('main/race', bytes(`${JSON.stringify(condition)} ${i}`), condition),
          ),
        );
        const won = results.filter((result) => result.status === 'fulfilled');
        for (const result of results) if (result.status === 'rejected') expect(result.reason).toMatchObject(lost);
        expect(won).toHaveLength(1);
        return won[0]!.value.etag;
      };
      const created = await race({ ifNoneMatch: '*' });
      const moved = await race({ ifMatch: created });
      expect((await store.get('main/race'))?.etag).toBe(moved);
    });

    test('a listing holds the keys under a prefix, sorted, across pages', async () => {
      const keys = ['main/b/2', 'main/b/10', 'main/b/1', 'main/bc/x', 'main/a/é', 'other/b/1'];
      for (const key of keys) await store.put(key, bytes(key));
      expect(await store.list('main/b/')).toEqual(['main/b/1', 'main/b/10', 'main/b/2']);
      expect(await store.list('main/b')).toEqual(['main/b/1', 'main/b/10', 'main/b/2', 'main/bc/x']);
      expect(await store.list('main/')).toEqual(keys.slice(0, 5).sort());
      expect(await store.list('none/')).toEqual([]);
    });

    test.each(['', '/absolute', '../above', 'a/../b', 'a//b', './a', 'a/'])('the key %j is refused', async (key) => {
      await expect(store.put(key, bytes('x'))).rejects.toMatchObject({ code: 'OBJECT_KEY', kind: 'badInput' });
      await expect(store.get(key)).rejects.toMatchObject({ code: 'OBJECT_KEY' });
    });

    test('an artifact is found by its hash, writing it again changes nothing, and a flipped byte is refused', async () => {
      const artifact = { kind: 'datasets' as const, files: { 'bars.parquet': bytes('bars') }, facts: { rows: 1 } };
      const ref = await putArtifact(store, 'main', artifact);
      expect(await putArtifact(store, 'main', artifact)).toEqual(ref);
      const key = `main/datasets/${ref.hash}/manifest.json`;
      expect(sha256((await store.get(key))!.bytes)).toBe(ref.hash);
      expect(new TextDecoder().decode(await getArtifactFile(store, 'main', ref, 'bars.parquet'))).toBe('bars');
      await store.put(`main/datasets/${ref.hash}/bars.parquet`, bytes('bbrs'));
      await expect(getArtifactFile(store, 'main', ref, 'bars.parquet')).rejects.toMatchObject({
        code: 'OBJECT_HASH_MISMATCH',
      });
    });

    test('a copy has the same bytes, and stays when either name is written again; a missing source copies nothing', async () => {
      await store.put('main/bars/year=2020/part.parquet', bytes('one'));
      expect(await store.copy('main/bars/year=2020/part.parquet', 'main/b/1', sha256('one'))).toBe(true);
      expect(await store.copy('main/none', 'main/b/2', sha256('one'))).toBe(false);
      await store.put('main/bars/year=2020/part.parquet', bytes('two'));
      expect(text(await store.get('main/b/1'))).toBe('one');
      expect(await store.list('main/b/')).toEqual(['main/b/1']);
    });

    test('an artifact takes the files that it shares with an earlier one from it, and has the hash that it has without', async () => {
      const files = (last: string) => ({ 'bars/year=1/p': bytes('first'), 'bars/year=2/p': bytes(last) });
      const earlier = await putArtifact(store, 'main', { kind: 'datasets', files: files('a') });
      const written: string[] = [];
      const put = store.put.bind(store);
      store.put = (key, ...rest) => {
        written.push(key);
        return put(key, ...rest);
      };
      const later = await putArtifact(store, 'main', { kind: 'datasets', files: files('b'), sharing: earlier });
      expect(written).toEqual(['bars/year=2/p', 'manifest.json'].map((name) => `main/datasets/${later.hash}/${name}`));
      expect(text(await store.get(`main/datasets/${later.hash}/bars/year=1/p`))).toBe('first');
      const gone = { kind: 'datasets' as const, hash: '0'.repeat(64) };
      expect(await putArtifact(store, 'other', { kind: 'datasets', files: files('b'), sharing: gone })).toMatchObject({
        kind: 'datasets',
      });
    });

    test('an artifact of a newer version is refused with what to do', async () => {
      const manifest = bytes('{"schema":2}');
      const ref = { kind: 'datasets' as const, hash: sha256(manifest) };
      await store.put(`main/datasets/${ref.hash}/manifest.json`, manifest);
      await expect(getManifest(store, 'main', ref)).rejects.toMatchObject({
        code: 'ARTIFACT_NEWER_SCHEMA',
        remedy: expect.stringContaining('Update'),
      });
    });

    test('a pointer moves from the state that was read', async () => {
      expect(await getPointer(store, 'main', 'champion')).toBeNull();
      await movePointer(store, 'main', 'champion', { hash: 'a' }, null);
      const read = await getPointer<{ hash: string }>(store, 'main', 'champion');
      await movePointer(store, 'main', 'champion', { hash: 'b' }, read!.etag);
      await expect(movePointer(store, 'main', 'champion', { hash: 'c' }, read!.etag)).rejects.toMatchObject(lost);
      expect((await getPointer(store, 'main', 'champion'))?.value).toEqual({ hash: 'b' });
    });
  });
}
