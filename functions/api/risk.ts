import { getArtifactJson } from '../../adapters/object-store/port.ts';
import { monitorSchema } from '../../domain/monitoring/monitor.ts';
import { ApiProblem } from '../middleware/http-problem.ts';
import type { ApiService } from './service.ts';

export async function getRisk(service: ApiService): Promise<unknown> {
  const ref = await service.latestMonitor();
  if (!ref)
    throw new ApiProblem(404, 'NOT_MONITORED', 'No session has been monitored yet', {
      remedy: 'Run a day first: drl run daily.',
    });
  return monitorSchema.parse(await getArtifactJson(service.ports.store, service.strategy, ref, 'monitor.json'));
}
