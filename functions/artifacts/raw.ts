import type { RawFile } from '../../adapters/market-data/port.ts';
import { type ObjectStore, putArtifact } from '../../adapters/object-store/port.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';

/** The bytes of a source, unchanged, as an artifact of their own. */
export const storeRaw = (store: ObjectStore, strategy: string, file: RawFile): Promise<ArtifactRef> =>
  putArtifact(store, strategy, { kind: 'raw', files: { [file.name]: file.bytes }, facts: { origin: file.origin } });
