import { expect, test } from '@jest/globals';
import { fuzzApi } from '../../functions/api/fuzz.ts';
import { openTestApi } from './test-front.ts';

test('400 generated requests: no 5xx, no text that is not JSON, no leak', async () => {
  const api = await openTestApi();
  try {
    const token = await api.token('weights:read decisions:read models:read');
    const statuses = await fuzzApi(api.handler, api.state, token, 400, 20260105);
    for (const status of [200, 400, 401, 404, 405, 415, 422]) expect(statuses[status]).toBeGreaterThan(0);
  } finally {
    await api.close();
  }
});
