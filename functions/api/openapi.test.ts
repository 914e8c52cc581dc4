import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { SCOPES } from './auth.ts';
import { openApiDocument } from './openapi.ts';
import { ROUTES } from './routes.ts';

interface Operation {
  operationId: string;
  security: Record<string, string[]>[];
  requestBody?: { content: Record<string, unknown> };
  responses: Record<string, { content: Record<string, unknown> }>;
}
const document = openApiDocument() as {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, unknown> };
};

describe('the OpenAPI document', () => {
  test('docs/openapi.json is fresh (node functions/api/write-openapi.ts writes it)', () => {
    const stored = readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8');
    expect(stored).toBe(`${JSON.stringify(document, null, 2)}\n`);
  });

  test('describes every route but itself, with its scope and its refusals', () => {
    expect(document.openapi).toBe('3.1.0');
    for (const { method, path, scope } of ROUTES.filter((route) => route.path !== '/openapi.json')) {
      const operation = document.paths[path][method.toLowerCase()];
      expect(operation.security).toEqual(scope === null ? [] : [{ bearer: [scope] }]);
      if (scope !== null) expect(SCOPES).toContain(scope);
      expect(Object.keys(operation.responses)).toEqual(
        expect.arrayContaining(scope === null ? ['200', '500'] : ['200', '401', '403', '500']),
      );
      for (const [status, { content }] of Object.entries(operation.responses)) {
        expect(Object.keys(content)).toEqual([status === '200' ? 'application/json' : 'application/problem+json']);
      }
    }
  });

  test('operation ids are unique, and nothing points nowhere', () => {
    const ids = Object.values(document.paths).flatMap((methods) =>
      Object.values(methods).map((operation) => operation.operationId),
    );
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, name] of JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g))
      expect(document.components.schemas).toHaveProperty(name);
  });

  test('the state is a matrix of numbers', () => {
    expect(document.components.schemas).toHaveProperty('WeightsByState.properties.state.items.items.type', 'number');
  });
});
