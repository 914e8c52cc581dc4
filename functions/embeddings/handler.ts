import { emfMetrics, neo4jGraph, noProgress, s3Store, settings } from '../compose.ts';
import { type PortsFactory, stageHandler } from '../middleware/handler.ts';
import { embeddingsStage } from './embeddings.ts';

type Needs = (typeof embeddingsStage.needs)[number];

export const createHandler = (ports: PortsFactory<Needs>) => stageHandler(embeddingsStage, ports);

export const handler = createHandler(async () => ({
  settings: await settings(),
  store: await s3Store(),
  graph: await neo4jGraph(),
  progress: await noProgress(),
  metrics: await emfMetrics(),
}));
