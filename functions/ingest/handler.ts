import { type PortsFactory, stageHandler } from '../middleware/handler.ts';
import { ingestStage } from './ingest.ts';

export const createHandler = (ports: PortsFactory<'settings' | 'store' | 'marketData'>) =>
  stageHandler(ingestStage, ports);

export const handler = createHandler(async () => {
  const compose = await import('../compose.ts');
  const [settings, store, marketData, metrics] = await Promise.all([
    compose.settings(),
    compose.s3Store(),
    compose.ecbMarketData(),
    compose.emfMetrics(),
  ]);
  return { settings, store, marketData, metrics };
});
