import { emfMetrics, s3Store, settings, snsAlerts } from '../compose.ts';
import { type PortsFactory, stageHandler } from '../middleware/handler.ts';
import { monitorStage } from './monitor.ts';

export const createHandler = (ports: PortsFactory<(typeof monitorStage.needs)[number]>) =>
  stageHandler(monitorStage, ports);

export const handler = createHandler(async () => ({
  settings: await settings(),
  store: await s3Store(),
  alerts: await snsAlerts(),
  metrics: await emfMetrics(),
}));
