import { Command, CommanderError, Option } from 'commander';
import { MACHINES, STAGES } from '../config/schema.ts';
import { badInput } from '../domain/errors.ts';
import { type CommonOptions, parsePort } from './commands/args.ts';
import { reportError } from './errors.ts';

type Action = (options: CommonOptions & Record<string, unknown>, ...words: string[]) => Promise<number | undefined>;

/** `drl`: parse, run one command, answer with the exit code (0 done, 1 failed, 2 bad usage or input, 3 refused). */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  const json = argv.includes('--json');
  let exitCode = 0;
  const program = build((code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0;
      const remedy = 'drl --help lists the commands, drl <command> --help what each takes.';
      return json ? reportError(badInput('USAGE', error.message.replace(/^error: /, ''), { remedy }), true) : 2;
    }
    return reportError(error, json);
  }
}

function build(exit: (code: number) => void): Command {
  const program = new Command('drl')
    .description(
      'Portfolio policies trained with deep reinforcement learning, settled on a chain, provable from the chain.',
    )
    .exitOverride()
    .showHelpAfterError('(drl --help lists the commands)');

  /** Declare a command with the common options; its words and options reach the action as one record. */
  const add = (parent: Command, usage: string, description: string, options: Option[], action: Action): Command => {
    const command = parent.command(usage).description(description).exitOverride();
    for (const option of [...common(), ...options]) command.addOption(option);
    return command.action(async (...args: unknown[]) => {
      const words = args.slice(0, -2) as string[];
      // A command that has commands of its own takes their options too: `drl features list --json`.
      const given = (args.at(-1) as Command).optsWithGlobals<CommonOptions & Record<string, unknown>>();
      const code = await action(given, ...words);
      if (code !== undefined) exit(code);
    });
  };

  const date = new Option('--date <day>', 'the session (default: the newest day of the data)');
  const port = new Option('--port <n>', 'port on 127.0.0.1 (0: any free one)').argParser(parsePort);

  add(
    program,
    'start',
    'run the newest day through the whole line, then serve the API and the dashboard',
    [date, port, new Option('--once', 'end after the day, serve nothing')],
    async (options) => (await import('./commands/start.ts')).start(options),
  );
  add(
    program,
    'run <machine>',
    `run a state machine: ${MACHINES.join(', ')}`,
    [date, new Option('--from <day>', 'first day of a range'), new Option('--to <day>', 'last day of a range')],
    async (options, machine) => (await import('./commands/run.ts')).run(machine, options),
  );
  for (const stage of STAGES) {
    if (stage === 'train') {
      add(
        program,
        stage,
        'run stage train of one day; with a learner, windows, seeds or settings of your own, train those and judge them out of sample',
        [date, ...trainOptions()],
        async (options) => (await import('./commands/train.ts')).train(options),
      );
      continue;
    }
    const command = add(
      program,
      stage,
      `run stage ${stage} of one day, on what the stages before it left`,
      [date],
      async (options) => (await import('./commands/stage.ts')).stage(stage, options),
    );
    if (stage === 'features') {
      add(command, 'list', 'the features that a universe may name, by family', [], async (options) =>
        (await import('./commands/features.ts')).listFeatures(options),
      );
    }
  }
  add(program, 'serve', 'serve the API, the Swagger UI and the dashboard on 127.0.0.1', [port], async (options) =>
    (await import('./commands/start.ts')).serve(options),
  );
  add(
    program,
    'token',
    'issue a token for the local API',
    [new Option('--scope <scopes>', 'space-separated scopes').default('weights:read decisions:read models:read')],
    async (options) => (await import('./commands/token.ts')).token(options),
  );
  add(
    program,
    'verify [target]',
    'prove a transaction or a decision back to the bytes of market data',
    [
      new Option('--all', 'check every stored object and every decision'),
      new Option('--since <day>', 'with --all: decisions from this day on'),
      new Option('--rpc <url>', 'chain to read (default: the one of the configuration)'),
      new Option('--store <place>', 'a folder or s3://bucket to verify without a home; with --rpc'),
      new Option('--contract <address>', 'the ledger that the transaction must have been sent to'),
    ],
    async (options, target) => (await import('./commands/verify.ts')).verify(target, options),
  );
  add(program, 'doctor', 'what this machine has and lacks', [], async (options) =>
    (await import('./commands/doctor.ts')).doctor(options),
  );
  add(
    program,
    'research <study>',
    'studies on stored data: baselines; costs; learners (trained and judged walk-forward); ablation (the same with and without some features)',
    [date, ...learnerOptions()],
    async (options, study) => (await import('./commands/research.ts')).research(study, options),
  );

  dataCommands(add, program);
  trainerCommands(add, program);
  registryCommands(add, program);
  chainCommands(add, program);
  return program;
}

type Add = (parent: Command, usage: string, description: string, options: Option[], action: Action) => Command;

function dataCommands(add: Add, program: Command): void {
  const data = program.command('data').description('import, check and look at market data').exitOverride();
  const calendar = new Option('--calendar <name>', 'trading calendar')
    .choices(['TARGET', 'XNYS', '24x7', 'data'])
    .default('data');
  const each: [string, string, Option[]][] = [
    ['import <folder>', "import a folder of the user's own bars as a universe", [calendar]],
    [
      'check <folder>',
      'check a folder of bars without importing it; --against compares it with another vendor',
      [calendar, new Option('--against <folder>', "another vendor's bars of the same symbols")],
    ],
    ['fetch', 'fetch the live feed of the universe', []],
    [
      'quarantine [list|explain|release] [row]',
      'rows that were set aside: list them, explain one, or vouch for one',
      [
        new Option('--date <day>', 'the session'),
        new Option('--by <name>', 'release: who answers for it'),
        new Option('--because <reason>', 'release: why the row is right'),
      ],
    ],
    ['log', 'datasets of this strategy, newest first', []],
    ['lineage <dataset>', 'OpenLineage events of a dataset and of all that it rests on, one a line', []],
    ['diff <a> <b>', 'rows that differ between two datasets', []],
    ['checkout <dataset> <folder>', 'write a dataset out as files', []],
    [
      'gc',
      'list objects that no decision, model or pointer rests on; --delete removes them',
      [new Option('--delete', 'remove them')],
    ],
  ];
  for (const [usage, description, options] of each) {
    add(data, usage, description, options, async (given, ...words) =>
      (await import('./commands/data.ts')).data(usage.split(' ')[0], words, given),
    );
  }
}

function trainerCommands(add: Add, program: Command): void {
  const trainer = program.command('trainer').description('trainers that keep the folder contract').exitOverride();
  add(
    trainer,
    'check [command...]',
    "hold a trainer to the folder contract; its command follows -- (default: the product's own)",
    [
      new Option('--only <list>', 'groups of checks (default: all)'),
      new Option('--algorithms <list>', 'learners that it offers (default: ppo,sac,direct)'),
      new Option('--patience <seconds>', 'longest time of one run (default: 300)'),
    ],
    async (options, ...words) => (await import('./commands/trainer.ts')).trainer('check', words.flat(), options),
  );
}

function registryCommands(add: Add, program: Command): void {
  const model = program.command('model').description('the model registry').exitOverride();
  const reason = new Option('--reason <text>', 'why, kept in the history').makeOptionMandatory();
  for (const [usage, description, options] of [
    ['list', 'registered models', []],
    ['show <hash>', 'one model: facts, gates, history', []],
    ['compare <a> <b>', 'two models side by side', []],
    ['promote <hash>', 'start the staged promotion of a model that passed its gates', [reason]],
    ['rollback', 'give the champion alias back to the model before', [reason]],
  ] as [string, string, Option[]][]) {
    add(model, usage, description, options, async (given, ...words) =>
      (await import('./commands/model.ts')).model(usage.split(' ')[0], words, given),
    );
  }
  const decision = program.command('decision').description('stored decisions').exitOverride();
  for (const [usage, description] of [
    ['list', 'decisions, newest first'],
    ['show <decision>', 'one decision, by hash or date'],
  ]) {
    add(decision, usage, description, [], async (given, ...words) =>
      (await import('./commands/decision.ts')).decision(usage.split(' ')[0], words, given),
    );
  }
}

function chainCommands(add: Add, program: Command): void {
  const chain = program.command('chain').description('the portfolio contract').exitOverride();
  for (const [usage, description] of [
    ['init', 'deploy the contract for this strategy, set roles and limits'],
    ['status', 'epoch, NAV, weights and limits as the contract holds them'],
    ['roles', 'who holds which key'],
    ['check', 'compare what is deployed with what this checkout compiles to, byte for byte'],
    ['history', 'the settlements of the ledger, held against the orders of the chain'],
    ['rotate <role>', 'give a role to a new key'],
    ['pause', 'stop settlement (guardian)'],
    ['unpause', 'take settlement up again (admin)'],
  ]) {
    add(chain, usage, description, [], async (given, ...words) =>
      usage === 'history'
        ? (await import('./commands/chain-history.ts')).chainHistory(given)
        : (await import('./commands/chain.ts')).chain(usage.split(' ')[0], words, given),
    );
  }
}

const common = (): Option[] => [
  new Option('--json', 'one JSON document on stdout, progress on stderr'),
  new Option('--config <file>', 'a configuration file laid over the defaults'),
  new Option('--home <folder>', 'where all state is kept').default('.drl'),
  new Option('--strategy <id>', 'strategy (default: main, or the universe when it is not the default one)'),
  new Option('--universe <id>', 'universe of instruments'),
  new Option('--profile <name>', 'how much to train').choices(['quick', 'full']),
];

const trainOptions = (): Option[] => [
  new Option('--algorithm <name>', 'ppo, sac or direct (default: that of the profile)'),
  new Option('--seeds <n>', 'how many seeds (default: as many as the profile)'),
  new Option('--windows <list>', 'windows of the plan, oldest 0 (default: all)'),
  new Option('--set <name=value...>', 'hyper-parameters, such as learningRate=0.001 or reward.lambdaTurnover=0.002'),
  new Option('--warm-start', 'begin each window with what the window before ended in'),
  new Option('--port <n>', 'show the live learning curve on 127.0.0.1 (0: any free port)').argParser(parsePort),
];

/** Of the study `learners`. */
const learnerOptions = (): Option[] => [
  new Option('--algorithms <list>', 'learners (default: ppo,sac,direct)'),
  new Option('--windows <list>', 'windows of the plan, oldest 0 (default: all)'),
  new Option('--seeds <n>', 'how many seeds (default: as many as the profile)'),
  new Option('--hours <n>', 'begin no further seed that would not end in this time'),
  new Option('--parallel <n>', 'trials at once (default: as many as cores)'),
  new Option('--set <learner.name=value...>', 'hyper-parameters, such as ppo.totalSteps=65536'),
  new Option('--warm-start', 'begin each window with what the window before ended in'),
  new Option('--without <list>', 'of an ablation: graph, fundamentals, macro, volume, or families of features'),
  new Option('--out <folder>', 'write the study there: <universe>-learners or -ablation-<what>, .json and .md'),
];
