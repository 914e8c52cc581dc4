import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { type WalkGraph, walkGraph } from '../../graph/embeddings/walks/walk-graph.ts';

/** Beside the project, never in it: the licence of the labels is not settled. */
const FOLDER = fileURLToPath(new URL('../../../shared/data/graph_benchmark/', import.meta.url));

/** A graph whose nodes carry labels. */
export interface LabelledGraph {
  readonly graph: WalkGraph;
  /** Names of the nodes, in order. */
  readonly names: readonly string[];
  /** One column a label: 1 where the node has it. */
  readonly labels: readonly Uint8Array[];
  /** `name TAB name` a line. */
  readonly edgeList: string;
}

/** Protein interactions (Grover and Leskovec 2016): 3,852 nodes, 38,705 edges, 50 labels; null where the folder is not there. */
export function loadPpi(): LabelledGraph | null {
  if (!existsSync(`${FOLDER}ppi_edges.tsv.gz`)) return null;
  const edgeList = textOf('ppi_edges.tsv.gz');
  const places = new Map<string, number>();
  const placeOf = (name: string): number => {
    const place = places.get(name) ?? places.size;
    places.set(name, place);
    return place;
  };
  const edges = pairsOf(edgeList).map(([a, b]): [number, number, number] => [placeOf(a), placeOf(b), 1]);
  const columns = new Map<string, Uint8Array>();
  for (const [name, label] of pairsOf(textOf('ppi_labels.tsv.gz'))) {
    const column = columns.get(label) ?? new Uint8Array(places.size);
    column[placeOf(name)] = 1;
    columns.set(label, column);
  }
  return { graph: walkGraph(places.size, edges), names: [...places.keys()], labels: [...columns.values()], edgeList };
}

const textOf = (file: string): string => gunzipSync(readFileSync(`${FOLDER}${file}`)).toString('utf8');
const pairsOf = (text: string): [string, string][] =>
  text
    .trim()
    .split('\n')
    .map((line) => line.split('\t') as [string, string]);
