// Jest that an editor starts does not go through npm test, which sets this (docs/decisions/0015-onnx-runtime-reports-to-nobody.md).
process.env.ORT_DISABLE_TELEMETRY = '1';

const slow = process.env.DRL_TEST_SUITE === 'slow';

export default {
  testEnvironment: './e2e/jest/environment.mjs',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': './e2e/jest/transform.mjs' },
  testMatch: slow ? ['**/*.slow.test.ts'] : ['**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/cdk.out/', ...(slow ? [] : ['\\.slow\\.test\\.ts$'])],
  modulePathIgnorePatterns: ['/cdk.out/', '/.drl/', '/contracts/artifacts/', '/contracts/cache/'],
  testTimeout: slow ? 600_000 : 180_000,
  maxWorkers: 2,
};
