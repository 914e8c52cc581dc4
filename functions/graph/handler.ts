import { emfMetrics, neo4jGraph, noProgress, s3Store, settings } from '../compose.ts';
import { type PortsFactory, stageHandler } from '../middleware/handler.ts';
import { graphStage } from './graph.ts';

type Needs = (typeof graphStage.needs)[number];

export const createHandler = (ports: PortsFactory<Needs>) => stageHandler(graphStage, ports);

export const handler = createHandler(async () => ({
  settings: await settings(),
  store: await s3Store(),
  graph: await neo4jGraph(),
  progress: await noProgress(),
  metrics: await emfMetrics(),
}));
