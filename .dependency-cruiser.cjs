/** Who may import whom. The order of the inner domain rules is the order in which knowledge grows. */
const tests = '\\.(test|contract|bench)\\.ts$|-server\\.ts$|/test/|/(fixture|[a-z-]+-fixture|fixture-[a-z-]+)\\.ts$';

/** Modules under `from` may import ours only from `to`. */
const only = (name, comment, from, to) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from, pathNot: tests },
  to: {
    path: '^(adapters|bench|cdk|config|contracts|dashboard|domain|e2e|functions|graph|local|training-container)/',
    pathNot: to,
  },
});

/** Inside the domain: a folder and the folders that it may look into (itself and the ground are always open). */
const GROUND = ['lineage', 'errors\\.ts', 'nearest\\.ts'];
const INNER = {
  market: [],
  features: ['market', 'policy/policy\\.ts', 'portfolio/costs\\.ts', 'risk/limits\\.ts', 'risk/overlapping\\.ts'],
  metrics: [],
  policy: ['market', 'metrics', 'features', 'portfolio', 'risk', 'backtest', 'simulation/random\\.ts'],
  portfolio: ['market', 'risk/limits\\.ts', 'metrics', 'policy/exact/math\\.ts'],
  risk: ['market', 'portfolio'],
  environment: ['market', 'features', 'portfolio', 'risk', 'policy', 'simulation', 'metrics'],
  backtest: ['market', 'features', 'portfolio', 'risk', 'policy', 'metrics', 'environment'],
};

const inner = Object.entries(INNER).map(([folder, others]) =>
  only(
    `domain-${folder}`,
    `domain/${folder} looks only down: ${others.join(', ') || 'nothing'}`,
    `^domain/${folder}/`,
    `^domain/(${[folder, ...GROUND, ...others].map((part) => (part.endsWith('.ts') ? part : `${part}/`)).join('|')})`,
  ),
);

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'A cycle has no bottom to start reading from.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['dynamic-import'] } },
    },
    {
      name: 'no-unresolved',
      comment: 'An import that leads nowhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'domain-is-pure',
      comment: 'The domain does no I/O: of the outside it knows zod and hashing.',
      severity: 'error',
      from: { path: '^domain/', pathNot: tests },
      to: {
        dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'core', 'npm-no-pkg', 'npm-unknown'],
        pathNot: ['^(node:)?crypto$', 'node_modules/zod/'],
      },
    },
    only('domain-alone', 'The domain imports nothing of ours but itself.', '^domain/', '^domain/'),
    ...inner,
    only('graph', 'graph/ knows the domain.', '^graph/', '^(graph|domain)/'),
    only(
      'training-container',
      'The trainer knows the domain and no cloud; its folder contract is its only door.',
      '^training-container/',
      '^(training-container|domain)/|^config/(schema|no-telemetry)\\.ts$',
    ),
    only(
      'adapters',
      'Adapters know the domain, the Cypher texts and the typed ABI; never the functions.',
      '^adapters/',
      '^(adapters|domain|graph|contracts/generated)/|^config/(schema|load|no-telemetry)\\.ts$',
    ),
    only(
      'use-cases',
      'A use case knows ports, not their backings.',
      '^functions/(?!api/|middleware/)[a-z-]+/(?!handler\\.ts$)',
      '^domain/|^adapters/[a-z-]+/port\\.ts$|^adapters/parquet/parquet\\.ts$|^functions/|^graph/|^config/schema\\.ts$',
    ),
    {
      name: 'stages-apart',
      comment:
        'No stage calls another stage, use case or handler: outputs travel by the state machine, artifacts by functions/artifacts.',
      severity: 'error',
      from: { path: '^functions/([a-z-]+)/', pathNot: [tests, '^functions/(artifacts|middleware)/'] },
      to: {
        path: ['^functions/([a-z-]+)/\\1\\.ts$', '^functions/[a-z-]+/handler\\.ts$'],
        pathNot: '^functions/($1|middleware)/',
      },
    },
    {
      name: 'handlers-choose-by-compose',
      comment: 'A handler takes its backings from compose.ts, so that a bundle holds only what its handler names.',
      severity: 'error',
      from: { path: '^functions/[a-z-]+/handler\\.ts$' },
      to: { path: '^adapters/[a-z-]+/(?!port\\.ts)' },
    },
    {
      name: 'no-engine-in-the-cloud',
      comment: 'Engines of one machine are chosen by local/ only.',
      severity: 'error',
      from: { path: '^(functions|training-container|domain|cdk)/', pathNot: tests },
      to: {
        path: 'node_modules/(@electric-sql/pglite|@ladybugdb|@foundry-rs|hardhat|aws-local-stepfunctions)/|^adapters/(ledger/pglite|graph-store/ladybug|chain/anvil)',
      },
    },
    {
      name: 'nothing-imports-cdk',
      comment: 'The wiring is an end.',
      severity: 'error',
      from: { pathNot: '^cdk/' },
      to: { path: '^cdk/' },
    },
    {
      name: 'nothing-imports-e2e',
      comment: 'So are the end-to-end tests.',
      severity: 'error',
      from: { pathNot: ['^(e2e|bench)/', tests] },
      to: { path: '^e2e/' },
    },
    {
      name: 'only-local-imports-functions',
      comment: 'Functions are called by AWS and by local/; nothing else.',
      severity: 'error',
      from: { pathNot: ['^(functions|local|e2e|bench)/', tests] },
      to: { path: '^functions/' },
    },
    {
      name: 'local-calls-handlers',
      comment: 'local/ calls handlers, never use cases: both places run the same middleware.',
      severity: 'error',
      from: { path: '^local/', pathNot: tests },
      to: { path: '^functions/([a-z-]+)/\\1\\.ts$' },
    },
    only(
      'cdk',
      'The wiring reads names and paths: configuration, kinds of artifacts, columns of tables, roles of keys.',
      '^cdk/',
      '^cdk/|^config/|^domain/(errors|features/feature-schema|lineage/manifest|market/bar-schema)\\.ts$|^adapters/signer/port\\.ts$|^adapters/metrics-sink/emf\\.ts$',
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(cdk\\.out|contracts/(artifacts|cache)|dashboard/public)/' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
      extensions: ['.ts', '.mjs', '.js', '.json'],
    },
  },
};
