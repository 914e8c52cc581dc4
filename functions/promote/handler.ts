import {
  emfMetrics,
  evmChain,
  exactRuntime,
  objectStoreTracker,
  postgresLedger,
  s3Store,
  settings,
} from '../compose.ts';
import { type PortsFactory, stageHandler } from '../middleware/handler.ts';
import { promoteStage } from './promote.ts';

type Needs = (typeof promoteStage.needs)[number];

export const createHandler = (ports: PortsFactory<Needs>) => stageHandler(promoteStage, ports);

export const handler = createHandler(async () => ({
  settings: await settings(),
  store: await s3Store(),
  ledger: await postgresLedger(),
  tracker: await objectStoreTracker(),
  chain: await evmChain(),
  exactRuntime: await exactRuntime(),
  metrics: await emfMetrics(),
}));
