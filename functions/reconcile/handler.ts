import { emfMetrics, evmChain, postgresLedger, s3Store, settings, snsAlerts } from '../compose.ts';
import { type PortsFactory, stageHandler } from '../middleware/handler.ts';
import { reconcileStage } from './reconcile.ts';

type Needs = (typeof reconcileStage.needs)[number];

export const createHandler = (ports: PortsFactory<Needs>) => stageHandler(reconcileStage, ports);

export const handler = createHandler(async () => ({
  settings: await settings(),
  store: await s3Store(),
  ledger: await postgresLedger(),
  chain: await evmChain(),
  alerts: await snsAlerts(),
  metrics: await emfMetrics(),
}));
