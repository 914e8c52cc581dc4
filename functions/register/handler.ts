import { emfMetrics, objectStoreTracker, postgresLedger, s3Store, settings } from '../compose.ts';
import { type PortsFactory, stageHandler } from '../middleware/handler.ts';
import { registerStage } from './register.ts';

type Needs = (typeof registerStage.needs)[number];

export const createHandler = (ports: PortsFactory<Needs>) => stageHandler(registerStage, ports);

export const handler = createHandler(async () => ({
  settings: await settings(),
  store: await s3Store(),
  ledger: await postgresLedger(),
  tracker: await objectStoreTracker(),
  metrics: await emfMetrics(),
}));
