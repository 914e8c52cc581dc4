import { emfMetrics, exactRuntime, postgresLedger, s3Store, settings } from '../compose.ts';
import { type PortsFactory, stageHandler } from '../middleware/handler.ts';
import { reportStage } from './report.ts';

export const createHandler = (ports: PortsFactory<(typeof reportStage.needs)[number]>) =>
  stageHandler(reportStage, ports);

export const handler = createHandler(async () => ({
  settings: await settings(),
  store: await s3Store(),
  ledger: await postgresLedger(),
  exactRuntime: await exactRuntime(),
  metrics: await emfMetrics(),
}));
