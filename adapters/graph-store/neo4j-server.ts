import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const HARNESS = fileURLToPath(new URL('./neo4j-harness/', import.meta.url));
const POM = join(HARNESS, 'pom.xml');
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/', import.meta.url));
const READY_WITHIN_MS = 280_000;

/** A Neo4j community server for tests, on a free port of 127.0.0.1, data in a temporary folder, without authentication. */
export interface Neo4jServer {
  url: string;
  stop(): Promise<void>;
  /** As a machine that loses its power. */
  kill(): Promise<void>;
}

/**
 * Why a server cannot be started here, or null. Maven fetches it on the first run (about 190 MB).
 * @param pom what is on its class path. @default the server alone
 */
export async function missingForNeo4j(pom = POM): Promise<string | null> {
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
  return classPath(pom).then(
    () => null,
    (error: Error) => `Maven could not fetch the server: ${error.message.split('\n')[0]}`,
  );
}

/** The class path, resolved by Maven once and kept beside the installed packages. */
async function classPath(pom: string): Promise<string> {
  const cache = join(CACHE, basename(dirname(pom)));
  const file = join(cache, 'classpath.txt');
  const known = await readFile(file, 'utf8').catch(() => null);
  if (known) return known;
  await mkdir(cache, { recursive: true });
  await run('mvn', ['-q', '-B', '-f', pom, 'dependency:build-classpath', `-Dmdep.outputFile=${file}`]);
  return readFile(file, 'utf8');
}

/** @param pom as of {@link missingForNeo4j}; of the Graph Data Science library the procedures are registered too. */
export async function startNeo4j(pom = POM): Promise<Neo4jServer> {
  const folder = await mkdtemp(join(tmpdir(), 'drl-neo4j-'));
  const plugins = join(folder, 'plugins');
  await mkdir(plugins);
  const jars = await classPath(pom);
  for (const jar of jars.split(delimiter).filter((path) => path.includes(join('org', 'neo4j', 'gds'))))
    await symlink(jar, join(plugins, basename(jar)));
  const child = spawn('java', ['-Xmx2g', '-cp', jars, join(HARNESS, 'Launcher.java'), folder, plugins], {
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
