import { parseWith } from './request.ts';
import type { ApiRequest } from './routes.ts';
import { hashPath, listQuery } from './schemas.ts';
import type { ApiService } from './service.ts';

export async function listModels(service: ApiService, { event }: ApiRequest): Promise<unknown> {
  const { limit } = parseWith(listQuery, event.queryStringParameters ?? {}, 400, 'QUERY');
  const [rows, champion] = await Promise.all([service.ports.ledger.models(service.strategy), service.championRef()]);
  const newest = [...rows].sort((a, b) => b.version - a.version).slice(0, limit);
  return {
    models: newest.map(({ modelHash, name, kind, version, date, verdict }) => ({
      modelHash,
      name,
      kind,
      version,
      date,
      verdict,
      champion: modelHash === champion?.hash,
    })),
  };
}

export async function getModel(service: ApiService, { parameters }: ApiRequest): Promise<unknown> {
  const { hash } = parseWith(hashPath, parameters, 400, 'HASH');
  const [model, gateReport, champion] = await Promise.all([
    service.model(hash),
    service.gateReport(hash),
    service.championRef(),
  ]);
  return {
    modelHash: hash,
    name: model.name,
    kind: model.kind,
    universe: model.universe,
    symbols: model.symbols,
    features: [...model.featureSpec.columns.map((column) => column.name), ...model.featureSpec.stateColumns],
    featureSpecHash: model.featureSpecHash,
    champion: hash === champion?.hash,
    gateReport,
  };
}
