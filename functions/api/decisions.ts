import { parseWith } from './request.ts';
import type { ApiRequest } from './routes.ts';
import { hashPath, listQuery } from './schemas.ts';
import type { ApiService } from './service.ts';

export async function listDecisions(service: ApiService, { event }: ApiRequest): Promise<unknown> {
  const { limit } = parseWith(listQuery, event.queryStringParameters ?? {}, 400, 'QUERY');
  const rows = await service.ports.ledger.decisions(service.strategy, limit);
  return {
    decisions: rows.map((row) => ({
      date: row.date,
      decision: row.decisionHash,
      modelHash: row.modelHash,
      universe: row.universe,
    })),
  };
}

export async function getDecision(service: ApiService, { parameters }: ApiRequest): Promise<unknown> {
  const { hash } = parseWith(hashPath, parameters, 400, 'HASH');
  const decision = await service.decision(hash);
  return { hash, decision, settlement: (await service.settlement(hash)) ?? 'not settled' };
}
