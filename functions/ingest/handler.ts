import { ecbMarketData, emfMetrics, s3Store, settings } from '../compose.ts';
import { type PortsFactory, stageHandler } from '../middleware/handler.ts';
import { ingestStage } from './ingest.ts';

export const createHandler = (ports: PortsFactory<'settings' | 'store' | 'marketData'>) =>
  stageHandler(ingestStage, ports);

export const handler = createHandler(async () => ({
  settings: await settings(),
  store: await s3Store(),
  marketData: await ecbMarketData(),
  metrics: await emfMetrics(),
}));
