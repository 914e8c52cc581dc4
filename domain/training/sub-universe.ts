import type { EnvironmentData } from '../environment/environment.ts';

/** The market of some of its assets (indices, ascending) alone: everything else is as it was. An exit into an asset that is not there is one into cash. */
export function subUniverse(data: EnvironmentData, assets: readonly number[]): EnvironmentData {
  const { panel, tensor, groups } = data;
  const all = panel.symbols.length;
  const pick = <Row extends Float32Array | Float64Array | Uint8Array>(values: Row, width = 1): Row => {
    const rows = values.length / (all * width);
    const Kind = values.constructor as new (length: number) => Row;
    const out = new Kind(rows * assets.length * width);
    for (let t = 0; t < rows; t++)
      for (let i = 0; i < assets.length; i++) {
        const from = (t * all + assets[i]) * width;
        out.set(values.subarray(from, from + width), (t * assets.length + i) * width);
      }
    return out;
  };
  const symbols = assets.map((a) => panel.symbols[a]);
  const mask = (row: Uint8Array): Uint8Array => Uint8Array.from(assets, (a) => row[a]);
  return {
    ...data,
    panel: {
      dates: panel.dates,
      symbols,
      groups: assets.map((a) => panel.groups[a]),
      close: pick(panel.close),
      returns: pick(panel.returns),
      volume: pick(panel.volume),
      tradable: pick(panel.tradable),
      listed: pick(panel.listed),
      exits: panel.exits
        .filter(({ asset }) => assets.includes(asset))
        .map((exit) => ({ ...exit, asset: assets.indexOf(exit.asset), successor: assets.indexOf(exit.successor) })),
    },
    tensor: {
      ...tensor,
      symbols,
      values: pick(tensor.values, tensor.columns.length),
      anchorLogit: pick(tensor.anchorLogit),
    },
    groups: groups && {
      ...groups,
      symbols,
      hubs: groups.hubs.map(mask),
      illiquid: groups.illiquid.map(mask),
      overlapping: groups.overlapping?.map(({ neighbourhoods, communities }) => ({
        neighbourhoods: neighbourhoods.map(({ name, members }) => ({ name, members: mask(members) })),
        communities: communities.map(({ name, members }) => ({ name, members: mask(members) })),
      })),
    },
  };
}

/** The same market in which only some of its assets can be traded. */
export function withOnly(data: EnvironmentData, assets: readonly number[]): EnvironmentData {
  const { panel } = data;
  const chosen = Uint8Array.from(panel.symbols, (_, a) => (assets.includes(a) ? 1 : 0));
  return {
    ...data,
    panel: { ...panel, tradable: panel.tradable.map((yes, i) => yes & chosen[i % chosen.length]) },
  };
}
