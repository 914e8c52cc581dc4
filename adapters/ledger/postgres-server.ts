import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A PostgreSQL server for tests: fresh data in a temporary folder, a free port of 127.0.0.1, stopped by `stop()`. */
export interface PostgresServer {
  connectionString: string;
  stop(): Promise<void>;
}

/** The folder of `initdb` and `pg_ctl`, or null where there is none. */
export async function findPostgres(): Promise<string | null> {
  const root = '/usr/lib/postgresql';
  const versions = await readdir(root).catch(() => []);
  const folders = [
    ...versions.sort((a, b) => Number(b) - Number(a)).map((version) => join(root, version, 'bin')),
    ...(process.env.PATH ?? '').split(delimiter),
  ];
  return folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'pg_ctl'))) ?? null;
}

/** The server refuses to run as root: then it runs as the system's `postgres` user. */
async function asServerUser(): Promise<{ prefix: string[]; uid: number | null }> {
  if (process.getuid?.() !== 0) return { prefix: [], uid: null };
  const { stdout } = await run('id', ['-u', 'postgres']);
  return { prefix: ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups'], uid: Number(stdout) };
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });

export async function startPostgres(bin: string): Promise<PostgresServer> {
  const { prefix, uid } = await asServerUser();
  const folder = await mkdtemp(join(tmpdir(), 'drl-postgres-'));
  if (uid !== null) await chown(folder, uid, uid);
  const call = (name: string, ...args: string[]) => {
    const [command, ...rest] = [...prefix, join(bin, name), ...args];
    return run(command, rest, { cwd: '/' });
  };
  const data = join(folder, 'data');
  await call('initdb', '-A', 'trust', '--no-sync', '-U', 'postgres', '-D', data);
  const port = await freePort();
  const settings = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=${folder} -c fsync=off`;
  await call('pg_ctl', '-D', data, '-w', '-l', join(folder, 'log'), '-o', settings, 'start');
  return {
    connectionString: `postgresql://postgres@127.0.0.1:${port}/postgres`,
    stop: async () => {
      await call('pg_ctl', '-D', data, '-w', '-m', 'fast', 'stop');
      await rm(folder, { recursive: true, force: true });
    },
  };
}
