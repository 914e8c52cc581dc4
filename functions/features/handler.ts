import { emfMetrics, noProgress, s3Store, settings } from '../compose.ts';
import { type PortsFactory, stageHandler } from '../middleware/handler.ts';
import { featuresStage } from './features.ts';

type Needs = (typeof featuresStage.needs)[number];

export const createHandler = (ports: PortsFactory<Needs>) => stageHandler(featuresStage, ports);

export const handler = createHandler(async () => ({
  settings: await settings(),
  store: await s3Store(),
  progress: await noProgress(),
  metrics: await emfMetrics(),
}));
