import {
  codeVersion,
  ecsTrainingJob,
  emfMetrics,
  exactRuntime,
  noProgress,
  onnxRuntime,
  postgresLedger,
  s3Store,
  settings,
} from '../compose.ts';
import { type PortsFactory, stageHandler } from '../middleware/handler.ts';
import { validateStage } from './validate.ts';

type Needs = (typeof validateStage.needs)[number];

export const createHandler = (ports: PortsFactory<Needs>) => stageHandler(validateStage, ports);

export const handler = createHandler(async () => ({
  settings: await settings(),
  store: await s3Store(),
  ledger: await postgresLedger(),
  trainingJob: await ecsTrainingJob(),
  onnxRuntime: await onnxRuntime(),
  exactRuntime: await exactRuntime(),
  progress: await noProgress(),
  codeVersion: await codeVersion(),
  metrics: await emfMetrics(),
}));
