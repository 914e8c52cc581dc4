import { emfMetrics, exactRuntime, postgresLedger, s3Store, settings } from '../compose.ts';
import { type PortsFactory, stageHandler } from '../middleware/handler.ts';
import { decideStage } from './decide.ts';

type Needs = (typeof decideStage.needs)[number];

export const createHandler = (ports: PortsFactory<Needs>) => stageHandler(decideStage, ports);

export const handler = createHandler(async () => ({
  settings: await settings(),
  store: await s3Store(),
  ledger: await postgresLedger(),
  exactRuntime: await exactRuntime(),
  metrics: await emfMetrics(),
}));
