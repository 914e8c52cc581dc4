import { LocalMetrics } from '../adapters/metrics-sink/local.ts';
import type { Stage } from '../config/schema.ts';
import { type Settings, STAGES } from '../config/schema.ts';
import type { Ports } from '../functions/ports.ts';
import type { CommonOptions } from './commands/args.ts';
import { type Home, lockHome, openHome } from './home.ts';
import type { TaskHandler } from './machine.ts';
import { type LocalPorts, localPorts } from './ports.ts';
import { ProgressLine } from './progress.ts';
import { readSettings } from './settings.ts';

/** One home, owned by this process: its settings, its engines (started when first needed) and the stages' handlers. */
export interface Installation {
  readonly home: Home;
  readonly settings: Settings;
  readonly progress: ProgressLine;
  readonly metrics: LocalMetrics;
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
  const metrics = new LocalMetrics();
  const ports: LocalPorts = localPorts({ home, settings, metrics, progress: progress.step });
  try {
    return {
      home,
      settings,
      progress,
      metrics,
      handlers: await stageHandlers(ports),
      ports: ports.take,
      newestDate: ports.newestDate,
      announce: lock.announce,
      async close() {
        await ports.close();
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** The same handlers that AWS runs, on this machine's ports. */
async function stageHandlers(ports: LocalPorts): Promise<Record<Stage, TaskHandler>> {
  const entries = await Promise.all(
    STAGES.map(async (stage) => {
      const { createHandler } = (await import(`../functions/${stage}/handler.ts`)) as {
        createHandler(ports: LocalPorts['take']): TaskHandler;
      };
      return [stage, createHandler(ports.take)] as const;
    }),
  );
  return Object.fromEntries(entries) as Record<Stage, TaskHandler>;
}
