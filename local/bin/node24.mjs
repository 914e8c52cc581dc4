import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MINIMUM_MAJOR = 24;

/** Run `args` under Node 24: this process's own node when it is new enough, else the one that npm installed. Answers with the exit status. */
export async function runUnderNode24(args, env = {}) {
  const own = Number(process.versions.node.split('.')[0]) >= MINIMUM_MAJOR;
  const windows = process.platform === 'win32';
  const bundled = `${ROOT}node_modules/.bin/node${windows ? '.exe' : ''}`;
  if (!own && !existsSync(bundled)) {
    console.error(
      `Node ${MINIMUM_MAJOR} is needed and this is ${process.version}. Run "npm ci" (it installs Node ${MINIMUM_MAJOR} for Linux and Windows), or install Node ${MINIMUM_MAJOR}.`,
    );
    process.exit(2);
  }
  const child = spawn(own ? process.execPath : bundled, args, { stdio: 'inherit', env: { ...process.env, ...env } });
  // Ctrl-C reaches the child through the shared process group; what is sent to this process alone is passed on.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  const [status] = await once(child, 'close');
  return status ?? 1;
}

export { ROOT };
