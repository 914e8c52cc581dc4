import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const HARNESS = fileURLToPath(new URL('./neo4j-harness/', import.meta.url));
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/neo4j-harness/', import.meta.url));
const READY_WITHIN_MS = 280_000;

/** A Neo4j community server for tests, on a free port of 127.0.0.1, data in a temporary folder, without authentication. */
export interface Neo4jServer {
  url: string;
  stop(): Promise<void>;
  /** As a machine that loses its power. */
  kill(): Promise<void>;
}

/** Why a server cannot be started here, or null. Maven fetches it on the first run (about 190 MB). */
export async function missingForNeo4j(): Promise<string | null> {
  const modules = await run('java', ['--list-modules']).then(
    ({ stdout }) => stdout,
    () => '',
  );
  if (!modules.includes('jdk.compiler@')) return 'no JDK 17 or newer (java --list-modules has no jdk.compiler)';
  const maven = await run('mvn', ['--version']).then(
    () => true,
    () => false,
  );
  if (!maven) return 'no mvn';
  return classPath().then(
    () => null,
    (error: Error) => `Maven could not fetch the server: ${error.message.split('\n')[0]}`,
  );
}

/** The class path, resolved by Maven once and kept beside the installed packages. */
async function classPath(): Promise<string> {
  const file = join(CACHE, 'classpath.txt');
  const known = await readFile(file, 'utf8').catch(() => null);
  if (known) return known;
  await mkdir(CACHE, { recursive: true });
  await run('mvn', [
    '-q',
    '-B',
    '-f',
    join(HARNESS, 'pom.xml'),
    'dependency:build-classpath',
    `-Dmdep.outputFile=${file}`,
  ]);
  return readFile(file, 'utf8');
}

export async function startNeo4j(): Promise<Neo4jServer> {
  const folder = await mkdtemp(join(tmpdir(), 'drl-neo4j-'));
  const child = spawn('java', ['-Xmx2g', '-cp', await classPath(), join(HARNESS, 'Launcher.java'), folder], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const stop = async () => {
    const exited = child.exitCode === null ? once(child, 'exit') : null;
    child.stdin.end();
    await exited;
    await rm(folder, { recursive: true, force: true });
  };
  const kill = async () => {
    const exited = child.exitCode === null ? once(child, 'exit') : null;
    child.kill('SIGKILL');
    await exited;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    return { url: await boltUrl(child), stop, kill };
  } catch (error) {
    child.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function boltUrl(child: ChildProcess): Promise<string> {
  const lines = createInterface({ input: child.stdout! });
  const timer = setTimeout(() => child.kill('SIGKILL'), READY_WITHIN_MS);
  try {
    for await (const line of lines) {
      if (line.startsWith('{"bolt"')) return (JSON.parse(line) as { bolt: string }).bolt;
    }
    throw new Error('the server ended, or was not ready in time');
  } finally {
    clearTimeout(timer);
  }
}
