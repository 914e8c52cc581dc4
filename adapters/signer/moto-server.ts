import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { venvPython } from '../../e2e/python/venv.ts';

const here = (name: string): string => fileURLToPath(new URL(`./moto/${name}`, import.meta.url));

export interface MotoServer {
  readonly endpoint: string;
  close(): Promise<void>;
}

/** moto with its KMS corrected (moto/serve.py), on a free port; null where Python is missing. */
export async function startMoto(): Promise<MotoServer | null> {
  const python = venvPython('moto', here('requirements.txt'));
  if (python === null) return null;
  const child = spawn(python, [here('serve.py')], { stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const port = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => reject(new Error(`moto ended with ${code} before it listened`)));
    createInterface({ input: child.stdout }).once('line', (line) => resolve(JSON.parse(line).port));
  });
  const close = (): Promise<void> => {
    child.stdin.end();
    return ended;
  };
  return { endpoint: `http://127.0.0.1:${port}`, close };
}
