import { getArtifactJson } from '../../adapters/object-store/port.ts';
import { observationWidth } from '../../domain/features/observation.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import type { Model } from '../../domain/lineage/model.ts';
import type { Instrument } from '../../domain/market/instrument.ts';
import type { Policy } from '../../domain/policy/policy.ts';
import { groupIndex } from '../../domain/risk/context.ts';
import { loadModel } from '../artifacts/model.ts';
import type { Ports } from '../ports.ts';

/** The model that serves: loaded once per hash, every byte of it checked against that hash. */
export interface Champion {
  ref: ArtifactRef;
  model: Model;
  policy: Policy & { close(): Promise<void> };
  /** Width of one observation row: feature columns and state columns. */
  width: number;
  /** [A] index into `groupNames`: the sector or bloc of each asset. */
  groups: Int32Array;
  groupNames: string[];
}

export async function loadChampion(
  ports: Pick<Ports, 'store' | 'onnxRuntime'>,
  strategy: string,
  ref: ArtifactRef,
): Promise<Champion> {
  const { model, policy: onnx } = await loadModel(ports.store, strategy, ref);
  const instruments = await getArtifactJson<Instrument[]>(ports.store, strategy, model.dataset, 'instruments.json');
  const groupOf = new Map(instruments.map((instrument) => [instrument.symbol, instrument.group]));
  return {
    ref,
    model,
    policy: await ports.onnxRuntime.load(onnx),
    width: observationWidth(model.featureSpec, model.normaliser),
    ...groupIndex(model.symbols.map((symbol) => groupOf.get(symbol) ?? '')),
  };
}
