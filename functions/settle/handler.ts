import { emfMetrics, evmChain, postgresLedger, s3Store, settings, snsAlerts } from '../compose.ts';
import { type PortsFactory, stageHandler } from '../middleware/handler.ts';
import { settleStage } from './settle.ts';

type Needs = (typeof settleStage.needs)[number];

export const createHandler = (ports: PortsFactory<Needs>) => stageHandler(settleStage, ports);

export const handler = createHandler(async () => ({
  settings: await settings(),
  store: await s3Store(),
  ledger: await postgresLedger(),
  chain: await evmChain(),
  alerts: await snsAlerts(),
  metrics: await emfMetrics(),
}));
