import { runDaily } from '../daily.ts';
import { serveInstallation } from '../http/serve.ts';
import { openInstallation } from '../installation.ts';
import { printDocument } from '../print.ts';
import { type CommonOptions, parseDate, printJson } from './args.ts';

type StartOptions = CommonOptions & { once?: boolean; date?: string; port?: number };

/** The main job: the newest day (or `--date`) through the whole line, then the API until Ctrl-C. */
export async function start(options: StartOptions): Promise<number> {
  const date = options.date === undefined ? undefined : parseDate(options.date, '--date');
  const installation = await openInstallation(options, 'start');
  try {
    // A busy port is told before a minute of work, not after it.
    const server = options.once ? null : await serveInstallation(installation, options.port);
    if (server) installation.progress.note(`dashboard   ${server.url}/  (learning curves while it trains)`);
    try {
      const document = await runDaily(installation, date ?? (await installation.newestDate()));
      if (options.json) printJson(document);
      else {
        console.log(
          printDocument(document, installation.settings.universe.title, installation.settings.universe.sourceLine),
        );
        if (document.stages.every((stage) => stage.status === 'unchanged'))
          console.log(`\nThis day was done before: nothing was changed.`);
      }
      if (server) await serveUntilStopped(server, options.json === true);
    } finally {
      await server?.close();
    }
    return 0;
  } finally {
    await installation.close();
  }
}

/** Serve what this home holds, run nothing. */
export async function serve(options: StartOptions): Promise<number> {
  const installation = await openInstallation(options, 'serve');
  try {
    const server = await serveInstallation(installation, options.port);
    try {
      await serveUntilStopped(server, options.json === true);
    } finally {
      await server.close();
    }
    return 0;
  } finally {
    await installation.close();
  }
}

async function serveUntilStopped(server: { url: string }, json: boolean): Promise<void> {
  const say = json ? console.error : console.log;
  const told = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  say(
    `\ndashboard    ${server.url}/\nSwagger UI   ${server.url}/docs\nAPI          ${server.url}/v1/health\nCtrl-C stops. A token for the API: npm run -s drl -- token`,
  );
  await told;
  say('\nstopping');
}
