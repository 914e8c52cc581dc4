import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The commit that this code is, or the package version where there is no repository. Written into every model. */
export function codeVersion(root: string): string {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  try {
    const git = join(root, '.git');
    const head = readFileSync(join(git, 'HEAD'), 'utf8').trim();
    const commit = head.startsWith('ref: ') ? resolveRef(git, head.slice(5)) : head;
    return `${version}+${commit.slice(0, 12)}`;
  } catch {
    return version;
  }
}

function resolveRef(git: string, ref: string): string {
  try {
    return readFileSync(join(git, ref), 'utf8').trim();
  } catch {
    const packed = readFileSync(join(git, 'packed-refs'), 'utf8');
    const line = packed.split('\n').find((entry) => entry.endsWith(` ${ref}`));
    if (!line) throw new Error(`no such ref: ${ref}`);
    return line.split(' ')[0];
  }
}
