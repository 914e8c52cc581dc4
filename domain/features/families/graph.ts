import type { FeatureDefinition, FeatureFamily } from '../definition.ts';
import { latestIndex } from '../embedding-history.ts';
import { type Adjacency, adjacencyOf, type GraphHistory, pageRank } from '../graph-history.ts';
import type { Column, MarketView } from '../market-view.ts';
import { peerMean } from '../peers.ts';
import { MOMENTUM } from './momentum.ts';

const ownMomentum = (view: MarketView): Column => view.columnOf('momentum63', MOMENTUM.momentum63.compute);

const peerMomentum63: FeatureDefinition = {
  description: 'momentum63 of the other assets, weighted by exp(4 x cosine similarity) of the latest embeddings',
  lookbackDays: 63,
  needs: ['embeddings'],
  compute: (view) => peerMean(view, ownMomentum(view)),
};

/** Values of the latest snapshot at or before each session with a bar, by asset; computed once a snapshot. */
function perSnapshot(view: MarketView, value: (graph: Adjacency) => Float64Array): Column {
  const { sessions, assets, panel } = view;
  const { dates, snapshots } = view.inputs.graph as GraphHistory;
  const column = view.column();
  const known = view.known(0);
  let current = -1;
  let values: Float64Array | null = null;
  for (let t = view.first; t < sessions; t++) {
    const latest = latestIndex(dates, panel.dates[t]);
    if (latest < 0) continue;
    if (latest !== current || !values) values = value(adjacencyAt(view, snapshots, latest));
    current = latest;
    for (let a = 0, i = t; a < assets; a++, i += sessions) if (known[i] === 1) column[i] = values[a];
  }
  return column;
}

const adjacencyAt = (view: MarketView, snapshots: GraphHistory['snapshots'], index: number): Adjacency =>
  view.remember(`adjacency${index}`, () => adjacencyOf(snapshots[index], view.panel.symbols));

export const GRAPH: FeatureFamily = {
  peerMomentum63,
  peerSpread63: {
    description: 'momentum63 less peerMomentum63',
    lookbackDays: 63,
    needs: ['embeddings'],
    compute: (view) => {
      const own = ownMomentum(view);
      const peers = view.columnOf('peerMomentum63', peerMomentum63.compute);
      return own.map((x, i) => x - peers[i]);
    },
  },
  degree: {
    description: 'neighbours in the latest snapshot of the correlation graph / (its assets - 1), 0 to 1',
    lookbackDays: 0,
    needs: ['graph'],
    source: 'Freeman (1979), Centrality in social networks: degree',
    compute: (view) =>
      perSnapshot(view, ({ member, offsets }) => {
        const members = member.reduce((sum, one) => sum + one, 0);
        return Float64Array.from(member, (one, a) =>
          one === 1 ? (offsets[a + 1] - offsets[a]) / Math.max(1, members - 1) : Number.NaN,
        );
      }),
  },
  pageRank: {
    description: 'log of PageRank x assets in the latest snapshot of the correlation graph: 0 is the mean',
    lookbackDays: 0,
    needs: ['graph'],
    source: 'Page, Brin, Motwani and Winograd (1999), The PageRank citation ranking; damping 0.85, weighted',
    compute: (view) => perSnapshot(view, (graph) => pageRank(graph).map(Math.log)),
  },
  neighbourMomentum63: {
    description:
      'momentum63 of the neighbours in the latest snapshot of the correlation graph, weighted by their edges; its own where no neighbour has one',
    lookbackDays: 63,
    needs: ['graph'],
    source:
      'Ali and Hirshleifer (2020), Shared analyst coverage: unifying momentum spillover effects; correlation edges',
    compute: (view) => neighbourMean(view, ownMomentum(view)),
  },
};

function neighbourMean(view: MarketView, source: Column): Column {
  const { sessions, assets, panel } = view;
  const { dates, snapshots } = view.inputs.graph as GraphHistory;
  const column = view.column();
  for (let t = view.first; t < sessions; t++) {
    const latest = latestIndex(dates, panel.dates[t]);
    if (latest < 0) continue;
    const { member, offsets, targets, weights } = adjacencyAt(view, snapshots, latest);
    for (let a = 0; a < assets; a++) {
      const own = source[a * sessions + t];
      if (Number.isNaN(own) || member[a] === 0) continue;
      let [sum, total] = [0, 0];
      for (let e = offsets[a]; e < offsets[a + 1]; e++) {
        const x = source[targets[e] * sessions + t];
        if (Number.isNaN(x)) continue;
        sum += weights[e] * x;
        total += weights[e];
      }
      column[a * sessions + t] = total > 0 ? sum / total : own;
    }
  }
  return column;
}
