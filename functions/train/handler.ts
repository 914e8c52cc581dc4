import {
  codeVersion,
  ecsTrainingJob,
  emfMetrics,
  noProgress,
  objectStoreTracker,
  postgresLedger,
  s3Store,
  settings,
} from '../compose.ts';
import { type PortsFactory, stageHandler } from '../middleware/handler.ts';
import { trainStage } from './train.ts';

type Needs = (typeof trainStage)['needs'][number];
export const createHandler = (ports: PortsFactory<Needs>) => stageHandler(trainStage, ports);

export const handler = createHandler(async () => ({
  settings: await settings(),
  store: await s3Store(),
  ledger: await postgresLedger(),
  trainingJob: await ecsTrainingJob(),
  tracker: await objectStoreTracker(),
  progress: await noProgress(),
  codeVersion: await codeVersion(),
  metrics: await emfMetrics(),
}));
