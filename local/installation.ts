import { availableParallelism } from 'node:os';
import { LocalMetrics } from '../adapters/metrics-sink/local.ts';
import type { Stage } from '../config/schema.ts';
import { learnersOf, type Settings, STAGES } from '../config/schema.ts';
import type { Trial } from '../domain/lineage/model.ts';
import type { Ports, Progress } from '../functions/ports.ts';
import type { CommonOptions } from './commands/args.ts';
import { type Home, lockHome, openHome } from './home.ts';
import { LiveTrainings } from './live-trainings.ts';
import type { TaskHandler } from './machine.ts';
import { type LocalPorts, localPorts } from './ports.ts';
import { ProgressLine } from './progress.ts';
import { Seats } from './seats.ts';
import { readSettings } from './settings.ts';

/** One home, owned by this process: its settings, its engines (started when first needed) and the stages' handlers. */
export interface Installation {
  readonly home: Home;
  readonly settings: Settings;
  readonly progress: ProgressLine;
  readonly trainings: LiveTrainings;
  readonly metrics: LocalMetrics;
  /** The cores that trainings share. */
  readonly cores: Seats;
  readonly handlers: Readonly<Record<Stage, TaskHandler>>;
  ports<K extends keyof Ports>(needs: readonly K[]): Promise<Pick<Ports, K>>;
  /** The newest session that the universe's data has. */
  newestDate(): Promise<string>;
  /** Tell other processes where this one serves. */
  announce(url: string): void;
  close(): Promise<void>;
}

export async function openInstallation(options: CommonOptions, command: string): Promise<Installation> {
  const home = openHome(options.home);
  const settings = readSettings(options, home);
  const lock = lockHome(home, command);
  const progress = new ProgressLine(process.stderr);
  const trainings = new LiveTrainings();
  const metrics = new LocalMetrics();
  const report: Progress = (step) => {
    progress.step(step);
    trainings.step(step);
  };
  const cores = new Seats(availableParallelism());
  const ports: LocalPorts = localPorts({ home, settings, metrics, progress: report });
  const handlers = stageHandlers(ports);
  return {
    home,
    settings,
    progress,
    trainings,
    metrics,
    cores,
    handlers: { ...handlers, train: seated(handlers.train, cores, settings) },
    ports: ports.take,
    newestDate: ports.newestDate,
    announce: lock.announce,
    async close() {
      await ports.close();
      lock.release();
    },
  };
}

/** A training takes as many cores as it has workers, and waits until they are free. */
const seated =
  (train: TaskHandler, cores: Seats, { profile }: Settings): TaskHandler =>
  (event) => {
    const { kind } = (event as { trial: Trial }).trial;
    const { workers } = learnersOf(profile).find(({ algorithm }) => algorithm === kind) ?? { workers: 1 };
    return cores.sit(workers, () => train(event));
  };

/** The same handlers that AWS runs, on this machine's ports; each is loaded when its stage first runs. */
function stageHandlers(ports: LocalPorts): Record<Stage, TaskHandler> {
  const lazy = (stage: Stage): TaskHandler => {
    let handler: Promise<TaskHandler> | undefined;
    return async (event) => {
      handler ??= import(`../functions/${stage}/handler.ts`).then(({ createHandler }) => createHandler(ports.take));
      return (await handler)(event);
    };
  };
  return Object.fromEntries(STAGES.map((stage) => [stage, lazy(stage)])) as Record<Stage, TaskHandler>;
}
