import { ApiProblem } from '../middleware/http-problem.ts';
import type { ApiService } from './service.ts';

/** Alive, and able to reach what it reads; says which model serves and which day was decided last. */
export async function getHealth(service: ApiService): Promise<unknown> {
  const { settings, ledger } = service.ports;
  const [champion, latest] = await Promise.all([service.championRef(), ledger.latestDecision(service.strategy)]).catch(
    (cause) => {
      throw new ApiProblem(503, 'STORE_UNREACHABLE', 'The object store or the ledger does not answer', { cause });
    },
  );
  return {
    status: 'ok',
    strategy: service.strategy,
    universe: settings.universe.id,
    champion: champion?.hash ?? null,
    latestDecision: latest && { date: latest.date, decision: latest.decisionHash },
    sourceLine: settings.universe.sourceLine,
  };
}
