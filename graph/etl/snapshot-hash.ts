import { hashOf } from '../../domain/lineage/canonical.ts';
import type { GraphSnapshot } from './asset-graph.ts';

/**
 * Snapshots, the newest, whose layers and exposures are loaded into the store: a year. Risk groups and walks need the whole history of
 * the main window and nothing else; the artifact has the layers of every snapshot (docs/decisions/0018-the-store-holds-what-is-asked.md).
 */
export const LAYER_SNAPSHOTS = 4;

/** Name of what the store holds of every snapshot. */
export const contentHash = ({ layers: _, exposures: __, ...content }: GraphSnapshot, windowDays: number): string =>
  hashOf({ snapshot: content, windowDays });

/** Name of what it holds of the newest alone. */
export const layersHash = ({ layers, exposures }: Pick<GraphSnapshot, 'layers' | 'exposures'>): string =>
  hashOf({ layers, exposures });
