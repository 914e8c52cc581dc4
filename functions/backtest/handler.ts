import { emfMetrics, noProgress, onnxRuntime, s3Store, settings } from '../compose.ts';
import { type PortsFactory, stageHandler } from '../middleware/handler.ts';
import { backtestStage } from './backtest.ts';

type Needs = (typeof backtestStage.needs)[number];

export const createHandler = (ports: PortsFactory<Needs>) => stageHandler(backtestStage, ports);

export const handler = createHandler(async () => ({
  settings: await settings(),
  store: await s3Store(),
  onnxRuntime: await onnxRuntime(),
  progress: await noProgress(),
  metrics: await emfMetrics(),
}));
